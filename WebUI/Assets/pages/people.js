// Members and their roles, invitations, API tokens, and who did what.
import { below, list, patch, post, put, remove } from "../lib/api.js";
import { confirm, open, toast } from "../lib/dialog.js";
import { fill, fragment, h, name } from "../lib/dom.js";
import { bytes } from "../lib/format.js";
import { form, input } from "../lib/form.js";
import { flush, heading, notAllowed, shown } from "../lib/page.js";
import { badge, button, copyable, empty, note, table, tabs, time } from "../lib/parts.js";
import { note as remember } from "../lib/router.js";
import { same } from "../lib/same.js";
import { accounts } from "./people-accounts.js";
import { administrator, may } from "../lib/session.js";

const ROLES = [
  ["owner", "Owner: everything, people too"],
  ["backup-administrator", "Backup administrator: policies, deployments, agents, restores"],
  ["restorer", "Restorer: sees, and restores"],
  ["operator", "Operator: sees, takes snapshots, pauses"],
  ["viewer", "Viewer: sees"],
];

export function render(root, { group, signal, query, again: restart }) {
  const all = [
    may("people") ? ["members", "Members", members] : null,
    may("people") ? ["invitations", "Invitations", invitations] : null,
    may("people") ? ["tokens", "API tokens", tokens] : null,
    may("audit") ? ["audit", "Audit", audit] : null,
    administrator() ? ["accounts", "Accounts", accounts] : null,
  ].filter(Boolean);
  if (all.length === 0) return fill(root, notAllowed("People", "An owner"));
  let chosen = all.some(([key]) => key === query.get("tab")) ? query.get("tab") : all[0][0];
  const strip = h("div");
  const panel = h("div", { id: "panel", role: "tabpanel", tabindex: "0" });
  root.append(
    h(
      "div.stack",
      heading("People", ["Group ", name(group.name)], may("people") ? button({ text: "Rename", onclick: () => rename(group, restart) }) : null, administrator() ? button({ text: "New group", icon: "plus", onclick: () => newGroup(restart) }) : null),
      strip,
      panel,
    ),
  );
  let ending = new AbortController();
  const choose = (key, focus) => {
    chosen = key;
    remember(new URLSearchParams({ tab: key }));
    show();
    if (focus) strip.querySelector('[aria-selected="true"]').focus();
  };
  const show = () => {
    ending.abort();
    ending = new AbortController();
    signal.addEventListener("abort", () => ending.abort());
    fill(strip, tabs("People", all, chosen, choose));
    panel.setAttribute("aria-labelledby", `tab-${chosen}`);
    panel.replaceChildren();
    all.find(([key]) => key === chosen)[2](panel, group, ending.signal);
  };
  show();
}

function members(root, group, signal) {
  shown(root, signal, {
    load: (ending) => list(below(group.id, "members"), { signal: ending }),
    view: (all, again) =>
      flush(
        "Members",
        null,
        table(
          "Members of the group",
          [
            { title: "Name", cell: (one) => h("span", name(one.name || one.email), h("br"), h("span.small.soft", name(one.email))) },
            { title: "Role", cell: (one) => roleChoice(one, group, again) },
            { title: "Two factors", cell: (one) => (one.disabled ? badge("none", "Disabled") : one.twoFactor ? badge("ok", "On") : badge("warning", "Off")) },
            { title: "Last log-in", cell: (one) => time(one.lastLoginAt, { none: "never" }) },
            { title: "Actions", hidden: true, cell: (one) => button({ text: "Remove", small: true, danger: true, onclick: () => leave(one, group, again), more: { "aria-label": `Remove ${one.email}` } }) },
          ],
          all,
          { key: (one) => one.id },
        ),
      ),
  });
}

