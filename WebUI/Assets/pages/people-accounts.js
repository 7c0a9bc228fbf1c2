// All accounts of the appliance, for its administrators: lock-outs ended, second factors taken off, accounts disabled.
import { list, patch } from "../lib/api.js";
import { confirm, toast } from "../lib/dialog.js";
import { h, name } from "../lib/dom.js";
import { flush, shown } from "../lib/page.js";
import { badge, button, table, time } from "../lib/parts.js";
import { session } from "../lib/session.js";

export function accounts(root, group, signal) {
  shown(root, signal, { load: (ending) => list("/users", { signal: ending }), view });
}

function view(all, again) {
  return flush(
    "Accounts of the appliance",
    null,
    table(
      "Accounts of the appliance",
      [
        { title: "Name", cell: (one) => h("span", name(one.name), h("br"), h("span.small.soft", name(one.email))) },
        { title: "State", cell: stateOf },
        { title: "Administrator", cell: (one) => (one.administrator ? "Yes" : "No") },
        { title: "Two factors", cell: (one) => (one.twoFactor ? badge("ok", "On") : badge("warning", "Off")) },
        { title: "Last log-in", cell: (one) => time(one.lastLoginAt, { none: "never" }) },
        { title: "Actions", hidden: true, cell: (one) => (one.id === session.view.user.id ? "This is you" : h("span.row", actions(one, again))) },
      ],
      all,
      { key: (one) => one.id },
    ),
  );
}

function stateOf(one) {
  if (one.disabled) return badge("none", "Disabled");
  return one.lockedUntil ? h("span", badge("warning", "Locked"), " until ", time(one.lockedUntil)) : badge("ok", "Active");
}

function actions(one, again) {
  const change = (text, title, why, body, danger) =>
    button({
      text,
      small: true,
      danger,
      more: { "aria-label": `${text}: ${one.email}` },
      onclick: async () => {
        const done = await confirm({ title, text: h("p", name(one.email), ": ", why), action: text, danger, act: () => patch(`/users/${encodeURIComponent(one.id)}`, body) });
        if (done) toast("It is changed.");
        await again();
      },
    });
  return [
    one.lockedUntil ? change("Unlock", "End the lock-out?", "the password can be tried again at once.", { locked: false }) : null,
    one.twoFactor ? change("Reset factor", "Take the second factor off?", "the password alone opens the account until a new one is set up.", { twoFactor: false }, true) : null,
    one.administrator
      ? change("No administrator", "Take the appliance's administration away?", "the roles in groups stay.", { administrator: false })
      : change("Administrator", "Make an administrator?", "settings of the appliance, groups and all accounts are theirs too.", { administrator: true }),
    one.disabled
      ? change("Enable", "Let them in again?", "they log in as before.", { disabled: false })
      : change("Disable", "Disable this account?", "nobody is let in by it any more, and its sessions end.", { disabled: true }, true),
  ];
}
