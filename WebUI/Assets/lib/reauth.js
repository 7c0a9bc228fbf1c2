// Before a restore or a deletion the server wants to know that it is still the same person: the password, and the code where there is one.
import { call } from "./api.js";
import { open } from "./dialog.js";
import { form, input } from "./form.js";
import { session } from "./session.js";

/** @returns {Promise<boolean>} whether it was confirmed. */
export async function confirmIdentity() {
  const twoFactor = session.view?.user?.twoFactor === true;
  const done = await open("Confirm that it is you", (close) =>
    form({
      intro: "Restores and deletions ask for the password again. It is good for five minutes.",
      fields: [
        input({ name: "password", label: "Password", type: "password", autocomplete: "current-password", required: true }),
        twoFactor
          ? input({
              name: "code",
              label: "Code of the authenticator",
              hint: "Six digits, or a recovery code.",
              autocomplete: "one-time-code",
              required: true,
            })
          : null,
      ],
      action: "Confirm",
      cancel: () => close(),
      submit: async (values) => {
        await call("POST", "/session/confirm", { body: values, quiet: true });
        close(true);
      },
    }),
  );
  return done === true;
}
