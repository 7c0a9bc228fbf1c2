// The servers of the sources, as their agents measure them once a minute.
import { below, list } from "../lib/api.js";
import { chart } from "../lib/chart.js";
import { fill, fragment, h, name } from "../lib/dom.js";
import { bytes, count, duration, many } from "../lib/format.js";
import { input } from "../lib/form.js";
import { flush, heading, shown } from "../lib/page.js";
import { badge, button, empty, table } from "../lib/parts.js";
import { memberState } from "../lib/status.js";

/** More than that no chart shows, and nobody reads in its table. */
const MOST_POINTS = 360;

const KINDS = ["insert", "query", "update", "delete", "getmore", "command"];

export function render(root, { signal, group, query }) {
  const bar = h("div");
  const content = h("div");
  root.append(h("div.stack", heading("Hosts", "The servers of the sources, a sample a minute."), bar, content));
  let chosen = query.get("d");
  let minutes = 180;
  let ending = new AbortController();
  signal.addEventListener("abort", () => ending.abort());

  list(below(group.id, "deployments"), { signal })
    .then((all) => {
      const some = all.filter((one) => !one.removedAt && !one.cluster);
      if (some.length === 0) return fill(content, h("section.card", empty("server", "There are no hosts yet", "An agent measures them as soon as a deployment is protected.", button({ text: "To the overview", href: "/" }))));
      chosen ??= some[0].id;
      fill(
        bar,
        h(
          "div.pair",
          input({ name: "deployment", label: "Deployment", type: "select", value: chosen, options: some.map((one) => [one.id, one.name]), oninput: (event) => { chosen = event.target.value; open(); } }),
          input({ name: "minutes", label: "Time", type: "select", value: minutes, options: [["60", "Last hour"], ["180", "Last 3 hours"], ["720", "Last 12 hours"], ["2880", "Last 2 days"]], oninput: (event) => { minutes = Number(event.target.value); open(); } }),
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
      load: (stop) => list(below(group.id, "deployments", chosen, "monitoring"), { signal: stop, query: { minutes, points: MOST_POINTS } }),
      view: (samples) => view(samples),
    });
  };
}

function view(samples) {
  const last = samples.at(-1);
  if (!last) return h("section.card", empty("server", "Nothing was measured in this time", "An agent sends a sample a minute; the first one comes within two minutes."));
  const hosts = [...new Set(samples.flatMap((one) => one.hosts.map((host) => host.host)))].sort();
  const times = samples.map((one) => new Date(one.at));
  const of = (read) => hosts.map((host) => ({ name: host, values: samples.map((one) => read(one.hosts.find((each) => each.host === host)) ?? null) }));
  return fragment(
    members(last),
    h(
      "div.charts",
      chart("Operations a second", { times, series: KINDS.map((kind) => ({ name: kind, values: rates(samples, hosts, (host) => host.operations?.[kind]) })), unit: (value) => count(value) }),
      chart("Replication lag", { times, unit: (value) => duration(value), series: [...new Set(samples.flatMap((one) => one.members.map((member) => member.name)))].sort().map((member) => ({ name: member, values: samples.map((one) => one.members.find((each) => each.name === member)?.lagSeconds ?? null) })) }),
      chart("Connections", { times, series: of((host) => host?.connections), unit: (value) => count(value) }),
      chart("Resident memory", { times, series: of((host) => (host?.residentMegabytes === undefined ? null : host.residentMegabytes * 1024 * 1024)), unit: bytes }),
      chart("WiredTiger cache", { times, series: of((host) => host?.cacheBytes), unit: bytes }),
      chart("Network out, a second", { times, series: [{ name: "all hosts", values: rates(samples, hosts, (host) => host.networkOutBytes) }], unit: bytes }),
      chart("Oplog window", { times, series: [{ name: "oplog", values: samples.map((one) => one.oplog?.windowSeconds ?? null) }], unit: (value) => duration(value) }),
    ),
    databases(last),
  );
}

/** What counters of all hosts rose by a second; null where one is missing or a server started anew in between. */
function rates(samples, hosts, read) {
  return samples.map((one, at) => {
    if (at === 0) return null;
    const before = samples[at - 1];
    const seconds = (Date.parse(one.at) - Date.parse(before.at)) / 1000;
    let sum = null;
    for (const host of hosts) {
      const [now, then] = [one, before].map((sample) => sample.hosts.find((each) => each.host === host));
      const [high, low] = [now && read(now), then && read(then)];
      if (high === undefined || low === undefined || high === null || low === null || high < low || seconds <= 0) continue;
      sum = (sum ?? 0) + (high - low) / seconds;
    }
    return sum;
  });
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
