// An invitation: whoever has an account joins by it, everybody else makes one.
import { get, post } from "../lib/api.js";
import { fill, h, name } from "../lib/dom.js";
import { form, input } from "../lib/form.js";
import { button, fault, time } from "../lib/parts.js";
import { session } from "../lib/session.js";

export async function render(root, { words, again }) {
  const path = `/invitations/${encodeURIComponent(words.secret)}`;
  let invitation;
  try {
    invitation = await get(path, { quiet: true });
  } catch (problem) {
    fill(
      root,
      h(
        "section.card.stack",
        h("h1", "This invitation does not work"),
        fault(problem),
        h("p.soft", "Each is good once and for a while. Ask whoever invited you for a new one."),
        h("div", button({ text: "To log in", href: "/login" })),
      ),
    );
    return;
  }
  fill(
    root,
    h(
      "section.card.stack",
      h("h1", "Join ", name(invitation.group)),
      h("p.soft", "You are invited as ", h("strong", invitation.role), invitation.expiresAt ? [", good ", time(invitation.expiresAt)] : null, "."),
      session.view
        ? form({
            intro: h("p", "You are logged in as ", name(session.view.user.email), "."),
            fields: null,
            action: "Join",
            submit: async () => {
              await post(path, {});
              await again("/");
            },
          })
        : invitation.hasAccount
          ? h(
              "div.stack.tight",
              h("p", name(invitation.email), " has an account: log in with it first."),
              h("div", button({ text: "To log in", primary: true, href: `/login?next=${encodeURIComponent(location.pathname)}` })),
            )
          : form({
            fields: [
              h("p", "For ", name(invitation.email), "."),
              input({ name: "name", label: "Your name", autocomplete: "name", required: true }),
              input({
                name: "password",
                label: "Password",
                type: "password",
                autocomplete: "new-password",
                hint: "At least 12 characters; a few words are better than signs.",
                required: true,
              }),
            ],
            action: "Make the account and join",
            check: ({ password }) => (password && password.length < 12 ? { password: "At least 12 characters." } : {}),
            submit: async (values) => {
              await post(path, values, { quiet: true });
              await again("/");
            },
          }),
    ),
  );
}