function roleChoice(one, group, again) {
  return h(
    "select.input",
    {
      "aria-label": `Role of ${one.email}`,
      onchange: async (event) => {
        const role = event.target.value;
        const done = await confirm({
          title: "Change the role?",
          text: h("p", name(one.email), " becomes ", h("strong", role), "."),
          action: "Change",
          act: () => put(below(group.id, "members", one.id), { role }),
        });
        if (done) toast("The role is changed.");
        await again();
      },
    },
    ROLES.map(([value]) => h("option", { value, selected: value === one.role }, value)),
  );
}

async function leave(one, group, again) {
  const done = await confirm({
    title: "Remove this member?",
    text: h("p", name(one.email), " sees nothing of this group any more. The account stays."),
    action: "Remove",
    danger: true,
    act: () => remove(below(group.id, "members", one.id)),
  });
  if (done) toast("The member is removed.");
  await again();
}

function invitations(root, group, signal) {
  const target = below(group.id, "invitations");
  shown(root, signal, {
    load: (ending) => list(target, { signal: ending }),
    view: (all, again) =>
      fragment(
        inviteForm(target, again),
        all.length
          ? flush(
              "Open invitations",
              null,
              table(
                "Open invitations",
                [
                  { title: "E-mail", cell: (one) => name(one.email) },
                  { title: "Role", cell: (one) => one.role },
                  { title: "Expires", cell: (one) => time(one.expiresAt) },
                  {
                    title: "Actions",
                    hidden: true,
                    cell: (one) =>
                      button({
                        text: "Withdraw",
                        small: true,
                        danger: true,
                        more: { "aria-label": `Withdraw the invitation of ${one.email}` },
                        onclick: async () => {
                          await confirm({ title: "Withdraw this invitation?", text: "Its address opens nothing any more.", action: "Withdraw", danger: true, act: () => remove(`${target}/${encodeURIComponent(one.id)}`) });
                          await again();
                        },
                      }),
                  },
                ],
                all,
                { key: (one) => one.id },
              ),
            )
          : null,
      ),
  });
}

function inviteForm(target, again) {
  const made = h("div.stack.tight", { role: "status" });
  const shownSame = same();
  const tell = (values) => shownSame.show(null, "POST", target, { email: values.email ?? "somebody@example.com", role: values.role ?? "viewer" });
  tell({});
  return h(
    "section.card.stack",
    { "data-own": true },
    h("h2", "Invite somebody"),
    form({
      fields: h(
        "div.pair",
        input({ name: "email", label: "E-mail", type: "email", required: true }),
        input({ name: "role", label: "Role", type: "select", value: "viewer", options: ROLES }),
      ),
      same: shownSame.element,
      changed: tell,
      action: "Make an invitation",
      submit: async (values) => {
        const invitation = await post(target, values);
        fill(
          made,
          note("ok", ["The invitation of ", name(values.email), " is made. Send this address, which is shown now and never again; it is good once, until ", time(invitation.expiresAt, { exact: true }), "."]),
          copyable(new URL(invitation.url, location.origin).href, "Copy the invitation"),
        );
        await again();
      },
    }),
    made,
  );
}

function tokens(root, group, signal) {
  const target = below(group.id, "tokens");
  shown(root, signal, {
    load: (ending) => list(target, { signal: ending }),
    view: (all, again) =>
      fragment(
        tokenForm(target, again),
        all.length
          ? flush(
              "API tokens",
              null,
              table(
                "API tokens",
                [
                  { title: "Name", cell: (one) => name(one.name) },
                  { title: "Role", cell: (one) => one.role },
                  { title: "Made", cell: (one) => time(one.createdAt) },
                  { title: "Last used", cell: (one) => time(one.lastUsedAt, { none: "never" }) },
                  { title: "Expires", cell: (one) => time(one.expiresAt, { none: "never" }) },
                  {
                    title: "Actions",
                    hidden: true,
                    cell: (one) =>
                      one.state !== "valid"
                        ? badge("none", one.state === "revoked" ? "Revoked" : "Expired")
                        : button({
                            text: "Revoke",
                            small: true,
                            danger: true,
                            more: { "aria-label": `Revoke the token ${one.name}` },
                            onclick: async () => {
                              await confirm({ title: "Revoke this token?", text: "Whatever uses it is refused from now on.", action: "Revoke", danger: true, act: () => remove(`${target}/${encodeURIComponent(one.id)}`) });
                              await again();
                            },
                          }),
                  },
                ],
                all,
                { key: (one) => one.id },
              ),
            )
          : h("section.card", empty("key", "There are no API tokens", "A script or a monitoring system has one of its own, with a role of its own.")),
      ),
  });
}

