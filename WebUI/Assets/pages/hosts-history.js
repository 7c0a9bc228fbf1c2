// How the servers of a source were: averages over spans of equal length, with the most of those where the most matters.
import { chart } from "../lib/chart.js";
import { h } from "../lib/dom.js";
import { bytes, count, duration } from "../lib/format.js";

const KINDS = ["insert", "query", "update", "delete", "getmore", "command"];

/** @param {object[]} spans As the API gives them, oldest first. @param {object[]} events Newest first: they are marked in each chart. */
export function chartsOf(spans, events) {
  const times = spans.map((one) => new Date(one.from));
  const marks = events.map((one) => new Date(one.at));
  const hosts = [...new Set(spans.flatMap((one) => one.hosts.map((host) => host.host)))].sort();
  const members = [...new Set(spans.flatMap((one) => one.members.map((member) => member.name)))].sort();
  const draw = (title, unit, series) => (series.some((one) => one.values.some((value) => value !== null)) ? chart(title, { times, unit, series, marks }) : null);
  const of = (read, which = "average") => hosts.map((host) => ({ name: host, values: spans.map((one) => read(one.hosts.find((each) => each.host === host) ?? {})?.[which] ?? null) }));
  const all = (read) => spans.map((one) => sum(one.hosts.map((host) => read(host)?.average)));
  return h(
    "div.charts",
    draw("Operations a second", (value) => count(value), KINDS.map((kind) => ({ name: kind, values: all((host) => host.operations?.[kind]) }))),
    draw("Replication lag, at most", (value) => duration(value), members.map((member) => ({ name: member, values: spans.map((one) => one.members.find((each) => each.name === member)?.lagSeconds?.most ?? null) }))),
    draw("Connections", (value) => count(value), of((host) => host.connections)),
    draw("Waiting for a lock, at most", (value) => count(value), of((host) => host.queued, "most")),
    draw("Resident memory", bytes, of((host) => host.residentBytes)),
    draw("WiredTiger cache", bytes, of((host) => host.cacheBytes)),
    draw("Network in, a second", bytes, [{ name: "all hosts", values: all((host) => host.networkInBytes) }]),
    draw("Network out, a second", bytes, [{ name: "all hosts", values: all((host) => host.networkOutBytes) }]),
    draw("Disk used", bytes, of((host) => host.diskUsedBytes)),
    draw("Data on the disk", bytes, [{ name: "data and indexes", values: spans.map((one) => one.storageBytes?.average ?? null) }]),
    draw("Oplog window, at least", (value) => duration(value), [{ name: "oplog", values: spans.map((one) => one.oplogWindow?.least ?? null) }]),
  );
}

/** Null where none of them is known. */
function sum(values) {
  const known = values.filter((one) => one !== undefined && one !== null);
  return known.length ? known.reduce((one, other) => one + other, 0) : null;
}
