// Everything that is done and was: jobs, restores, links, newest first.
import { below, get, post } from "../lib/api.js";
import { confirm, open, toast } from "../lib/dialog.js";
import { fill, fragment, h, name } from "../lib/dom.js";
import { input } from "../lib/form.js";
import { bytes, duration } from "../lib/format.js";
import { flush, heading, shown } from "../lib/page.js";
import { badge, button, copyable, empty, errorNote, fault, pairs, progress, table, time, waitingFor } from "../lib/parts.js";
import { command, curl } from "../lib/same.js";
import { may } from "../lib/session.js";
import { jobOver, jobState, linkState } from "../lib/status.js";
import { servedOf } from "./served.js";

const KINDS = { snapshot: "Snapshot", verify: "Verification", groom: "Groom", check: "Check of the store", "move-group": "Move to another store", push: "Restore over SSH", into: "Restore into MongoDB", "cluster-snapshot": "Cluster snapshot", "cluster-checkpoint": "Checkpoint", expire: "Expiry" };

export function render(root, { signal, group, live }) {
  root.append(heading("Activity", "What the appliance does and did for this group."), h("br"));
  shown(root, signal, {
    load: async (ending) => {
      const [jobs, links, served] = await Promise.all(
        ["jobs", "links", "served"].map((one) => get(below(group.id, one), { signal: ending, query: { limit: 100 } }).catch((problem) => (problem.status === 404 ? { items: [] } : Promise.reject(problem)))),
      );
      return { jobs, links, served };
    },
    view: ({ jobs, links, served }, again) => fragment(tasks(jobs.items, group, again), servedOf(served.items, again), linksOf(links.items)),
    every: 3000,
    live,
  });
}

function tasks(jobs, group, again) {
  if (jobs.length === 0) return h("section.card", empty("activity", "Nothing was done yet", "Snapshots, restores and verifications stand here as soon as there are some."));
  return flush(
    "Tasks",
    null,
    table(
      "Tasks, newest first",
      [
        { title: "Task", cell: (one) => (isRestore(one) ? h("a", { href: restorePage(one) }, what(one)) : what(one)) },
        { title: "Of", cell: (one) => (one.subject ? name(one.subject) : "everything") },
        { title: "State", cell: (one) => badge(...jobState(one.job.state)) },
        { title: "Progress", cell: how },
        { title: "Asked for", cell: (one) => time(one.createdAt) },
        { title: "Took", number: true, cell: (one) => (one.startedAt && one.finishedAt ? duration((Date.parse(one.finishedAt) - Date.parse(one.startedAt)) / 1000) : "–") },
        { title: "Actions", hidden: true, cell: (one) => actions(one, group, again) },
      ],
      jobs,
      { key: (one) => one.job.id },
    ),
  );
}

const isRestore = (one) => one.job.kind === "push" || one.job.kind === "into";
const restorePage = (one) => `/restores/${encodeURIComponent(one.job.id)}`;
const what = (one) => KINDS[one.job.kind] ?? one.job.kind;
const called = (one) => `${what(one)} of ${one.subject ?? "everything"}`;

function how(one) {
  const { job } = one;
  if (jobOver(job.state)) return job.error ? h("span.small", `${job.error.message} (${job.error.code})`) : "";
  const pace = [job.phase, job.bytesPerSecond ? `${bytes(job.bytesPerSecond)}/s` : null, job.remainingSeconds === undefined ? null : `${duration(job.remainingSeconds)} left`].filter(Boolean).join(" · ");
  return [progress(job.expectedBytes || !isRestore(one) ? job.progress : null, called(one), pace), job.error ? h("p.small", `${job.error.message} (${job.error.code}); it is tried again.`) : null];
}

function actions(one, group, again) {
  const label = (verb) => ({ "aria-label": `${verb} ${called(one)}` });
  const may_ = isRestore(one) ? may("restore") : may("operate");
  const { state } = one.job;
  return h(
    "span.row",
    isRestore(one) ? button({ text: "Look", small: true, href: restorePage(one), more: label("Look at") }) : null,
    button({ text: "Details", small: true, onclick: () => details(one, group), more: label("Details of") }),
    !jobOver(state) && may_ ? button({ text: "Cancel", small: true, danger: true, onclick: () => cancel(one, group, again), more: label("Cancel") }) : null,
    (state === "failed" || state === "cancelled") && may_ ? button({ text: "Retry", small: true, onclick: () => retry(one, group, again), more: label("Retry") }) : null,
  );
}

function details(one, group) {
  const { job } = one;
  return open(
    `${what(one)}: details`,
    () => {
      const log = h("div", { role: "status" }, waitingFor("Loading the log …"));
      get(below(group.id, "jobs", job.id, "log"))
        .then(({ items }) => fill(log, items.length ? logOf(items) : h("p.soft", "It has told nothing, or too long ago.")))
        .catch((problem) => fill(log, fault(problem)));
      return h(
        "div.stack",
        pairs([
          ["Id", h("code", job.id)],
          ["Of", one.subject ? name(one.subject) : "everything"],
          ["State", badge(...jobState(job.state))],
          jobOver(job.state) ? null : ["Phase", job.phase || "–"],
          ["Attempts", String(one.attempts || 1)],
          job.retryOf ? ["Another try of", h("code", job.retryOf)] : null,
          ["Asked for", [time(one.createdAt, { exact: true }), job.askedBy ? [" by ", name(job.askedBy)] : null]],
          ["Began", time(one.startedAt, { exact: true })],
          ["Ended", time(one.finishedAt, { exact: true })],
          job.bytes ? ["Worked off", `${bytes(job.bytes)}${job.expectedBytes ? ` of about ${bytes(job.expectedBytes)}` : ""}`] : null,
        ]),
        job.error ? errorNote(job.error) : null,
        h("h3", "Log"),
        log,
        copyable(command("jobs", "log", job.id), "Copy the command"),
        copyable(curl("GET", below(group.id, "jobs", job.id)), "Copy the API call"),
      );
    },
    { wide: true },
  );
}

function logOf(lines) {
  return table(
    "Log",
    [
      { title: "When", cell: (one) => time(one.at, { exact: true }) },
      { title: "What", cell: (one) => (one.trouble ? [badge("bad", "Trouble"), " ", name(one.text)] : name(one.text)) },
    ],
    lines,
  );
}

const place = (one, group, verb) => below(group.id, isRestore(one) ? "restores" : "jobs", one.job.id, verb);

async function cancel(one, group, again) {
  const left = isRestore(one) ? "what was written so far stays where it is." : "what it did so far is undone where it has to be.";
  await confirm({ title: "Cancel this task?", text: `${what(one)}: ${left}`, action: "Cancel the task", danger: true, act: () => post(place(one, group, "cancel"), {}) });
  await again();
}

async function retry(one, group, again) {
  // Its connection string was forgotten when it ended.
  const target = one.job.kind === "into" ? input({ name: "uri", label: "Connection string of the target", mono: true, required: true, hint: "It was forgotten when the restore ended. The same target as before." }) : null;
  const done = await confirm({
    title: "Try it again?",
    text: h("div.stack", h("p", what(one), " of ", name(one.subject ?? "everything"), isRestore(one) ? ": it goes on with what is there." : "."), target),
    action: "Retry",
    act: () => post(place(one, group, "retry"), target ? { uri: target.querySelector("input").value } : {}),
  });
  if (done) toast("It is asked for again.");
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
