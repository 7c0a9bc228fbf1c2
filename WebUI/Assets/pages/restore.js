// The restore wizard: what, when, how, review. Nothing is done before the last button, and each step can be gone back to.
import { below, get, list } from "../lib/api.js";
import { fill, h, name } from "../lib/dom.js";
import { wholeSeconds } from "../lib/band.js";
import { icon } from "../lib/icons.js";
import { button, empty, fault, waitingFor } from "../lib/parts.js";
import { note as remember } from "../lib/router.js";
import { may, session } from "../lib/session.js";
import { isCluster, kindOf, momentOf } from "../lib/status.js";
import { notAllowed } from "../lib/page.js";
import { how } from "./restore-how.js";
import { review } from "./restore-review.js";
import { what } from "./restore-what.js";
import { when } from "./restore-when.js";

const STEPS = [
  ["what", "What", what],
  ["when", "When", when],
  ["how", "How", how],
  ["review", "Review", review],
];

export async function render(root, { words, query, signal, go }) {
  if (!may("restore")) return fill(root, notAllowed("Restore", "A restorer"));
  const path = below(session.group.id, "deployments", words.id);
  fill(root, waitingFor("Loading …"));
  let loaded;
  try {
    loaded = await Promise.all([
      get(path, { signal }),
      get(`${path}/ranges`, { signal }).catch((problem) => (problem.status === 404 || problem.status === 409 ? null : Promise.reject(problem))),
      list(`${path}/snapshots`, { signal, query: { limit: 200 } }).catch((problem) => (problem.status === 404 || problem.status === 409 ? [] : Promise.reject(problem))),
    ]);
  } catch (problem) {
    if (problem.name === "AbortError") return;
    return fill(root, h("h1", "Restore"), fault(problem), h("div", button({ text: "To the overview", href: "/" })));
  }
  const [deployment, ranges, all] = loaded;
  const snapshots = all.filter((one) => one.state === "complete" && one.kind !== "checkpoint" && momentOf(one));
  document.title = `Restore ${deployment.name} · Backup`;
  if (snapshots.length === 0 && !ranges?.ranges.length) {
    return fill(
      root,
      h("h1", "Restore ", name(deployment.name)),
      h("section.card", empty("restore", "Nothing can be restored yet", "The first snapshot is taken when the initial sync is done. The deployment's page shows how far it is.", button({ text: "To the deployment", href: `/d/${encodeURIComponent(words.id)}` }))),
    );
  }
  wizard(root, { deployment, ranges: ranges ?? { ranges: [], gaps: [] }, snapshots, path, signal, go, query });
}

function wizard(root, context) {
  const { deployment, snapshots, query } = context;
  const wanted = snapshots.find((one) => one.id === query.get("snapshot"));
  // A link, of an alert for example, may name the second and what is to be restored of it.
  const second = Date.parse(query.get("time") ?? "");
  const named = query.getAll("namespace").filter(Boolean);
  /** What was chosen; each step reads and writes its own part. */
  const plan = {
    what: { all: named.length === 0, namespaces: named, typed: named.length > 0, renames: [], users: false },
    when: { kind: wanted || !wholeSeconds(context.ranges).length ? "snapshot" : "second", snapshot: (wanted ?? snapshots[0])?.id ?? null, second: null, optime: { t: "", i: "1" }, utc: false },
    how: { kind: "link", link: { format: "archive", gzip: true, seconds: 3600, uses: 1, checksum: true }, push: { target: "", subfolder: "", files: false, gzip: false }, into: { uri: "", drop: false, parallelism: 4 }, serve: { address: "127.0.0.1", port: 0, seconds: 86400 } },
    dirty: false,
  };
  if (wanted) plan.when.kind = "snapshot";
  else if (second && wholeSeconds(context.ranges).length) Object.assign(plan.when, { kind: "second", second });
  let at = 0;
  let reached = 0;
  const place = h("div");
  const strip = h("div");
  fill(
    root,
    h("div.stack", h("div.head", h("div", h("h1", "Restore ", name(deployment.name)), h("p.soft", `${kindOf(deployment)}. Nothing is written before you have seen it all.`))), strip, place),
  );

  const show = (next) => {
    at = next;
    reached = Math.max(reached, at);
    remember(new URLSearchParams([...query].filter(([key]) => ["snapshot", "time", "namespace"].includes(key))));
    fill(strip, steps(at, reached, show));
    const heading = h("h2", { tabindex: "-1" }, `${at + 1}. ${["What is restored?", "To which moment?", "Where to?", "Is this right?"][at]}`);
    const trouble = h("div", { role: "alert" });
    const step = STEPS[at][2]({ ...context, plan, cluster: isCluster(deployment), next: () => forward() });
    const forward = async () => {
      trouble.replaceChildren();
      const wrong = await step.check?.();
      if (wrong) {
        fill(trouble, wrong);
        return;
      }
      if (at < STEPS.length - 1) show(at + 1);
    };
    fill(
      place,
      h(
        "section.card",
        h(
          "form.form",
          {
            novalidate: true,
            // What was wrong is looked at again when the next step is asked for.
            oninput: () => trouble.replaceChildren(),
            onclick: (event) => event.target.closest("button") && trouble.replaceChildren(),
            onsubmit: (event) => {
              event.preventDefault();
              forward();
            },
          },
          heading,
          step.element,
          trouble,
          at < STEPS.length - 1
            ? h("div.actions", at > 0 ? button({ text: "Back", icon: "back", onclick: () => show(at - 1) }) : null, button({ text: "Next", type: "submit", primary: true }))
            : h("div.actions", button({ text: "Back", icon: "back", onclick: () => show(at - 1) }), step.actions),
        ),
      ),
    );
    if (reached > 0) heading.focus();
    scrollTo(0, 0);
  };
  show(0);
}

function steps(at, reached, show) {
  return h(
    "ol.steps",
    { "aria-label": "Steps of the restore" },
    STEPS.map(([, text], index) =>
      h(
        `li${index < at ? ".done" : ""}`,
        { "aria-current": index === at ? "step" : null },
        index <= reached && index !== at
          ? h("button", { type: "button", onclick: () => show(index) }, h("span.dot", index < at ? icon("ok") : String(index + 1)), text)
          : [h("span.dot", String(index + 1)), text],
      ),
    ),
  );
}

/** What is asked of the API, whatever the way: the deployment, the moment, and what of it. */
export function request(plan, deployment) {
  const { when: moment, what: part } = plan;
  return {
    deployment: deployment.id,
    snapshot: moment.kind === "snapshot" ? moment.snapshot : undefined,
    time: moment.kind === "second" ? new Date(moment.second).toISOString().replace(/\.\d+Z$/, "Z") : undefined,
    optime: moment.kind === "optime" ? `${moment.optime.t},${moment.optime.i}` : undefined,
    namespaces: part.all ? [] : part.namespaces,
  };
}

