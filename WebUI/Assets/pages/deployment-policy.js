// When snapshots are taken and how long they are kept, with what a change would do before it is made.
import { get, patch, post } from "../lib/api.js";
import { toast } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { form, input, length } from "../lib/form.js";
import { duration, many, shortDuration, utc } from "../lib/format.js";
import { card, shown } from "../lib/page.js";
import { fault, note, time } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { may } from "../lib/session.js";
import { isCluster } from "../lib/status.js";

const INTERVALS = [900, 1200, 1800, 3600, 7200, 10800, 14400, 21600, 28800, 43200, 86400];
const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const DAY = 86400;

export function policy(root, context) {
  shown(root, context.signal, {
    load: (signal) => get(`${context.path}/policy`, { signal }),
    view: (data, again) => view(data, context, again),
  });
}

function view(data, context, again) {
  if (!may("configure")) return card("Policy", summary(data));
  const ahead = h("div.stack.tight", { "aria-live": "polite" });
  const shownSame = same();
  const target = `${context.path}/policy`;
  const cluster = data.checkpointSeconds !== undefined || isCluster(context.state.deployment ?? {});
  let timer;

  const changed = (values) => {
    const change = difference(data, values);
    shownSame.show(commandOf(context, change), "PATCH", target, change);
    clearTimeout(timer);
    timer = setTimeout(() => preview(target, change, ahead, context.signal), 350);
  };

  const element = form({
    fields: [
      h(
        "div.pair",
        input({
          name: "intervalSeconds",
          label: "A snapshot every",
          type: "select",
          value: data.intervalSeconds,
          options: [...new Set([...INTERVALS, data.intervalSeconds])].sort((a, b) => a - b).map((one) => [String(one), duration(one)]),
        }),
        data.at !== undefined ? input({ name: "at", label: "Beginning at", type: "time", value: data.at.slice(0, 5), hint: "Of each day, and every interval from it." }) : null,
        data.zone !== undefined ? input({ name: "zone", label: "Time zone", type: "select", value: data.zone, options: zones(data.zone) }) : null,
      ),
      h("h3", "Kept for"),
      h(
        "div.pair",
        length({ name: "keepSeconds", label: "Every snapshot", value: data.keepSeconds, hint: "At least the interval." }),
        data.dailySeconds !== undefined ? length({ name: "dailySeconds", label: "The last of each day", value: data.dailySeconds, units: [DAY, 7 * DAY], hint: "0: not for being that." }) : null,
        data.weeklySeconds !== undefined ? length({ name: "weeklySeconds", label: "The last of each week", value: data.weeklySeconds, units: [DAY, 7 * DAY] }) : null,
        data.monthlySeconds !== undefined ? length({ name: "monthlySeconds", label: "The last of each month", value: data.monthlySeconds, units: [DAY, 7 * DAY] }) : null,
        data.weekEnds !== undefined ? input({ name: "weekEnds", label: "A week ends on", type: "select", value: String(data.weekEnds).toLowerCase(), options: DAYS.map((one) => [one, one[0].toUpperCase() + one.slice(1)]) }) : null,
      ),
      h("h3", "Proof"),
      h("div.pair", length({ name: "verifySeconds", label: "The newest is read back every", value: data.verifySeconds, units: [DAY, 7 * DAY], hint: "A day to 366 days; 0: only when somebody asks." })),
      h("h3", "Point in time"),
      h(
        "div.pair",
        length({ name: "windowSeconds", label: "Every second of the last", value: data.windowSeconds, units: [3600, DAY], hint: "0 to 90 days." }),
        cluster
          ? input({ name: "checkpointSeconds", label: "Checkpoints", type: "select", value: data.checkpointSeconds ?? 0, options: [["0", "None"], ["900", "Every 15 min"], ["1800", "Every 30 min"], ["3600", "Every hour"]] })
          : null,
        cluster && data.balancer ? input({ name: "balancer", label: "If the balancer cannot be stopped", type: "select", value: data.balancer, options: [["flag", "Take the snapshot and flag it"], ["refuse", "Take none"]] }) : null,
      ),
      ahead,
    ],
    same: shownSame.element,
    changed,
    action: "Change the policy",
    submit: async (values) => {
      const change = difference(data, values);
      if (Object.keys(change).length === 0) return toast("Nothing is different.", "none");
      await patch(target, change);
      toast("The policy is changed.");
      await again();
    },
  });
  const start = element.querySelectorAll("input, select");
  for (const control of start) if (control.type !== "hidden") control.addEventListener("change", () => element.oninput());
  element.dataset.own = "";
  shownSame.show(commandOf(context, {}), "PATCH", target, {});
  preview(target, {}, ahead, context.signal);
  return h("section.card.stack", { "data-key": JSON.stringify(data) }, h("h2", "Policy"), element);
}

