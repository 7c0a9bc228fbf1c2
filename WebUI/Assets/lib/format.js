// Numbers, sizes and times for people.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes in powers of 1024, as the commands print them: "1.4 GiB". */
export function bytes(count) {
  if (count === null || count === undefined || !Number.isFinite(count)) return "–";
  let value = Math.abs(count);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${count < 0 ? "−" : ""}${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Whole numbers with thin spaces between thousands. */
export function count(number) {
  if (number === null || number === undefined || !Number.isFinite(number)) return "–";
  return Math.round(number).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** "1 snapshot", "12 snapshots". */
export function many(number, one, more = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : more}`;
}

export function percent(share) {
  return `${Math.floor(Math.min(1, Math.max(0, share)) * 100)} %`;
}

/** A length of time in its two largest units: "2 h 5 min". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const rest = Math.max(0, seconds);
  if (rest < 1) return rest === 0 ? "0 s" : "under 1 s";
  if (rest < 60) return `${Math.floor(rest)} s`;
  const steps = [
    [86400, "d", 3600, "h"],
    [3600, "h", 60, "min"],
    [60, "min", 1, "s"],
  ];
  for (const [size, unit, small, smallUnit] of steps) {
    if (rest >= size) {
      const large = Math.floor(rest / size);
      const left = Math.floor((rest % size) / small);
      return left && large < 10 ? `${large} ${unit} ${left} ${smallUnit}` : `${large} ${unit}`;
    }
  }
  return "0 s";
}

/** As the command takes it: 6h, 90m, 2d. */
export function shortDuration(seconds) {
  if (!seconds) return "0";
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "m"]]) if (seconds % size === 0) return `${seconds / size}${unit}`;
  return `${seconds}s`;
}

/** Seconds of "6h", "30 min", "2d", "1w"; null where it is no length of time. */
export function parseDuration(text) {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d|w|months?|y)?\s*$/i.exec(text);
  if (!match) return null;
  const unit = (match[2] ?? "s").toLowerCase();
  const size = { s: 1, sec: 1, m: 60, min: 60, h: 3600, d: 86400, w: 604800, month: 2592000, months: 2592000, y: 31536000 }[unit];
  return Math.round(Number(match[1]) * size);
}

/** "12 s ago", "in 4 min". */
export function relative(at, now = Date.now()) {
  const seconds = (at - now) / 1000;
  const length = Math.abs(seconds);
  if (length < 1.5) return "now";
  return seconds < 0 ? `${duration(length)} ago` : `in ${duration(length)}`;
}

const two = (number) => String(number).padStart(2, "0");

/** "2026-11-23 00:11:02 UTC" */
export function utc(date) {
  return `${utcDay(date)} ${utcClock(date)} UTC`;
}

export function utcDay(date) {
  return `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

export function utcClock(date) {
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
}

export function localDay(date) {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function localClock(date) {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";

/** "2026-11-23 01:11:02 (Europe/Berlin)" */
export function local(date) {
  return `${localDay(date)} ${localClock(date)} (${zone})`;
}

/** ISO 8601 without fractions, as the API and commands take it. */
export function iso(date) {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** The moment of an optime: its whole second. */
export function optimeDate(optime) {
  return new Date(optime.t * 1000);
}

export function optimeText(optime) {
  return `${optime.t},${optime.i}`;
}

/** One word of a shell, whatever is in it. */
export function quoted(word) {
  const text = String(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
