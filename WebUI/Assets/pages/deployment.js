// One deployment: which moments it can be restored to, its snapshots, what is kept, and the way that its data takes.
import { below, get, list, post } from "../lib/api.js";
import { band, extent, gapText, legend, rangesTable } from "../lib/band.js";
import { toast, toastProblem } from "../lib/dialog.js";
import { fill, h, morph, name } from "../lib/dom.js";
import { utc } from "../lib/format.js";
import { badge, button, errorNote, facts, note, progress, tabs, time } from "../lib/parts.js";
import { shown } from "../lib/page.js";
import { note as remember } from "../lib/router.js";
import { may } from "../lib/session.js";
import { deploymentsOf, health, isCluster, isPinned, kindOf, momentOf, syncShare, syncText } from "../lib/status.js";
import { policy } from "./deployment-policy.js";
import { snapshots } from "./deployment-snapshots.js";
import { settings, source } from "./deployment-source.js";

const SPANS = [
  ["3600", "Last hour"],
  ["86400", "Last day"],
  ["604800", "Last week"],
  ["", "All"],
];

const TABS = [
  ["snapshots", "Snapshots", snapshots],
  ["policy", "Policy", policy],
  ["source", "Source and agents", source],
  ["settings", "Settings", settings],
];

export function render(root, { words, query, signal, live, group }) {
  const id = words.id;
  const path = below(group.id, "deployments", id);
  const top = h("div.stack");
  const timeline = h("div");
  const strip = h("div");
  const panel = h("div", { id: "panel", role: "tabpanel", tabindex: "0" });
  fill(root, h("div.stack", top, timeline, strip, panel));

  const state = { deployment: null, ranges: null, snapshots: [] };
  const context = { id, path, signal, group, live, state, again: () => page.again() };

  let span = "";
  const page = shown(timeline, signal, {
    load: async (ending) => {
      const [deployment, ranges, all] = await Promise.all([
        get(path, { signal: ending }),
        get(`${path}/ranges`, { signal: ending }).catch(notYet),
        list(`${path}/snapshots`, { signal: ending, query: { limit: 200, all: true } }).catch(notYet),
      ]);
      Object.assign(state, { deployment, ranges, snapshots: all ?? [] });
      context.changed?.();
      head();
      return state;
    },
    view: () => moments(state, span, (next) => {
      span = next;
      page.draw();
    }),
    every: 5000,
    live,
  });

  const head = () => {
    const found = live?.current ? deploymentsOf(live.current).find((one) => one.id === id) : null;
    if (!found && !state.deployment) return;
    const fresh = h("div.stack");
    fill(fresh, header({ ...state.deployment, ...found }, path, page));
    document.title = `${(found ?? state.deployment).name} · Backup`;
    morph(top, fresh);
  };
  live?.onStatus(head, signal);

  let chosen = TABS.some(([key]) => key === query.get("tab")) ? query.get("tab") : "snapshots";
  let ending = new AbortController();
  const choose = (key, focus) => {
    chosen = key;
    remember(new URLSearchParams(key === "snapshots" ? {} : { tab: key }));
    open();
    if (focus) strip.querySelector('[aria-selected="true"]').focus();
  };
  const open = () => {
    ending.abort();
    ending = new AbortController();
    signal.addEventListener("abort", () => ending.abort());
    context.changed = null;
    fill(strip, tabs("Parts of the deployment", TABS, chosen, choose));
    panel.setAttribute("aria-labelledby", `tab-${chosen}`);
    panel.replaceChildren();
    TABS.find(([key]) => key === chosen)[2](panel, { ...context, signal: ending.signal, onChange: (handler) => (context.changed = handler) });
  };
  open();
}

/** Before an agent has found it, there is nothing that snapshots could be of. */
function notYet(problem) {
  if (problem.status === 404 || problem.status === 409) return null;
  throw problem;
}

function header(deployment, path, page) {
  const { level, word, text } = health(deployment);
  const set = deployment.replicaSets?.[0];
  const here = `/d/${encodeURIComponent(deployment.id)}`;
  const error = deployment.error ?? set?.error;
  const ready = Boolean(set || deployment.cluster);
  return [
    h(
      "div.head",
      h("h1", name(deployment.name)),
      badge(level, word),
      h(
        "div.row.push",
        may("operate") && !deployment.removedAt
          ? button({ text: "Snapshot now", icon: "camera", disabled: !ready, why: "An agent has to find it first", onclick: () => snapshotNow(path, page) })
          : null,
        may("restore") ? button({ text: "Restore", icon: "restore", primary: true, href: `${here}/restore` }) : null,
      ),
    ),
    h("p.soft", `${kindOf(deployment)} · ${text}`),
    error ? errorNote(error) : null,
    deployment.source?.warning ? errorNote(deployment.source.warning, "warning") : null,
    set?.sync ? progress(syncShare(set.sync), "Initial sync", syncText(set.sync)) : null,
  ];
}

async function snapshotNow(path, page) {
  try {
    await post(`${path}/snapshots`, {});
    toast("A snapshot is being taken. It appears in the list when it is whole.", "busy");
    await page.again();
  } catch (problem) {
    toastProblem(problem);
  }
}

function moments({ deployment, ranges, snapshots: all }, span, choose) {
  const complete = all.filter((one) => one.state === "complete" && one.kind !== "checkpoint" && momentOf(one));
  const marks = complete.map((one) => ({
    at: momentOf(one).getTime(),
    text: `Snapshot of ${utc(momentOf(one))}${isPinned(one) ? ", pinned" : ""}`,
    pinned: isPinned(one),
  }));
  const some = ranges && (ranges.ranges.length || ranges.gaps.length);
  const newest = ranges?.ranges.at(-1)?.to.time;
  return h(
    "section.card.stack",
    h(
      "div.head",
      h("h2", "What can be restored"),
      h(
        "div.push.row",
        h(
          "select.input",
          { "aria-label": "Time that is shown", onchange: (event) => choose(event.target.value) },
          SPANS.map(([value, text]) => h("option", { value, selected: value === span }, text)),
        ),
      ),
    ),
    facts([
      ["Up to", newest ? time(newest) : "–", newest ? utc(new Date(newest)) : null],
      ["Oldest second", time(ranges?.ranges[0]?.from.time)],
      ["Gaps", String(ranges?.gaps.filter((gap) => !gap.collection).length ?? 0)],
      ["Snapshots", String(complete.length), complete.length ? ["newest ", time(complete[0].createdAt)] : null],
    ]),
    some || marks.length
      ? h(
          "div.stack.tight",
          band({ ...extent(ranges, marks, span ? Number(span) * 1000 : Infinity), ranges, marks, label: `Restorable moments of ${deployment.name}; the table below has them all` }),
          legend(),
        )
      : note("none", "Nothing can be restored yet.", { hint: isCluster(deployment) ? "The first snapshot is taken when every shard is copied." : "The first snapshot is taken as soon as the initial sync is done." }),
    some && ranges.gaps.length ? h("ul.stack.tight", ranges.gaps.map((gap) => h("li.small", gapText(gap)))) : null,
    some ? h("details.same", h("summary", "As a table"), rangesTable(ranges)) : null,
  );
}