/** Only what was changed: what somebody else changes meanwhile stays. */
function difference(data, values) {
  const change = {};
  for (const [key, value] of Object.entries(values)) {
    const given = /Seconds$/.test(key) ? Number(value) : value;
    const old = key === "at" ? data.at?.slice(0, 5) : key === "checkpointSeconds" ? (data[key] ?? 0) : key === "weekEnds" ? String(data[key]).toLowerCase() : data[key];
    if (given !== old) change[key] = given;
  }
  return change;
}

const OPTIONS = {
  intervalSeconds: "--interval",
  keepSeconds: "--keep",
  dailySeconds: "--daily",
  weeklySeconds: "--weekly",
  monthlySeconds: "--monthly",
  windowSeconds: "--window",
  verifySeconds: "--verify",
  checkpointSeconds: "--checkpoints",
  at: "--at",
  zone: "--zone",
  weekEnds: "--week-ends",
  balancer: "--balancer",
};

function commandOf({ state, id }, change) {
  return command(
    "policy",
    state.deployment?.name ?? id,
    Object.entries(change).flatMap(([key, value]) => [OPTIONS[key], /Seconds$/.test(key) ? shortDuration(value) : value]),
  );
}

async function preview(target, change, place, signal) {
  try {
    const told = await post(`${target}/preview`, change, { signal });
    const going = told.expiring.filter((one) => !one.anyway);
    fill(
      place,
      h("h3", "What it would do"),
      h("p", "Next snapshots: ", told.nextDue.slice(0, 5).map(({ at, local }, index) => [index ? ", " : "", time(at), h("span.soft", ` (${local.slice(5, 16).replace("T", " ")})`)]), "."),
      going.length
        ? note("warning", `${many(going.length, "snapshot")} would expire with this change, and ${told.kept} stay.`, { more: h("ul.small", going.slice(0, 20).map((one) => h("li", utc(new Date(one.createdAt))))) })
        : note("ok", `No snapshot would expire by this change; ${told.kept} stay.`),
      told.lostMoments.length
        ? note("warning", "Moments that can be restored now could not be restored any more.", {
            more: h("ul.small", told.lostMoments.slice(0, 20).map((one) => h("li", `${utc(new Date(one.from.time))} to ${utc(new Date(one.to.time))}`))),
          })
        : null,
    );
  } catch (problem) {
    if (problem.name === "AbortError") return;
    // A value that is out of its range is told at its field when the form is sent, and here before.
    fill(place, h("h3", "What it would do"), problem.status === 404 ? h("p.soft", "No preview is to be had.") : fault(problem));
  }
}

function summary(data) {
  return h("p", `A snapshot every ${duration(data.intervalSeconds)}, each kept ${duration(data.keepSeconds)}; every second of the last ${duration(data.windowSeconds)}. The next one is due `, time(data.nextDue), ".");
}

function zones(own) {
  const all = Intl.supportedValuesOf?.("timeZone") ?? [];
  return [...new Set(["UTC", own, ...all])].map((one) => [one, one]);
}
