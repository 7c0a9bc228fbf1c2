// Everything that is done and was: jobs, restores, links, newest first.
import { below, get, post } from "../lib/api.js";
import { confirm, open } from "../lib/dialog.js";
import { fragment, h, name } from "../lib/dom.js";
import { duration } from "../lib/format.js";
import { flush, heading, shown } from "../lib/page.js";
import { badge, button, copyable, empty, errorNote, pairs, progress, table, time } from "../lib/parts.js";
import { curl } from "../lib/same.js";
import { may } from "../lib/session.js";
import { jobOver, jobState, linkState } from "../lib/status.js";
import { servedOf } from "./served.js";

const KINDS = { snapshot: "Snapshot", verify: "Verification", groom: "Groom", restore: "Restore", "cluster-snapshot": "Cluster snapshot", checkpoint: "Checkpoint", expire: "Expiry" };

export function render(root, { signal, group, live }) {
  root.append(heading("Activity", "What the appliance does and did for this group."), h("br"));
  shown(root, signal, {
    load: async (ending) => {
      const [jobs, restores, links, served] = await Promise.all(
        ["jobs", "restores", "links", "served"].map((one) => get(below(group.id, one), { signal: ending, query: { limit: 100 } }).catch((problem) => (problem.status === 404 ? { items: [] } : Promise.reject(problem)))),
      );
      return { jobs, restores, links, served };
    },
    view: ({ jobs, restores, links, served }, again) => fragment(tasks(restores.items, jobs.items, group, again), servedOf(served.items, again), linksOf(links.items)),
    every: 3000,
    live,
  });
}

function tasks(restores, jobs, group, again) {
  const rows = [
    ...restores.map((one) => ({ id: one.id, what: one.kind === "push" ? "Restore over SSH" : "Restore into MongoDB", subject: one.subject, state: one.state, phase: one.phase, share: one.expectedBytes ? one.bytes / one.expectedBytes : null, at: one.startedAt, began: one.startedAt, ended: one.finishedAt, error: one.error, href: `/restores/${encodeURIComponent(one.id)}` })),
    ...jobs.map((one) => ({ id: one.job.id, what: KINDS[one.job.kind] ?? one.job.kind, subject: one.subject, state: one.job.state, phase: one.job.phase, share: one.job.progress, at: one.createdAt, began: one.startedAt, ended: one.finishedAt, error: one.job.error, attempts: one.attempts })),
  ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  if (rows.length === 0) return h("section.card", empty("activity", "Nothing was done yet", "Snapshots, restores and verifications stand here as soon as there are some."));
  return flush(
    "Tasks",
    null,
    table(
      "Tasks, newest first",
      [
        { title: "Task", cell: (one) => (one.href ? h("a", { href: one.href }, one.what) : one.what) },
        { title: "Of", cell: (one) => (one.subject ? name(one.subject) : "everything") },
        { title: "State", cell: (one) => badge(...jobState(one.state)) },
        { title: "Progress", cell: (one) => (jobOver(one.state) ? (one.error ? h("span.small", `${one.error.message} (${one.error.code})`) : (one.phase ?? "")) : progress(one.share, `${one.what} of ${one.subject ?? "everything"}`, one.phase)) },
        { title: "Asked for", cell: (one) => time(one.at) },
        { title: "Took", number: true, cell: (one) => (one.began && one.ended ? duration((Date.parse(one.ended) - Date.parse(one.began)) / 1000) : "–") },
        {
          title: "Actions",
          hidden: true,
          cell: (one) =>
            one.href
              ? button({ text: "Look", small: true, href: one.href, more: { "aria-label": `Look at ${one.what} of ${one.subject}` } })
              : h("span.row", button({ text: "Details", small: true, onclick: () => details(one, group), more: { "aria-label": `Details of ${one.what} of ${one.subject ?? "everything"}` } }), !jobOver(one.state) && may("operate") ? button({ text: "Cancel", small: true, danger: true, onclick: () => cancel(one, group, again) }) : null),
        },
      ],
      rows.slice(0, 150),
      { key: (one) => one.id },
    ),
  );
}

function details(one, group) {
  return open(`${one.what}: details`, () =>
    h(
      "div.stack",
      pairs([
        ["Id", h("code", one.id)],
        ["Of", one.subject ? name(one.subject) : "everything"],
        ["State", badge(...jobState(one.state))],
        ["Phase", one.phase || "–"],
        ["Attempts", String(one.attempts ?? 1)],
        ["Asked for", time(one.at, { exact: true })],
        ["Began", time(one.began, { exact: true })],
        ["Ended", time(one.ended, { exact: true })],
      ]),
      one.error ? errorNote(one.error) : null,
      copyable(curl("GET", below(group.id, "jobs", one.id)), "Copy the API call"),
    ),
  );
}

async function cancel(one, group, again) {
  await confirm({ title: "Cancel this task?", text: `${one.what}: what it did so far is undone where it has to be.`, action: "Cancel the task", danger: true, act: () => post(below(group.id, "jobs", one.id, "cancel"), {}) });
  await again();
}

function linksOf(links) {
  if (links.length === 0) return null;
  return flush(
    "Download links",
    null,
    table(
      "Download links, newest first",
      [
        { title: "File", cell: (one) => h("a", { href: `/links/${encodeURIComponent(one.id)}` }, name(one.fileName)) },
        { title: "Of", cell: (one) => name(one.subject) },
        { title: "State", cell: (one) => badge(...linkState(one.state)) },
        { title: "Downloads", number: true, cell: (one) => `${one.finished} of ${one.uses}` },
        { title: "Made", cell: (one) => time(one.createdAt) },
        { title: "Expires", cell: (one) => time(one.expiresAt) },
      ],
      links,
      { key: (one) => one.id },
    ),
  );
}
