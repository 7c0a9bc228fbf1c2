// What is asked of the servers themselves, through their agent: the ends of their logs, slow operations, and that the primary steps down.
import { below, get, post, put } from "../lib/api.js";
import { open, toast } from "../lib/dialog.js";
import { fill, h, name } from "../lib/dom.js";
import { check, form, input } from "../lib/form.js";
import { duration } from "../lib/format.js";
import { card } from "../lib/page.js";
import { badge, button, fault, note, table, waitingFor } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { may } from "../lib/session.js";

const SEVERITIES = [["", "All lines"], ["W", "Warnings and worse"], ["E", "Errors and worse"], ["F", "Only what is fatal"]];

/** @param {{id: string, name: string}} deployment @param {object} group @param {{allowsStepDown: boolean, showsValues: boolean}} settings */
export function askOf(deployment, group, settings, again) {
  if (!may("operate") && !may("configure")) return null;
  const path = below(group.id, "deployments", deployment.id);
  return card(
    "Ask the servers",
    [
      may("operate") ? button({ text: "Logs and slow operations", icon: "terminal", small: true, onclick: () => look(deployment, path, settings) }) : null,
      may("configure") ? button({ text: "What may be asked", small: true, onclick: () => change(deployment, path, settings, again) }) : null,
      may("configure") && settings.allowsStepDown ? button({ text: "Step down", small: true, danger: true, onclick: () => stepDown(deployment, path, again), more: { "aria-label": `Tell the primary of ${deployment.name} to step down` } }) : null,
    ],
    h(
      "p.small.soft",
      settings.showsValues ? "Values of queries may be shown. " : "Of queries the shape alone is shown. ",
      settings.allowsStepDown ? "The primary may be told to step down." : "The primary may not be told to step down.",
    ),
  );
}

function look(deployment, path, settings) {
  return open(
    `Logs and slow operations of ${deployment.name}`,
    () => {
      const place = h("div.stack", { role: "status" });
      const shownSame = same();
      const request = (values) => ({ lines: values.lines ?? 100, severity: values.severity || undefined, slowMilliseconds: values.slow, values: values.values === true || undefined });
      const tell = (values) =>
        shownSame.show(
          command("hosts", "look", deployment.name, ["--lines", String(values.lines ?? 100)], values.severity && ["--severity", values.severity], values.slow && ["--slow", String(values.slow)], values.values === true && "--values"),
          "POST",
          `${path}/host-look`,
          request(values),
        );
      const element = form({
        fields: [
          h(
            "div.pair",
            input({ name: "lines", label: "Lines of each log", type: "number", value: 100, min: 0, max: 500 }),
            input({ name: "severity", label: "Severity", type: "select", value: "", options: SEVERITIES }),
          ),
          input({ name: "slow", label: "Slow from (milliseconds)", type: "number", value: 1000, min: 1, optional: true, hint: "Operations that run so long now, and those of a profiler where one is on already." }),
          settings.showsValues ? check({ name: "values", label: "With the values of queries", value: false }) : null,
        ],
        same: shownSame.element,
        changed: tell,
        action: "Look",
        submit: async (values) => {
          fill(place, waitingFor("The agent asks the servers …"));
          try {
            fill(place, (await post(`${path}/host-look`, request(values))).items.map(excerpt));
          } catch (problem) {
            fill(place, fault(problem));
          }
        },
      });
      tell({ lines: 100, slow: 1000 });
      return [element, place];
    },
    { wide: true },
  );
}

/** What one server told. */
export function excerpt(one) {
  return h(
    "section.stack.tight",
    h("h3", name(one.host)),
    one.trouble ? note("warning", one.trouble) : null,
    one.operations.length
      ? table(
          `Slow operations of ${one.host}`,
          [
            { title: "For", number: true, cell: (each) => duration(each.milliseconds / 1000) },
            { title: "What", cell: (each) => h("span.stack.tight", h("span", badge("none", each.source === "running" ? "Runs" : "Profiled"), " ", each.kind), name(each.namespace)) },
            { title: "Plan", cell: (each) => name(each.plan ?? "–") },
            { title: "Command", cell: (each) => h("span.mono.small", name(each.command)) },
          ],
          one.operations,
          { scrolls: true },
        )
      : null,
    one.lines.length ? h("div.copy", h("pre", { tabindex: "0", "aria-label": `Log of ${one.host}` }, one.lines.join("\n"))) : h("p.small.soft", "No such line is in its log."),
    one.isCut ? h("p.small.soft", "There is more than is shown.") : null,
  );
}

async function change(deployment, path, settings, again) {
  const done = await open("What may be asked of the servers", (close) => {
    const shownSame = same();
    const request = (values) => ({ allowsStepDown: values.allowsStepDown === true, showsValues: values.showsValues === true });
    const word = (on) => (on ? "on" : "off");
    const tell = (values) =>
      shownSame.show(command("hosts", "settings", deployment.name, ["--step-down", word(request(values).allowsStepDown)], ["--values", word(request(values).showsValues)]), "PUT", `${path}/host-settings`, request(values));
    const element = form({
      fields: [
        check({ name: "allowsStepDown", label: "The primary may be told to step down", value: settings.allowsStepDown, hint: "The agent's user needs the action replSetStateChange on the cluster for it." }),
        check({ name: "showsValues", label: "Values of queries may be shown", value: settings.showsValues, hint: "They are your data: names, addresses, keys. Without it, only their shape is." }),
      ],
      same: shownSame.element,
      changed: tell,
      action: "Save",
      cancel: () => close(),
      submit: async (values) => {
        await put(`${path}/host-settings`, request(values));
        close(true);
      },
    });
    tell(settings);
    return element;
  });
  if (done) toast("It counts from now on.");
  await again();
}

async function stepDown(deployment, path, again) {
  await open("Tell the primary to step down?", (close) => {
    const place = h("div", { role: "status" });
    const shownSame = same();
    const request = (values) => ({ seconds: values.seconds ?? 60, deployment: values.deployment });
    const tell = (values) => shownSame.show(command("hosts", "step-down", deployment.name, ["--seconds", String(values.seconds ?? 60)], ["--confirm", values.deployment ?? "NAME"]), "POST", `${path}/step-down`, request(values));
    const element = form({
      intro: "Clients lose their primary for some seconds, and writes wait. It is refused where no electable secondary is caught up.",
      fields: [
        input({ name: "seconds", label: "Not elected again for (seconds)", type: "number", value: 60, min: 10, max: 3600 }),
        input({ name: "deployment", label: `Name of the deployment: ${deployment.name}`, required: true, autocomplete: "off", hint: "To say that it is meant." }),
      ],
      same: shownSame.element,
      changed: tell,
      action: "Step down",
      danger: true,
      cancel: () => close(),
      submit: async (values) => {
        fill(place, waitingFor("The agent asks the primary, and waits for the next one …"));
        try {
          const { before, primary } = await post(`${path}/step-down`, request(values));
          fill(place);
          toast(primary ? `${before} stepped down; ${primary} is the primary.` : `${before} stepped down; nobody is the primary yet.`);
          close(true);
        } catch (problem) {
          fill(place);
          throw problem;
        }
      },
    });
    tell({ seconds: 60 });
    return [element, place];
  });
  await again();
}

export const loadSettings = (deployment, group, signal) => get(below(group.id, "deployments", deployment, "host-settings"), { signal });
