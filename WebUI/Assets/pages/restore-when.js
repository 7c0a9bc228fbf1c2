// Step 2: a snapshot, any second on the timeline, or an exact entry of the oplog. What lies in a gap cannot be chosen, and says why.
import { band, extent, gapText, legend, locate, wholeSeconds } from "../lib/band.js";
import { fill, h } from "../lib/dom.js";
import { bytes, localClock, localDay, relative, utc, utcClock, utcDay, zone, local } from "../lib/format.js";
import { choices, input } from "../lib/form.js";
import { button, note } from "../lib/parts.js";
import { isPinned, momentOf } from "../lib/status.js";

const SECOND = 1000;
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -3600, PageUp: 3600 };

export function when(context) {
  const { plan } = context;
  const place = h("div.stack");
  const ways = { snapshot: bySnapshot, second: bySecond, optime: byOptime };
  let way;
  const choose = () => {
    way = ways[plan.when.kind](context);
    fill(place, way.element);
  };
  choose();
  const newest = context.ranges.ranges.at(-1);
  const seconds = wholeSeconds(context.ranges).length > 0;
  return {
    element: h(
      "div.stack",
      choices({
        name: "when",
        label: "To which moment",
        quiet: true,
        value: plan.when.kind,
        options: [
          { value: "second", text: "A second", hint: seconds ? "Just before something went wrong." : "None can be restored yet.", disabled: !seconds },
          { value: "snapshot", text: "A snapshot", hint: "One that the policy or somebody took.", disabled: context.snapshots.length === 0 },
          { value: "optime", text: "An entry of the oplog", hint: "Up to it and including it.", disabled: !newest },
        ],
        oninput: (event) => {
          plan.when.kind = event.target.value;
          choose();
        },
      }),
      place,
    ),
    check: () => way.check(),
  };
}

function bySnapshot({ plan, snapshots }) {
  return {
    element: input({
      name: "snapshot",
      label: "Snapshot",
      type: "select",
      value: plan.when.snapshot,
      options: snapshots.map((one) => [one.id, `${utc(momentOf(one))} · ${relative(momentOf(one).getTime())} · ${bytes(one.rawBytes)}${isPinned(one) ? " · pinned" : ""}`]),
      oninput: (event) => (plan.when.snapshot = event.target.value),
    }),
    check: () => (plan.when.snapshot ? null : note("bad", "No snapshot is chosen.")),
  };
}

function bySecond({ plan, ranges, snapshots }) {
  const moment = plan.when;
  const held = wholeSeconds(ranges);
  const newest = Date.parse(held.at(-1).to.time);
  const oldest = Date.parse(held[0].from.time);
  moment.second ??= newest;
  let span = "";
  const marks = snapshots.map((one) => ({ at: momentOf(one).getTime(), text: `Snapshot of ${utc(momentOf(one))}` }));
  const track = h("div");
  const verdict = h("div.stack.tight", { role: "status" });
  const typed = input({
    name: "second",
    label: "Second",
    type: "datetime-local",
    required: true,
    step: "1",
    hint: "Everything that happened before this second begins.",
    oninput: (event) => {
      const at = parse(event.target.value, moment.utc);
      if (at === null) return;
      moment.second = at;
      draw(false);
    },
  });
  const control = typed.querySelector("input");
  const write = () => {
    const date = new Date(moment.second);
    control.value = moment.utc ? `${utcDay(date)}T${utcClock(date)}` : `${localDay(date)}T${localClock(date)}`;
  };

  const set = (at) => {
    moment.second = Math.round(Math.min(Math.max(at, oldest - 3600 * SECOND), Date.now()) / SECOND) * SECOND;
    write();
    draw(false);
  };

  const draw = (whole) => {
    const date = new Date(moment.second);
    const found = locate(date, ranges);
    const ends = extent(ranges, marks, span ? Number(span) * SECOND : Infinity);
    const text = `${utc(date)}, ${found.ok ? "can be restored" : found.text}`;
    const needle = { at: moment.second, off: !found.ok };
    if (whole || !track.firstChild) {
      fill(
        track,
        band({
          ...ends,
          ranges,
          marks,
          utc: moment.utc,
          label: "Moments",
          needle,
          slider: {
            role: "slider",
            tabindex: "0",
            "aria-label": "Second to restore to",
            "aria-describedby": "slider-keys",
            onkeydown: (event) => {
              const step = event.key === "Home" ? oldest - moment.second : event.key === "End" ? newest - moment.second : (STEPS[event.key] ?? 0) * SECOND * (event.shiftKey ? 60 : 1);
              if (!step && event.key !== "Home" && event.key !== "End") return;
              event.preventDefault();
              set(moment.second + step);
            },
            onpointerdown: (event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              slide(event, ends);
            },
            onpointermove: (event) => event.buttons && slide(event, ends),
          },
        }),
      );
    } else {
      const shown = track.querySelector(".needle");
      shown.style.left = `${Math.min(1, Math.max(0, (moment.second - ends.from) / (ends.to - ends.from))) * 100}%`;
      shown.classList.toggle("off", !found.ok);
    }
    const slider = track.querySelector("[role=slider]");
    slider.setAttribute("aria-valuemin", String(Math.round(oldest / SECOND)));
    slider.setAttribute("aria-valuemax", String(Math.round(newest / SECOND)));
    slider.setAttribute("aria-valuenow", String(Math.round(moment.second / SECOND)));
    slider.setAttribute("aria-valuetext", text);
    fill(verdict, verdictOf(date, found, set));
  };

  const slide = (event, ends) => {
    const box = event.currentTarget.getBoundingClientRect();
    set(ends.from + ((event.clientX - box.left) / box.width) * (ends.to - ends.from));
  };

  write();
  draw(true);
  return {
    element: h(
      "div.stack",
      h(
        "div.pair",
        typed,
        input({
          name: "zone",
          label: "Time zone",
          type: "select",
          value: moment.utc ? "utc" : "local",
          options: [["local", `Yours: ${zone}`], ["utc", "UTC"]],
          oninput: (event) => {
            moment.utc = event.target.value === "utc";
            write();
            draw(true);
          },
        }),
        input({
          name: "span",
          label: "Timeline",
          type: "select",
          value: span,
          options: [["", "All"], ["604800", "Last week"], ["86400", "Last day"], ["3600", "Last hour"]],
          oninput: (event) => {
            span = event.target.value;
            draw(true);
          },
        }),
      ),
      h("div.stack.tight", track, legend(moment.utc), h("p.small.soft", { id: "slider-keys" }, "Arrow keys: a second; with Shift a minute; Page Up and Page Down: an hour; Home and End: the oldest and the newest.")),
      verdict,
    ),
    check: () => {
      if (parse(control.value, moment.utc) === null) return note("bad", "This is no date with a time.", { hint: "Day, hour, minute and second are needed." });
      const found = locate(new Date(moment.second), ranges);
      return found.ok ? null : note("bad", "This second cannot be restored.", { hint: "Take one of the nearest that can, above." });
    },
  };
}

