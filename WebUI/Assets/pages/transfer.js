// A restore under way, or a download link: how far it is, what came of it, and the way to stop it.
import { below, get, post, remove } from "../lib/api.js";
import { confirm, toast, toastProblem } from "../lib/dialog.js";
import { fill, fragment, h, name } from "../lib/dom.js";
import { bytes, count, duration, many, optimeText, quoted } from "../lib/format.js";
import { heading, shown } from "../lib/page.js";
import { badge, button, copyable, errorNote, facts, fault, note, pairs, progress, table, time } from "../lib/parts.js";
import { command } from "../lib/same.js";
import { may, session } from "../lib/session.js";
import { jobOver, jobState, linkState } from "../lib/status.js";

export function render(root, { path, words, signal, group }) {
  if (path.startsWith("/links/")) return link(root, words.id, signal, group);
  const target = below(group.id, "restores", words.id);
  const aloud = h("p.hear", { role: "status" });
  root.append(aloud);
  let told = null;
  const page = shown(root, signal, {
    load: (ending) => get(target, { signal: ending }),
    view: (task) => {
      const [level, word] = jobState(task.state);
      const share = task.expectedBytes > 0 ? task.bytes / task.expectedBytes : null;
      // Each tenth is read out, and each change of its state.
      const step = `${word}${jobOver(task.state) || share === null ? "" : ` ${Math.floor(share * 10) * 10} %`}`;
      if (step !== told) aloud.textContent = told === null ? "" : step;
      told = step;
      if (jobOver(task.state)) clearInterval(timer);
      return fragment(
        heading(
          h("span", "Restore of ", name(task.subject)),
          h("span", task.kind === "push" ? "Over SSH" : "Into MongoDB", ", begun ", time(task.startedAt), " by ", name(task.by)),
          badge(level, word),
          !jobOver(task.state) && may("restore") ? button({ text: "Cancel", danger: true, onclick: () => cancel(target, page) }) : null,
        ),
        h("section.card.stack", body(task, share)),
      );
    },
  });
  const timer = setInterval(() => page.again(), 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function body(task, share) {
  if (task.error) return [errorNote(task.error), task.kind === "push" ? h("p.soft", "What was sent stays there: the same push goes on from it.") : h("p.soft", "What was written stays in the target. The same restore can go on with it, or replaces it where the collections are removed first.")];
  if (!jobOver(task.state)) {
    const words = [PHASES[task.phase] ?? task.phase, `${bytes(task.bytes)}${task.expectedBytes ? ` of about ${bytes(task.expectedBytes)}` : ""}`, task.bytesPerSecond ? `${bytes(task.bytesPerSecond)}/s` : null, task.remainingSeconds === undefined ? null : `${duration(task.remainingSeconds)} left`];
    return [progress(share, "Restore", words.filter(Boolean).join(" · ")), h("p.small.soft", "You may leave this page: it goes on, and Activity leads back here.")];
  }
  if (task.push) return pushed(task.push);
  if (task.into) return task.into.dryRun ? dryRunReport(task.into) : loaded(task.into);
  return h("p", task.state === "cancelled" ? "It was cancelled. What was written stays where it is." : "It is done.");
}

const PHASES = { replay: "The oplog is replayed", connect: "Connecting", send: "Sending", verify: "Comparing hashes", wait: "Waiting for the connection", create: "Making collections", load: "Loading documents", index: "Building indexes", shard: "Sharding collections" };

function pushed(result) {
  return [
    note("ok", `${many(result.files.length, "file")} with ${bytes(result.bytes)} are there, and their hashes are those that were sent.`),
    pairs([
      ["Target", name(result.target)],
      ["Path", h("code", result.path)],
      ["Documents", count(result.documents)],
      ["Up to the entry", optimeText(result.optime)],
    ]),
    notes(result),
    h("h3", "Check it there"),
    copyable(checkOf(result.sums), "Copy the check"),
    h(
      "details.same",
      h("summary", "All files"),
      table(
        "Files",
        [
          { title: "Path", cell: (one) => name(one.path) },
          { title: "Size", number: true, cell: (one) => bytes(one.bytes) },
          { title: "SHA-256", cell: (one) => h("code", one.sha256) },
        ],
        result.files,
      ),
    ),
  ];
}

/** The sums name files of their own folder. */
function checkOf(sums) {
  const at = sums.lastIndexOf("/");
  const check = `sha256sum -c ${quoted(sums.slice(at + 1))}`;
  return at < 0 ? check : `cd ${quoted(sums.slice(0, at) || "/")} && ${check}`;
}

function loaded(result) {
  return [
    note("ok", `${many(result.collections, "collection")} with ${many(result.documents, "document")} are there${result.checked === "hash" ? ", and every byte was compared" : ", and were counted"}.`),
    pairs([
      ["Bytes", bytes(result.bytes)],
      ["Up to the entry", optimeText(result.optime)],
      result.users ? ["Users and roles", count(result.users)] : null,
    ]),
    notes(result),
  ];
}

function notes({ excluded, undecided, notices }) {
  return [
    excluded?.length ? note("warning", `${many(excluded.length, "collection")} are without their documents.`, { more: h("ul.small", excluded.map((one) => h("li", name(one.namespace), `: ${one.reason}`))) }) : null,
    undecided?.length ? note("warning", `${many(undecided.length, "prepared transaction")} were not decided by then, and are not in it.`) : null,
    notices?.map((one) => note("none", one)),
  ];
}

/** What a restore into MongoDB would meet. */
export function dryRunReport(result) {
  const report = result?.dryRun;
  if (!report) return note("none", "The dry run told nothing.");
  const list = (all) => h("ul.small", all.slice(0, 50).map((one) => h("li", name(one))));
  return h(
    "div.stack.tight",
    report.obstacles.length ? note("bad", "It cannot be restored there.", { more: list(report.obstacles) }) : note("ok", "It can be restored there."),
    report.conflicts.length ? note("warning", `${many(report.conflicts.length, "collection")} of the target are in the way.`, { more: list(report.conflicts) }) : null,
    report.warnings.length ? note("warning", "What will not be as it was:", { more: list(report.warnings) }) : null,
    facts([
      ["MongoDB", report.version],
      ["Collections", count(report.collections)],
      ["Documents", `about ${bytes(report.expectedBytes)}`],
      report.freeBytes === undefined ? null : ["Free there", bytes(report.freeBytes)],
      ["Takes", `${duration(report.leastSeconds)} to ${duration(report.mostSeconds)}`],
    ]),
  );
}

/** Waits for a restore to end; null where the page was left. */
export async function waitFor(target, signal) {
  for (;;) {
    if (signal.aborted) return null;
    const task = await get(target, { signal });
    if (jobOver(task.state)) return task;
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
}

async function cancel(target, page) {
  await confirm({
    title: "Cancel this restore?",
    text: "What was written so far stays where it is.",
    action: "Cancel the restore",
    danger: true,
    act: () => post(`${target}/cancel`, {}),
  });
  await page.again();
}

function link(root, id, signal, group) {
  const target = below(group.id, "links", id);
  fill(root, h("h1.hear", "Download link"));
  get(target, { signal })
    .then((found) => root.append(linkCard({ link: found }, { signal })))
    .catch((problem) => problem.name !== "AbortError" && root.append(fault(problem)));
}

/**
 * A link: made just now with its address, or later without it. It looks for itself how it is.
 * @param {{link: object, url?: string, curl?: string, verify?: string}} made
 */
export function linkCard(made, { signal }) {
  const target = below(session.group.id, "links", made.link.id);
  const state = h("div.stack");
  const revoke = button({
    text: "Revoke",
    danger: true,
    onclick: async () => {
      const done = await confirm({ title: "Revoke this link?", text: "It opens nothing any more, and a download that is under way breaks off.", action: "Revoke", danger: true, act: () => remove(target) });
      if (done) toast("The link is revoked.");
      await look();
    },
  });
  const draw = (one) => {
    const [level, word] = linkState(one.state);
    const over = one.state !== "open";
    revoke.hidden = over || !may("restore");
    fill(
      state,
      h("div.row", badge(level, word), over ? null : h("span.countdown", { "data-until": one.expiresAt }, left(one.expiresAt)), over ? null : h("span.soft", "left")),
      one.trouble ? note("bad", one.trouble) : null,
      pairs([
        ["File", name(one.fileName)],
        ["Size", one.bytes === undefined ? "being found out …" : bytes(one.bytes)],
        ["SHA-256", one.sha256 ? h("code", one.sha256) : "being found out …"],
        ["Downloads", `${one.finished} of ${one.uses} finished, ${one.begun} begun`],
        ["Expires", time(one.expiresAt)],
      ]),
    );
  };
  const look = async () => {
    try {
      draw(await get(target, { signal }));
    } catch (problem) {
      if (problem.name !== "AbortError" && problem.status !== 0 && problem.status !== 401) toastProblem(problem);
    }
  };
  draw(made.link);
  let seconds = 0;
  const timer = setInterval(() => {
    for (const one of state.querySelectorAll("[data-until]")) one.textContent = left(one.dataset.until);
    if (++seconds % 3 === 0) look();
  }, 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
  return h(
    "section.card.stack",
    h("div.head", h("h2", { tabindex: "-1" }, "Download link"), h("span.push"), revoke),
    state,
    made.url
      ? [
          note("warning", "The address is shown now and never again."),
          h("h3", "Address"),
          copyable(made.url, "Copy the address"),
          h("h3", "Download; the same line goes on where it was cut"),
          copyable(made.curl, "Copy the download line"),
          h("h3", "Check what came"),
          copyable(made.verify, "Copy the check"),
        ]
      : h("p.small.soft", "Its address was shown once, when it was made."),
    h("details.same", h("summary", "Revoke it as a command"), h("div", copyable(command("links", "revoke", made.link.id), "Copy the command"))),
  );
}

function left(until) {
  const seconds = Math.max(0, Math.floor((Date.parse(until) - Date.now()) / 1000));
  const two = (number) => String(number).padStart(2, "0");
  return seconds >= 86400 ? duration(seconds) : `${two(Math.floor(seconds / 3600))}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
}
