// What a source's servers told when an alert opened, and for which alerts they are asked.
import { below, get, put, remove } from "../lib/api.js";
import { open, toast } from "../lib/dialog.js";
import { fill, fragment, h, name } from "../lib/dom.js";
import { check, form, input } from "../lib/form.js";
import { flush } from "../lib/page.js";
import { badge, button, empty, fault, note, table, time, waitingFor } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { may } from "../lib/session.js";
import { excerpt } from "./hosts-ask.js";

const SEVERITIES = [["", "All lines"], ["I", "Information and worse"], ["W", "Warnings and worse"], ["E", "Errors and worse"], ["F", "Only what is fatal"]];

/** What a source's servers may say more of; the same that the appliance takes where none is named. */
const OF_SERVERS = ["host-down", "no-primary", "election", "replication-lag", "slow-operations"];

export function showExcerpt(alert, group) {
  return open(
    `${alert.title}: ${alert.subject}`,
    () => {
      const path = below(group.id, "alerts", String(alert.id), "excerpt");
      const place = h("div.stack", { role: "status" }, waitingFor("It is read …"));
      const shownSame = same();
      shownSame.show(command("alerts", "excerpt", String(alert.id)), "GET", path);
      get(path)
        .then((found) =>
          fill(
            place,
            fragment(
              h("p.small.soft", "Collected ", time(found.at), ". Of queries it is the shape alone."),
              found.error ? note("warning", `${found.error.code} ${found.error.message} ${found.error.hint}`) : null,
              found.hosts.map(excerpt),
            ),
          ),
        )
        .catch((problem) => fill(place, fault(problem)));
      return [place, shownSame.element];
    },
    { wide: true },
  );
}

export function excerptsOf({ excerpts, conditions, deployments }, group, again) {
  const names = new Map(deployments.map((one) => [one.id, one.name]));
  const titles = new Map(conditions.map((one) => [one.name, one.title]));
  return flush(
    "Logs of then",
    may("configure") ? [button({ text: "Collect logs", icon: "plus", small: true, onclick: () => change(undefined, { conditions, deployments }, group, again) })] : null,
    excerpts.length
      ? table(
          "What is collected when an alert opens",
          [
            { title: "Of", cell: (one) => name(one.deployment ? names.get(one.deployment) ?? one.deployment : "Everything") },
            { title: "When", cell: (one) => (one.isOn ? h("span.stack.tight", one.conditions.map((each) => h("span", titles.get(each) ?? each))) : badge("none", "Off")) },
            { title: "Lines", number: true, cell: (one) => h("span", String(one.lines), one.severity ? ` (${one.severity} and worse)` : "") },
            { title: "Slow from", cell: (one) => (one.slowMilliseconds ? `${one.slowMilliseconds} ms` : "–") },
            {
              title: "Actions",
              hidden: true,
              cell: (one) =>
                may("configure")
                  ? h(
                      "div.row",
                      button({ text: "Change", small: true, onclick: () => change(one, { conditions, deployments }, group, again), more: { "aria-label": `Change what is collected of ${one.deployment ? names.get(one.deployment) : "everything"}` } }),
                      button({ text: "Remove", small: true, onclick: () => removeRule(one, names, group, again), more: { "aria-label": `Remove the rule of ${one.deployment ? names.get(one.deployment) : "everything"}` } }),
                    )
                  : null,
            },
          ],
          excerpts,
          { key: (one) => one.deployment ?? "all" },
        )
      : empty("terminal", "Nothing is collected when an alert opens", "The logs and slow operations of a source's servers can be kept with the alert, as they were then."),
  );
}

async function removeRule(rule, names, group, again) {
  const query = rule.deployment ? `?${new URLSearchParams({ deployment: rule.deployment })}` : "";
  await remove(`${below(group.id, "excerpt-rules")}${query}`);
  toast(rule.deployment ? `The group's rule counts for ${names.get(rule.deployment) ?? "it"} now.` : "Nothing is collected any more, but by rules of deployments.");
  await again();
}

async function change(rule, { conditions, deployments }, group, again) {
  const path = below(group.id, "excerpt-rules");
  const before = rule ?? { isOn: true, conditions: OF_SERVERS, lines: 200, slowMilliseconds: 1000 };
  const known = conditions.filter((one) => !one.ofAppliance);
  const done = await open("Logs when an alert opens", (close) => {
    const shownSame = same();
    const request = (values) => ({
      deployment: (rule ? rule.deployment : values.deployment) || undefined,
      isOn: values.isOn === true,
      conditions: known.map((one) => one.name).filter((one) => values[`of-${one}`] === true),
      lines: values.lines ?? 200,
      severity: values.severity || undefined,
      slowMilliseconds: values.slow,
    });
    const tell = (values) => {
      const sent = request(values);
      shownSame.show(
        command(
          "alerts",
          "excerpts",
          "set",
          sent.deployment && ["--deployment", sent.deployment],
          ...sent.conditions.map((one) => ["--condition", one]),
          ["--lines", String(sent.lines)],
          sent.severity && ["--severity", sent.severity],
          sent.slowMilliseconds && ["--slow", String(sent.slowMilliseconds)],
          !sent.isOn && "--off",
        ),
        "PUT",
        path,
        sent,
      );
    };
    const element = form({
      intro: "The agent is asked for the ends of the servers' logs and for slow operations, and what they say stays with the alert. Of queries it is the shape alone.",
      fields: [
        check({ name: "isOn", label: "Collect", value: before.isOn }),
        rule ? null : input({ name: "deployment", label: "Of", type: "select", value: "", options: [["", "Everything in the group"], ...deployments.map((one) => [one.id, one.name])] }),
        h("fieldset", h("legend", "When such an alert opens"), known.map((one) => check({ name: `of-${one.name}`, label: one.title, value: before.conditions.includes(one.name) }))),
        h(
          "div.pair",
          input({ name: "lines", label: "Lines of each log", type: "number", value: before.lines, min: 0, max: 500 }),
          input({ name: "severity", label: "Severity", type: "select", value: before.severity ?? "", options: SEVERITIES }),
        ),
        input({ name: "slow", label: "Slow from (milliseconds)", type: "number", value: before.slowMilliseconds ?? "", min: 1, optional: true, hint: "Empty: no operations." }),
      ],
      same: shownSame.element,
      changed: tell,
      action: "Save",
      cancel: () => close(),
      submit: async (values) => {
        await put(path, request(values));
        close(true);
      },
    });
    tell({ isOn: before.isOn, lines: before.lines, severity: before.severity, slow: before.slowMilliseconds, ...Object.fromEntries(before.conditions.map((one) => [`of-${one}`, true])) });
    return element;
  });
  if (done) toast("It counts for alerts that open from now on.");
  await again();
}
