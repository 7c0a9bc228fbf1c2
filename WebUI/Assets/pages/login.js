// Log in: e-mail and password, and the code where the account has two factors.
import { post } from "../lib/api.js";
import { fill, h, place } from "../lib/dom.js";
import { form, input } from "../lib/form.js";

export function render(root, { query, again }) {
  const next = place(query.get("next") ?? "/");
  let known = {};

  const askPassword = () =>
    fill(
      root,
      h(
        "section.card.stack",
        h("h1", "Log in"),
        form({
          fields: [
            input({ name: "email", label: "E-mail", type: "email", autocomplete: "username", required: true, value: known.email }),
            input({ name: "password", label: "Password", type: "password", autocomplete: "current-password", required: true }),
          ],
          action: "Log in",
          submit: (values) => {
            known = values;
            return enter(values);
          },
        }),
      ),
      h("p.small.soft", "No account? An owner of a group invites you. Nobody can log in any more? On the appliance's host: ", h("code", "backup people --help")),
    );

  const askCode = () => {
    fill(
      root,
      h(
        "section.card.stack",
        h("h1", "Second factor"),
        form({
          intro: "The six digits that your authenticator shows now, or one of your recovery codes.",
          fields: input({ name: "code", label: "Code", autocomplete: "one-time-code", required: true, more: { inputmode: "text" } }),
          action: "Log in",
          cancel: askPassword,
          submit: ({ code }) => enter({ ...known, code: code.replaceAll(" ", "") }),
        }),
      ),
    );
    root.querySelector("input").focus();
  };

  const enter = async (values) => {
    try {
      await post("/session", values, { quiet: true });
    } catch (problem) {
      if (problem.more?.codeNeeded === true && !values.code) return askCode();
      throw problem;
    }
    await again(next);
  };

  askPassword();
  root.querySelector("input").focus();
}
