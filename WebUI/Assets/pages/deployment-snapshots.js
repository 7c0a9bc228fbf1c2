// The snapshots of a deployment: restore, pin, change the expiry, delete.
import { get, patch, remove } from "../lib/api.js";
import { confirm, open, toast, toastProblem } from "../lib/dialog.js";
import { fill, h, morph } from "../lib/dom.js";
import { form, input } from "../lib/form.js";
import { bytes, count, iso, many, utc } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { flush } from "../lib/page.js";
import { badge, button, empty, table, time } from "../lib/parts.js";
import { same } from "../lib/same.js";
import { may } from "../lib/session.js";
import { isPinned, momentOf } from "../lib/status.js";

export function snapshots(root, context) {
  const box = h("div");
  root.append(box);
  const draw = () => {
    const fresh = h("div");
    fill(fresh, view(context));
    morph(box, fresh);
  };
  context.onChange(draw);
  draw();
}

function view({ id, path, state, again }) {
  const all = state.snapshots;
  if (all.length === 0) {
    return h("section.card", empty("camera", "There is no snapshot yet", "The first one is taken when the initial sync is done; further ones as the policy has it."));
  }
  const of = { id, path, again };
  const restorable = (one) => one.state === "complete";
  return flush(
    many(all.length, "snapshot"),
    null,
    table(
      "Snapshots, newest first",
      [
        { title: "Moment", cell: (one) => h("span", momentOf(one) ? time(momentOf(one)) : time(one.createdAt), h("br"), h("span.small.soft", utc(momentOf(one) ?? new Date(one.createdAt)))) },
        { title: "State", cell: stateOf },
        { title: "Taken by", cell: (one) => (one.kind === "checkpoint" ? "Checkpoint" : `${one.trigger[0]?.toUpperCase() ?? ""}${one.trigger.slice(1)}`) },
        { title: "Documents", number: true, cell: (one) => count(one.documents) },
        { title: "Size", number: true, cell: (one) => bytes(one.rawBytes) },
        { title: "New", number: true, cell: (one) => h("span", { title: "What no earlier snapshot had, and what was stored for it" }, bytes(one.newBytes), h("br"), h("span.small.soft", `${bytes(one.storedBytes)} stored`)) },
        { title: "Expires", cell: kept },
        {
          title: "Actions",
          hidden: true,
          cell: (one) => {
            const what = `the snapshot of ${utc(momentOf(one) ?? new Date(one.createdAt))}`;
            return h(
              "span.row",
              may("restore") && restorable(one) ? button({ icon: "restore", label: `Restore ${what}`, small: true, href: `/d/${encodeURIComponent(id)}/restore?snapshot=${encodeURIComponent(one.id)}` }) : null,
              may("configure") && one.kind !== "checkpoint"
                ? [
                    button({ icon: "pin", label: isPinned(one) ? `Unpin ${what}` : `Pin ${what}`, small: true, onclick: () => pin(one, of) }),
                    button({ icon: "clock", label: `Change the expiry of ${what}`, small: true, onclick: () => expiry(one, of) }),
                    button({ icon: "trash", label: `Delete ${what}`, small: true, danger: true, onclick: () => erase(one, what, of) }),
                  ]
                : null,
            );
          },
        },
      ],
      all.slice(0, 300),
      { key: (one) => one.id },
    ),
  );
}

const REASONS = {
  base: "every snapshot",
  daily: "the last of its day",
  weekly: "the last of its week",
  monthly: "the last of its month",
  "own-end": "an end of its own",
  pinned: "pinned",
  last: "the newest",
  "point-in-time": "moments of the window need it",
  read: "read now",
  alert: "the last clean second of an alert needs it",
};

/** Until when, and why. */
function kept(one) {
  const reasons = (one.kept ?? []).map(({ reason }) => REASONS[reason] ?? reason);
  return h(
    "span",
    isPinned(one) ? h("span.row", icon("pin"), "Pinned") : time(one.expiresAt, { none: "not by time" }),
    reasons.length > 0 ? [h("br"), h("span.small.soft", reasons.join(", "))] : null,
  );
}

