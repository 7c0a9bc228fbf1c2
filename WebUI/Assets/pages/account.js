// The own account: password, second factor with recovery codes, sessions.
import { list, post, put, remove } from "../lib/api.js";
import { confirm, toast } from "../lib/dialog.js";
import { fill, h, name } from "../lib/dom.js";
import { many } from "../lib/format.js";
import { form, input } from "../lib/form.js";
import { card, flush, heading, shown } from "../lib/page.js";
import { badge, button, copyable, note, table, time } from "../lib/parts.js";
import { session, load } from "../lib/session.js";

export function render(root, { signal, leave, again }) {
  const user = session.view.user;
  const factor = h("section.card.stack");
  const sessions = h("div");
  root.append(
    h(
      "div.stack",
      heading(name(user.name || user.email), name(user.email), button({ text: "Log out", icon: "leave", onclick: leave })),
      user.mustChangePassword ? note("warning", "Choose a password of your own first.", { hint: "Somebody else made the one that you logged in with. Nothing else is possible before." }) : null,
      h("div.columns", password(again), factor),
      sessions,
    ),
  );
  secondFactor(factor);
  shown(sessions, signal, { load: (ending) => list("/sessions", { signal: ending }), view: sessionsOf });
}

function password(again) {
  return card(
    "Password",
    form({
      fields: [
        input({ name: "current", label: "Current password", type: "password", autocomplete: "current-password", required: true }),
        input({ name: "new", label: "New password", type: "password", autocomplete: "new-password", required: true, hint: "At least 12 characters; a few words are better than signs." }),
      ],
      action: "Change",
      check: (values) => (values.new && values.new.length < 12 ? { new: "At least 12 characters." } : {}),
      submit: async (values) => {
        await put("/account/password", values);
        toast("The password is changed. All other sessions are ended.");
        await again(session.view.user.mustChangePassword ? "/" : "/account");
      },
    }),
  );
}

function secondFactor(place) {
  const on = session.view.user.twoFactor;
  const title = h("div.head", h("h2", "Second factor"), on ? badge("ok", "On") : badge("warning", "Off"));
  if (on) {
    fill(
      place,
      title,
      h("p.soft", "Log-ins and restores ask for a code of your authenticator."),
      session.view.user.recoveryCodesLeft === undefined ? null : h("p", `${many(session.view.user.recoveryCodesLeft, "recovery code")} left.`),
      h(
        "div",
        button({
          text: "Switch it off",
          danger: true,
          onclick: async () => {
            const done = await confirm({ title: "Switch the second factor off?", text: "From then on the password alone opens this account. The recovery codes are gone.", action: "Switch it off", danger: true, act: () => remove("/account/two-factor") });
            if (!done) return;
            await load();
            secondFactor(place);
          },
        }),
      ),
    );
    return;
  }
  fill(
    place,
    title,
    h("p.soft", "With a second factor a stolen password opens nothing. Any authenticator application does."),
    form({
      fields: null,
      action: "Set it up",
      start: true,
      submit: async () => enrol(place, title, await post("/account/two-factor", {})),
    }),
  );
}

function enrol(place, title, { secret, uri }) {
  fill(
    place,
    title,
    h("p", "Add this to your authenticator, then write the code that it shows."),
    copyable(secret, "Copy the secret"),
    h("p.small", h("a", { href: /^otpauth:/.test(uri) ? uri : "#" }, "Open it in an authenticator on this device")),
    form({
      fields: input({ name: "code", label: "Code", autocomplete: "one-time-code", required: true, more: { inputmode: "numeric" } }),
      action: "Switch it on",
      submit: async ({ code }) => {
        const { recoveryCodes } = await put("/account/two-factor", { code: code.replaceAll(" ", "") });
        await load();
        fill(
          place,
          h("div.head", h("h2", { tabindex: "-1" }, "Second factor"), badge("ok", "On")),
          note("warning", "Keep these recovery codes where the authenticator is not.", { hint: "Each opens the account once in place of a code. They are shown now and never again." }),
          h("ul.secret", recoveryCodes.map((one) => h("li", one))),
          copyable(recoveryCodes.join("\n"), "Copy the recovery codes"),
          h("div", button({ text: "I have kept them", primary: true, onclick: () => secondFactor(place) })),
        );
        place.querySelector("h2").focus();
      },
    }),
  );
  place.querySelector("input").focus();
}

function sessionsOf(all, again) {
  return flush(
    "Sessions",
    null,
    table(
      "Sessions of this account",
      [
        { title: "Browser", cell: (one) => h("span", name(browser(one.userAgent)), one.current ? [" ", badge("ok", "This one")] : null) },
        { title: "From", cell: (one) => name(one.address ?? "–") },
        { title: "Begun", cell: (one) => time(one.createdAt) },
        { title: "Last seen", cell: (one) => time(one.lastSeenAt) },
        {
          title: "Actions",
          hidden: true,
          cell: (one) =>
            one.current
              ? null
              : button({
                  text: "End",
                  small: true,
                  danger: true,
                  more: { "aria-label": `End the session of ${browser(one.userAgent)} from ${one.address}` },
                  onclick: async () => {
                    await confirm({ title: "End this session?", text: "Whoever uses it has to log in again.", action: "End it", danger: true, act: () => remove(`/sessions/${encodeURIComponent(one.id)}`) });
                    await again();
                  },
                }),
        },
      ],
      all,
      { key: (one) => one.id },
    ),
  );
}

/** Enough of a user agent to know it by. */
function browser(agent) {
  const [, found] = /(Firefox\/\d+|Edg\/\d+|Chrome\/\d+|Version\/\d+.*Safari|curl\/[\d.]+)/.exec(agent ?? "") ?? [];
  const [, system] = /\(([^;)]+)/.exec(agent ?? "") ?? [];
  return found ? `${found.replace("/", " ")}${system ? `, ${system}` : ""}` : (agent ?? "not known");
}
