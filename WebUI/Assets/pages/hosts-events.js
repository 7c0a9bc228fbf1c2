// What happened to the members of a source, on a line of time and as a table.
import { band } from "../lib/band.js";
import { h, name } from "../lib/dom.js";
import { many, utc } from "../lib/format.js";
import { flush } from "../lib/page.js";
import { badge, empty, table, time } from "../lib/parts.js";

const KINDS = {
  "became-primary": ["warning", "New primary"],
  "no-primary": ["bad", "No primary"],
  elected: ["none", "Elected again"],
  role: ["none", "Role"],
  down: ["bad", "Down"],
  up: ["ok", "Up"],
  version: ["none", "Release"],
  restarted: ["warning", "Started anew"],
  added: ["none", "Added"],
  removed: ["none", "Removed"],
};

/** Elections stand out on the line. */
const LARGE = new Set(["became-primary", "no-primary"]);

/** @param {object[]} events Newest first. @param {number} from Milliseconds: where the line begins. */
export function eventsOf(events, from) {
  const shown = events.filter((one) => Date.parse(one.at) >= from);
  if (shown.length === 0) return flush("What happened", null, empty("ok", "Nothing happened to the members in this time", "Elections, other roles, members that were down, releases and restarts stand here, for a year."));
  const marks = shown.map((one) => ({ at: Date.parse(one.at), text: `${utc(new Date(one.at))}: ${one.text}`, pinned: LARGE.has(one.kind) }));
  return flush(
    "What happened",
    [h("span.tally", String(shown.length))],
    h("div.inset", band({ from, to: Date.now(), ranges: null, marks, label: `${many(shown.length, "event")}; the table below has all of them` })),
    table(
      "What happened to the members",
      [
        { title: "When", cell: (one) => time(one.at) },
        { title: "Event", cell: (one) => badge(...(KINDS[one.kind] ?? ["none", one.kind])) },
        { title: "Member", cell: (one) => name(one.host) },
        { title: "What", cell: (one) => name(one.text) },
      ],
      shown.slice(0, 200),
      { key: (one) => `${one.at}-${one.kind}-${one.host}`, scrolls: true },
    ),
  );
}
