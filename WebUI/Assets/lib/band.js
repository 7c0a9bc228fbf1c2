// The band of moments: what can be restored is filled, what cannot is hatched and says why, snapshots are marks.
import { h } from "./dom.js";
import { duration, localClock, localDay, utc, utcClock, utcDay, zone } from "./format.js";
import { table, time } from "./parts.js";

const STEPS = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 30 * 86400, 90 * 86400, 365 * 86400];

/** The longest time that a band shows, and the ends of what there is. */
export function extent(ranges, marks, longest = Infinity) {
  const now = Date.now();
  const starts = [...(ranges?.ranges ?? []).map((one) => Date.parse(one.from.time)), ...(ranges?.gaps ?? []).map((one) => Date.parse(one.from.time)), ...marks.map((one) => one.at)];
  const first = starts.length ? Math.min(...starts) : now - 3600_000;
  const from = Math.max(first, now - longest);
  return { from: Math.min(from, now - 60_000), to: now };
}

/**
 * @param {{from: number, to: number, ranges: object | null, marks?: {at: number, text: string, pinned?: boolean}[], thin?: boolean, scale?: boolean,
 *   utc?: boolean, label: string, slider?: object, needle?: {at: number, off: boolean}}} what
 */
export function band(what) {
  const { from, to } = what;
  const share = (at) => Math.min(1, Math.max(0, (at - from) / (to - from)));
  const place = (start, end) => ({ left: `${share(start) * 100}%`, width: `${Math.max(0, share(end) - share(start)) * 100}%` });
  const inside = (start, end) => end > from && start < to;
  const whole = (what.ranges?.gaps ?? []).filter((gap) => !gap.collection);
  return h(
    `div.band${what.thin ? ".thin" : ""}`,
    h(
      "div.track",
      what.slider ?? { role: "img", "aria-label": what.label },
      (what.ranges?.ranges ?? [])
        .map((range) => [Date.parse(range.from.time), Date.parse(range.to.time)])
        .filter(([start, end]) => inside(start, end))
        .map(([start, end]) => h("div.part.range", { style: place(start, end), title: `Every second from ${utc(new Date(start))} to ${utc(new Date(end))}` })),
      whole
        .map((gap) => [gap, Date.parse(gap.from.time), gap.to ? Date.parse(gap.to.time) : to])
        .filter(([, start, end]) => inside(start, end))
        .map(([gap, start, end]) => h("div.part.gap", { style: place(start, end), title: gapText(gap) })),
      (what.marks ?? [])
        .filter((mark) => mark.at >= from && mark.at <= to)
        .map((mark) => h(`div.mark${mark.pinned ? ".pinned" : ""}`, { style: { left: `${share(mark.at) * 100}%` }, title: mark.text })),
      what.needle ? h(`div.needle${what.needle.off ? ".off" : ""}`, { style: { left: `${share(what.needle.at) * 100}%` } }) : null,
    ),
    what.scale === false ? null : scale(from, to, share, what.utc === true),
  );
}

/** @param {boolean} inUtc Of which zone the scale is. */
export function legend(inUtc = false) {
  return h(
    "div.legend",
    h("span", h("span.swatch"), "every second can be restored"),
    h("span", h("span.swatch.gap"), "gap"),
    h("span", h("span.swatch.mark"), "snapshot"),
    h("span", `times in ${inUtc ? "UTC" : zone}`),
  );
}

export function gapText(gap) {
  const length = gap.to ? ` (${duration((Date.parse(gap.to.time) - Date.parse(gap.from.time)) / 1000)})` : "";
  const until = gap.to ? `to ${utc(new Date(gap.to.time))}` : "until now";
  const where = gap.collection ? ` in ${gap.collection}` : gap.set ? ` in ${gap.set}` : "";
  return `Gap${where} from ${utc(new Date(gap.from.time))} ${until}${length}: ${gap.cause.text}`;
}

/** The same as a table: what a picture says is never said by it alone. */
export function rangesTable(ranges) {
  const rows = [
    ...ranges.ranges.map((one) => ({ from: one.from, to: one.to, text: "Every second can be restored", level: "range" })),
    ...ranges.gaps.map((one) => ({ from: one.from, to: one.to, text: `Gap${one.collection ? ` in ${one.collection} alone` : one.set ? ` in ${one.set}` : ""}: ${one.cause.text}`, level: "gap" })),
  ].sort((a, b) => Date.parse(a.from.time) - Date.parse(b.from.time));
  return table(
    "Restorable ranges and gaps",
    [
      { title: "From", cell: (row) => time(row.from.time, { exact: true }) },
      { title: "To", cell: (row) => (row.to ? time(row.to.time, { exact: true }) : "still open") },
      { title: "What", cell: (row) => row.text },
    ],
    rows,
  );
}

/** The ranges that hold a whole second: while the source is idle the newest may end within its first one. */
export function wholeSeconds(ranges) {
  return ranges.ranges.filter((one) => Date.parse(one.from.time) <= Date.parse(one.to.time));
}

/**
 * Where a second lies: in a range, or why not and which moments are nearest.
 * @returns {{ok: boolean, text?: string, gap?: object, before?: Date, after?: Date, partly?: object[]}}
 */
export function locate(at, ranges) {
  const moment = at.getTime();
  const edges = wholeSeconds(ranges).map((one) => [Date.parse(one.from.time), Date.parse(one.to.time)]);
  if (edges.some(([from, to]) => moment >= from && moment <= to)) {
    const partly = ranges.gaps.filter((gap) => gap.collection && within(moment, gap));
    return { ok: true, partly };
  }
  const before = edges.filter(([, to]) => to < moment).map(([, to]) => to);
  const after = edges.filter(([from]) => from > moment).map(([from]) => from);
  const nearest = {
    before: before.length ? new Date(Math.max(...before)) : null,
    after: after.length ? new Date(Math.min(...after)) : null,
  };
  const gap = ranges.gaps.find((one) => !one.collection && within(moment, one));
  const text = gap
    ? `This second lies in a gap: ${gap.cause.text}`
    : edges.length === 0
      ? "No second can be restored yet: the first snapshot is not there."
      : nearest.before === null
        ? "This is before the oldest second that can be restored."
        : nearest.after === null
          ? "This is after the newest second that can be restored."
          : "This second lies in a gap.";
  return { ok: false, text, gap, ...nearest };
}

function within(moment, gap) {
  return moment > Date.parse(gap.from.time) && (!gap.to || moment < Date.parse(gap.to.time));
}

function scale(from, to, share, inUtc) {
  const seconds = (to - from) / 1000;
  const step = STEPS.find((one) => seconds / one <= 6) ?? STEPS.at(-1);
  const offset = inUtc ? 0 : new Date(to).getTimezoneOffset() * 60;
  const ticks = [];
  for (let at = Math.ceil((from / 1000 - offset) / step) * step + offset; at * 1000 <= to; at += step) ticks.push(new Date(at * 1000));
  const text = (date) => (step >= 86400 ? (inUtc ? utcDay(date) : localDay(date)).slice(5) : (inUtc ? utcClock(date) : localClock(date)).slice(0, 5));
  return h(
    "div.scale",
    { "aria-hidden": "true" },
    ticks.map((tick) => {
      const at = share(tick.getTime());
      return h(`span${at < 0.04 ? ".first" : at > 0.96 ? ".last" : ""}`, { style: { left: `${at * 100}%` } }, text(tick));
    }),
  );
}
