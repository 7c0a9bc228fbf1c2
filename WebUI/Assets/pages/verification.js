// Has it been proven? Verifications that ran, and a button that proves a snapshot now.
import { address, below, get, post } from "../lib/api.js";
import { toast, toastProblem } from "../lib/dialog.js";
import { fragment, h, name } from "../lib/dom.js";
import { duration } from "../lib/format.js";
import { card, flush, heading, shown } from "../lib/page.js";
import { badge, button, empty, progress, table, time } from "../lib/parts.js";
import { may } from "../lib/session.js";
import { deploymentsOf, jobOver, jobState } from "../lib/status.js";

export function render(root, { signal, group, live }) {
  root.append(h("div.stack", heading("Verification", "A snapshot is read back whole: every block is decoded, hashed and counted. The newest of each deployment is proven by itself, as often as its policy says.")), h("br"));
  shown(root, signal, {
    load: (ending) => get(below(group.id, "jobs"), { signal: ending, query: { limit: 200 } }),
    view: ({ items }, again) => fragment(now(live, group, again), history(items.filter((one) => /verif/.test(one.job.kind)), group)),
    every: 3000,
    live,
  });
}

function now(live, group, again) {
  const some = live?.current ? deploymentsOf(live.current).filter((one) => one.card.lastSnapshot) : [];
  if (!may("operate") || some.length === 0) return null;
  return card(
    "Prove the newest snapshots",
    h(
      "ul.stack.tight",
      some.map((one) =>
        h(
          "li.row",
          { "data-key": one.id },
          h("a", { href: `/d/${encodeURIComponent(one.id)}` }, name(one.name)),
          h("span.soft", "of ", time(one.card.lastSnapshot.createdAt)),
          h("a.small", { href: `/d/${encodeURIComponent(one.id)}?tab=policy` }, "schedule"),
          h("span.push"),
          button({
            text: "Verify",
            icon: "proof",
            small: true,
            more: { "aria-label": `Verify the newest snapshot of ${one.name}` },
            onclick: async () => {
              try {
                await post(`${below(group.id, "deployments", one.id, "snapshots", one.card.lastSnapshot.id)}/verify`, {});
                toast("The snapshot is being read back.", "busy");
                await again();
              } catch (problem) {
                toastProblem(problem);
              }
            },
          }),
        ),
      ),
    ),
  );
}

function history(jobs, group) {
  if (jobs.length === 0) return h("section.card", empty("proof", "Nothing was verified yet", "Verify a snapshot, and its result stands here."));
  return flush(
    "History",
    null,
    table(
      "Verifications, newest first",
      [
        { title: "Of", cell: (one) => name(one.subject ?? "–") },
        { title: "State", cell: (one) => badge(...jobState(one.job.state)) },
        { title: "Result", cell: (one) => (one.job.error ? `${one.job.error.message} (${one.job.error.code})` : jobOver(one.job.state) ? found(one.job.result) : progress(one.job.progress, "Verification", one.job.phase)) },
        { title: "When", cell: (one) => time(one.finishedAt ?? one.createdAt) },
        { title: "Report", cell: (one) => (["succeeded", "failed"].includes(one.job.state) ? h("a", { href: address(`${below(group.id, "jobs", one.job.id)}/report`), download: "", "aria-label": `Signed report of the verification of ${one.subject ?? "a snapshot"}` }, "Signed report") : "–") },
        { title: "Took", number: true, cell: (one) => (one.finishedAt && one.startedAt ? duration((Date.parse(one.finishedAt) - Date.parse(one.startedAt)) / 1000) : "–") },
      ],
      jobs,
      { key: (one) => one.job.id },
    ),
  );
}

function found(result) {
  if (!result || typeof result !== "object") return "All of it was read";
  const numbers = Object.entries(result).filter(([, value]) => typeof value === "number");
  return numbers.map(([key, value]) => `${key.replace(/([A-Z])/g, " $1").toLowerCase()}: ${value}`).join(" · ") || "All of it was read";
}