function stateOf(one) {
  if (one.state === "complete") return one.error ? h("span", { title: `${one.error.message} ${one.error.hint}` }, badge("warning", "Flagged")) : badge("ok", "Complete");
  if (one.state === "failed") return h("span.stack.tight", badge("bad", "Failed"), one.error ? h("span.small.soft", `${one.error.message} (${one.error.code})`) : null);
  return badge("busy", one.state);
}

async function pin(one, { path, again }) {
  const pinned = !isPinned(one);
  await confirm({
    title: pinned ? "Pin this snapshot" : "Unpin this snapshot",
    text: pinned ? "A pinned snapshot is kept until somebody unpins it, whatever the policy says." : "From then on the policy and its expiry decide about it again.",
    action: pinned ? "Pin" : "Unpin",
    act: () => patch(`${path}/snapshots/${encodeURIComponent(one.id)}`, { pinned }),
  });
  await again();
}

async function expiry(one, { path, again }) {
  const target = `${path}/snapshots/${encodeURIComponent(one.id)}`;
  const shownSame = same();
  const body = (values) => (values.expiresAt ? { expiresAt: iso(new Date(`${values.expiresAt}Z`)) } : {});
  const old = one.expiresAt ? iso(new Date(one.expiresAt)).slice(0, 16) : "";
  shownSame.show(null, "PATCH", target, body({ expiresAt: old }));
  const done = await open("Change the expiry", (close) =>
    form({
      intro: "The last good snapshot is kept in any case.",
      fields: input({ name: "expiresAt", label: "Kept until (UTC)", type: "datetime-local", value: old, required: true }),
      same: shownSame.element,
      changed: (values) => shownSame.show(null, "PATCH", target, body(values)),
      action: "Change",
      cancel: () => close(),
      submit: async (values) => {
        await patch(target, body(values));
        close(true);
      },
    }),
  );
  if (done) toast("The expiry is changed.");
  await again();
}

async function erase(one, what, { path, again }) {
  const target = `${path}/snapshots/${encodeURIComponent(one.id)}`;
  const goes = await get(`${target}/deletion`).catch(toastProblem);
  if (!goes) return;
  const even = goes.isLast ? h("input", { type: "checkbox", id: "even-last", "data-first": "" }) : null;
  const done = await confirm({
    title: "Delete this snapshot?",
    text: h(
      "div.stack.tight",
      h("p", `${what[0].toUpperCase()}${what.slice(1)}, ${many(one.documents, "document")}, is gone for good. ${freed(goes)}`),
      lost(goes),
      even ? h("label.row", { for: "even-last" }, even, "It is the only snapshot: delete it all the same. Nothing can be restored then.") : null,
    ),
    action: "Delete it",
    danger: true,
    act: () => remove(even?.checked ? `${target}?last=true` : target),
  });
  if (done) toast("The snapshot is deleted.");
  await again();
}

/** How much room it makes: what other snapshots share with it stays in the store. */
function freed({ freeBytes }) {
  if (freeBytes === undefined) return "What other snapshots share with it stays in the store.";
  return freeBytes === 0
    ? "It makes no room: everything in it is shared with other snapshots, or with the copy that is kept up to date."
    : `It makes room for up to ${bytes(freeBytes)}; the rest is shared with other snapshots and stays.`;
}

/** Which moments go with it, as the appliance foretells them. */
function lost({ lostMoments }) {
  if (lostMoments.length === 0) return h("p", "Every moment that can be restored now can be restored without it.");
  return h(
    "div",
    h("p", "These moments could not be restored any more:"),
    h("ul", lostMoments.map(({ from, to }) => h("li", `${utc(new Date(from.time))} to ${utc(new Date(to.time))}`))),
  );
}
