// The servers of the sources, as their agents measure them once a minute.
import { below, list } from "../lib/api.js";
import { fill, fragment, h, name } from "../lib/dom.js";
import { bytes, count, duration, many } from "../lib/format.js";
import { input } from "../lib/form.js";
import { flush, heading, shown } from "../lib/page.js";
import { badge, button, empty, table } from "../lib/parts.js";
import { memberState } from "../lib/status.js";
import { eventsOf } from "./hosts-events.js";
import { askOf, loadSettings } from "./hosts-ask.js";
import { chartsOf } from "./hosts-history.js";

/** More than that no chart shows, and nobody reads in its table. */
const MOST_POINTS = 360;

const HOUR = 3600_000;

/** Range, words, milliseconds. */
const RANGES = [
  ["1h", "Last hour", HOUR],
  ["12h", "Last 12 hours", 12 * HOUR],
  ["2d", "Last 2 days", 48 * HOUR],
  ["2w", "Last 2 weeks", 14 * 24 * HOUR],
  ["1y", "Last year", 365 * 24 * HOUR],
];

export function render(root, { signal, group, query }) {
  const bar = h("div");
  const content = h("div");
  root.append(h("div.stack", heading("Hosts", "The servers of the sources: a sample a minute is kept for 2 days, 5 minutes for 2 weeks, an hour for a year."), bar, content));
  let chosen = query.get("d");
  let range = RANGES.some(([one]) => one === query.get("range")) ? query.get("range") : "12h";
  const named = new Map();
  let ending = new AbortController();
  signal.addEventListener("abort", () => ending.abort());

  list(below(group.id, "deployments"), { signal })
    .then((all) => {
      const some = all.filter((one) => !one.removedAt && !one.cluster);
      if (some.length === 0) return fill(content, h("section.card", empty("server", "There are no hosts yet", "An agent measures them as soon as a deployment is protected.", button({ text: "To the overview", href: "/" }))));
      chosen = some.some((one) => one.id === chosen) ? chosen : some[0].id;
      for (const one of some) named.set(one.id, one);
      fill(
        bar,
        h(
          "div.pair",
          input({ name: "deployment", label: "Deployment", type: "select", value: chosen, options: some.map((one) => [one.id, one.name]), oninput: (event) => { chosen = event.target.value; open(); } }),
          input({ name: "range", label: "Time", type: "select", value: range, options: RANGES.map(([value, text]) => [value, text]), oninput: (event) => { range = event.target.value; open(); } }),
        ),
      );
      open();
    })
    .catch((problem) => problem.name !== "AbortError" && import("../lib/parts.js").then(({ fault }) => fill(content, fault(problem))));

  const open = () => {
    ending.abort();
    ending = new AbortController();
    content.replaceChildren();
    shown(content, ending.signal, {
      load: async (stop) => {
        const of = (words, query) => list(below(group.id, "deployments", chosen, ...words), { signal: stop, query });
        const [samples, spans, events] = await Promise.all([
          of(["monitoring"], { minutes: 10, points: 2 }),
          of(["monitoring", "history"], { range, points: MOST_POINTS }),
          of(["host-events"], { limit: 200 }),
        ]);
        return { last: samples.at(-1), spans, events, settings: await loadSettings(chosen, group, stop) };
      },
      view: (data, again) => fragment(view(data, RANGES.find(([one]) => one === range)[2]), askOf(named.get(chosen), group, data.settings, again)),
    });
  };
}

function view({ last, spans, events }, length) {
  if (!last && spans.length === 0) return h("section.card", empty("server", "Nothing was measured in this time", "An agent sends a sample a minute; the first one comes within two minutes."));
  return fragment(last ? members(last) : null, eventsOf(events, Date.now() - length), spans.length ? chartsOf(spans, events) : null, last ? databases(last) : null);
}

function members(sample) {
  return flush(
    many(sample.members.length, "member"),
    null,
    table(
      "Members",
      [
        { title: "Member", cell: (one) => name(one.name) },
        { title: "State", cell: (one) => badge(...memberState(one)) },
        { title: "Behind", number: true, cell: (one) => (one.lagSeconds === undefined ? "–" : duration(one.lagSeconds)) },
        { title: "Version", cell: (one) => hostOf(sample, one)?.version ?? "–" },
        { title: "Up", number: true, cell: (one) => duration(hostOf(sample, one)?.uptimeSeconds) },
        { title: "Connections", number: true, cell: (one) => count(hostOf(sample, one)?.connections) },
      ],
      sample.members,
      { key: (one) => one.name },
    ),
  );
}

const hostOf = (sample, member) => sample.hosts.find((host) => host.host === member.name);

function databases(sample) {
  return flush(
    many(sample.databases.length + sample.databasesLeftOut, "database"),
    null,
    table(
      "Databases",
      [
        { title: "Database", cell: (one) => name(one.name) },
        { title: "Collections", number: true, cell: (one) => count(one.collections) },
        { title: "Documents", number: true, cell: (one) => count(one.documents) },
        { title: "Data", number: true, cell: (one) => bytes(one.dataBytes) },
        { title: "On the disk", number: true, cell: (one) => bytes(one.storageBytes + one.indexBytes) },
      ],
      sample.databases,
      { key: (one) => one.name },
    ),
    sample.databasesLeftOut ? h("p.small.soft", `${many(sample.databasesLeftOut, "further one")} not shown.`) : null,
  );
}
