// From when on something is an alert, and times in which nobody is told.
import { below, post, put, remove } from "../lib/api.js";
import { open, toast } from "../lib/dialog.js";
import { h, name } from "../lib/dom.js";
import { check, form, input, length } from "../lib/form.js";
import { duration } from "../lib/format.js";
import { flush } from "../lib/page.js";
import { badge, button, empty, table, time } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { administrator, may } from "../lib/session.js";

const UNITS = { percent: " %", days: " days", intervals: " intervals", times: " times" };
const SEVERITIES = { critical: ["bad", "Critical"], warning: ["warning", "Warning"], info: ["none", "Note"] };

export function rulesOf({ conditions, deployments }, group, again) {
  return flush(
    "What is looked at",
    null,
    table(
      "Conditions",
      [
        { title: "Condition", cell: (one) => h("span.stack.tight", one.title, h("span.mono.small.soft", one.name)) },
        { title: "Warning", cell: (one) => level(one, one.warning, "warning") },
        { title: "Critical", cell: (one) => level(one, one.critical, "critical") },
        { title: "Rule", cell: (one) => (one.isOn ? (one.from === "default" ? "Default" : `Of the ${one.from}`) : badge("none", "Off")) },
        {
          title: "Actions",
          hidden: true,
          cell: (one) => ((one.ofAppliance ? administrator() : may("configure")) ? button({ text: "Change", small: true, onclick: () => change(one, deployments, group, again), more: { "aria-label": `Change: ${one.title}` } }) : null),
        },
      ],
      conditions,
      { key: (one) => one.name },
    ),
  );
}

function level(condition, value, which) {
  if (condition.unit === "none") return condition.severity === which || (which === "warning" && condition.severity === "info") ? badge(...SEVERITIES[condition.severity]) : "–";
  if (value === undefined || value === null) return "–";
  return `${condition.lessIsWorse ? "below" : "above"} ${text(condition.unit, value)}`;
}

const text = (unit, value) => (unit === "seconds" ? duration(value) : `${Number(value.toFixed(2))}${UNITS[unit] ?? ""}`);

async function change(condition, deployments, group, again) {
  const path = condition.ofAppliance ? `/alert-conditions/${condition.name}` : below(group.id, "alert-conditions", condition.name);
  const done = await open(condition.title, (close) => {
    const shownSame = same();
    const request = (values) => ({ isOn: values.isOn === true, warning: values.warning, critical: values.critical, deployment: values.deployment });
    const tell = (values) =>
      shownSame.show(
        command("alerts", "set", condition.name, values.deployment && ["--deployment", values.deployment], values.warning !== undefined && ["--warning", String(values.warning)], values.critical !== undefined && ["--critical", String(values.critical)], values.isOn !== true && "--off"),
        "PUT",
        path,
        request(values),
      );
    const field = (which, label) =>
      condition.unit === "none"
        ? null
        : condition.unit === "seconds"
          ? length({ name: which, label, value: condition[which] ?? 0, units: [60, 3600, 86400], hint: "0: the default" })
          : input({ name: which, label: `${label} (${UNITS[condition.unit].trim()})`, type: "number", value: condition[which] ?? "", step: "any", optional: true });
    const element = form({
      fields: [
        check({ name: "isOn", label: "Look at it", value: condition.isOn }),
        field("warning", `Warning ${condition.lessIsWorse ? "below" : "above"}`),
        field("critical", `Critical ${condition.lessIsWorse ? "below" : "above"}`),
        condition.ofAppliance ? null : input({ name: "deployment", label: "For", type: "select", value: "", options: [["", "All of the group"], ...deployments.map((one) => [one.name, one.name])] }),
      ],
      same: shownSame.element,
      changed: tell,
      action: "Save",
      cancel: () => close(),
      submit: async (values) => {
        await put(path, request(noZero(values)));
        close(true);
      },
    });
    tell({ isOn: condition.isOn, warning: condition.warning, critical: condition.critical });
    return element;
  });
  if (done) toast("It counts from the next look on.");
  await again();
}

/** A length of nothing is no threshold. */
const noZero = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));

export function windowsOf({ windows, deployments }, group, again) {
  const names = new Map(deployments.map((one) => [one.id, one.name]));
  return flush(
    "Maintenance",
    may("operate") ? [button({ text: "Tell nobody for a while", icon: "plus", small: true, onclick: () => addWindow(deployments, group, again) })] : null,
    windows.length
      ? table(
          "Maintenance windows",
          [
            { title: "From", cell: (one) => time(one.from) },
            { title: "To", cell: (one) => time(one.to) },
            { title: "Of", cell: (one) => name(one.deployment ? names.get(one.deployment) ?? one.deployment : "Everything") },
            { title: "Why", cell: (one) => h("span.stack.tight", name(one.text || "–"), h("span.small.soft", name(one.by))) },
            {
              title: "Actions",
              hidden: true,
              cell: (one) => (may("operate") ? button({ text: "End", small: true, onclick: () => endWindow(one, group, again), more: { "aria-label": "End this window" } }) : null),
            },
          ],
          windows,
          { key: (one) => one.id },
        )
      : empty("clock", "There is no maintenance window", "While you work on a source, alerts can wait: what is still open at the end is told then."),
  );
}

async function endWindow(window, group, again) {
  await remove(below(group.id, "maintenance-windows", window.id));
  toast("Everybody is told again.");
  await again();
}

async function addWindow(deployments, group, again) {
  const path = below(group.id, "maintenance-windows");
  const done = await open("Tell nobody for a while", (close) => {
    const shownSame = same();
    const request = (values) => ({ to: new Date(Date.now() + (values.time ?? 0) * 1000).toISOString(), text: values.text, deployment: values.deployment });
    const tell = (values) =>
      shownSame.show(
        command("alerts", "maintenance", "add", "--for", `${Math.round((values.time ?? 0) / 60)}m`, values.deployment && ["--deployment", values.deployment], values.text && ["--text", values.text]),
        "POST",
        path,
        request(values),
      );
    const element = form({
      intro: "Alerts are opened and are over as ever. What is still open at the end is told then.",
      fields: [
        length({ name: "time", label: "For", value: 3600, units: [60, 3600, 86400] }),
        input({ name: "deployment", label: "Of", type: "select", value: "", options: [["", "Everything in the group"], ...deployments.map((one) => [one.name, one.name])] }),
        input({ name: "text", label: "Why", optional: true, hint: "For the others." }),
      ],
      same: shownSame.element,
      changed: tell,
      action: "Tell nobody",
      cancel: () => close(),
      submit: async (values) => {
        await post(path, request(values));
        close(true);
      },
    });
    tell({ time: 3600 });
    return element;
  });
  if (done) toast("Nobody is told for that time.");
  await again();
}