function verdictOf(date, found, set) {
  if (found.ok) {
    return [
      note("ok", `State just before ${utc(date)}: this second can be restored.`, { hint: `${local(date)}, ${relative(date.getTime())}` }),
      found.partly?.map((gap) => note("warning", gapText(gap), { hint: "Everything else can be restored to this second." })),
    ];
  }
  return note("bad", found.text, {
    hint: found.gap ? gapText(found.gap) : undefined,
    code: found.gap?.cause.error,
    more: h(
      "div.row",
      found.before ? button({ text: `Last before: ${utc(found.before)}`, small: true, onclick: () => set(found.before.getTime()) }) : null,
      found.after ? button({ text: `First after: ${utc(found.after)}`, small: true, onclick: () => set(found.after.getTime()) }) : null,
    ),
  });
}

function byOptime({ plan, ranges }) {
  const optime = plan.when.optime;
  const newest = ranges.ranges.at(-1).to.optime;
  if (optime.t === "") Object.assign(optime, { t: String(newest.t), i: String(newest.i) });
  const verdict = h("div", { role: "status" });
  const compare = (a, b) => a.t - b.t || a.i - b.i;
  const wrong = () => {
    if (!/^\d{1,10}$/.test(optime.t) || !/^\d{1,10}$/.test(optime.i)) return { text: "Both are whole numbers.", hint: "As in the entry's ts: Timestamp(T, I)." };
    const given = { t: Number(optime.t), i: Number(optime.i) };
    if (ranges.ranges.some((one) => compare(given, one.from.optime) >= 0 && compare(given, one.to.optime) <= 0)) return null;
    const gap = ranges.gaps.find((one) => !one.collection && compare(given, one.from.optime) > 0 && (!one.to || compare(given, one.to.optime) < 0));
    return gap
      ? { text: `This entry lies in a gap: ${gap.cause.text}`, hint: gapText(gap), code: gap.cause.error }
      : { text: compare(given, newest) > 0 ? "This entry is after the newest that is held." : "This entry is before the oldest that is held.", hint: `From ${ranges.ranges[0].from.optime.t},${ranges.ranges[0].from.optime.i} to ${newest.t},${newest.i}.` };
  };
  const draw = () => {
    const found = wrong();
    fill(verdict, found ? note("bad", found.text, found) : note("ok", `Everything up to and including the entry ${optime.t},${optime.i}, of ${utc(new Date(Number(optime.t) * SECOND))}.`));
  };
  const field = (key, label) =>
    input({
      name: key,
      label,
      value: optime[key],
      mono: true,
      required: true,
      more: { inputmode: "numeric" },
      oninput: (event) => {
        optime[key] = event.target.value.trim();
        draw();
      },
    });
  draw();
  return {
    element: h("div.stack", h("div.pair", field("t", "T: seconds since 1970"), field("i", "I: ordinal within the second")), verdict),
    check: () => {
      const found = wrong();
      return found ? note("bad", "This entry cannot be restored to.", { hint: found.text }) : null;
    },
  };
}

/** Milliseconds of what a date field holds; null where it is none. */
function parse(text, inUtc) {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)) return null;
  const at = Date.parse(inUtc ? `${text}Z` : text);
  return Number.isNaN(at) ? null : at;
}