function tokenForm(target, again) {
  const made = h("div.stack.tight", { role: "status" });
  const shownSame = same();
  const request = (values) => ({ name: values.name ?? "monitoring", role: values.role ?? "viewer", expiresAt: values.days ? new Date(Date.now() + values.days * 86400_000).toISOString() : undefined });
  const tell = (values) => shownSame.show(null, "POST", target, request(values));
  tell({});
  return h(
    "section.card.stack",
    { "data-own": true },
    h("h2", "New API token"),
    form({
      fields: h(
        "div.pair",
        input({ name: "name", label: "Name", required: true, hint: "Who uses it." }),
        input({ name: "role", label: "Role", type: "select", value: "viewer", options: ROLES }),
        input({ name: "days", label: "Good for days", type: "number", optional: true, min: 1, max: 3650, hint: "Empty: until it is revoked." }),
      ),
      same: shownSame.element,
      changed: tell,
      action: "Make a token",
      submit: async (values) => {
        const answer = await post(target, request(values));
        fill(made, note("ok", "The token is shown now and never again."), copyable(answer.token, "Copy the token"));
        await again();
      },
    }),
    made,
  );
}

function audit(root, group, signal) {
  shown(root, signal, {
    load: (ending) => list(below(group.id, "audit"), { signal: ending, query: { limit: 200 } }),
    view: (all) =>
      all.length
        ? flush(
            "Audit",
            null,
            table(
              "Who did what, newest first",
              [
                { title: "When", cell: (one) => time(one.at) },
                { title: "Who", cell: (one) => h("span", name(one.actor), h("br"), h("span.small.soft", one.from)) },
                { title: "What", cell: (one) => h("code", one.action) },
                { title: "Of", cell: (one) => name(one.subject) },
                { title: "Outcome", cell: (one) => badge({ ok: "ok", begun: "busy", refused: "bad", failed: "bad", cut: "warning" }[one.outcome] ?? "none", one.outcome) },
                { title: "More", cell: (one) => [one.code, one.bytes === undefined ? null : bytes(one.bytes), one.details].filter(Boolean).join(" · ") },
              ],
              all.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, 500),
            ),
          )
        : h("section.card", empty("people", "Nothing was done yet", "Every change and every restore is written down here.")),
    every: 15_000,
  });
}

async function rename(group, restart) {
  const done = await open("Rename the group", (close) =>
    form({
      fields: input({ name: "name", label: "Name", value: group.name, required: true }),
      action: "Rename",
      cancel: () => close(),
      submit: async (values) => {
        await patch(below(group.id), values);
        close(true);
      },
    }),
  );
  if (done) await restart("/people");
}

async function newGroup(restart) {
  const done = await open("New group", (close) =>
    form({
      intro: "A group has deployments, people and data of its own; nobody sees those of another.",
      fields: [
        input({ name: "name", label: "Name", required: true }),
        input({ name: "tags", label: "Tags", optional: true, mono: true, hint: "What its block store must have, with commas between them: ssd, eu. The page Storage shows what stores have." }),
      ],
      action: "Make the group",
      cancel: () => close(),
      submit: async (values) => {
        const tags = (values.tags ?? "").split(",").map((one) => one.trim()).filter((one) => one !== "");
        await post("/groups", tags.length > 0 ? { name: values.name, tags } : { name: values.name });
        close(true);
      },
    }),
  );
  if (done) {
    toast("The group is made.");
    await restart("/people");
  }
}
