// What is wrong now and what was, from when on it is, and who is told.
import { below, get, list, post } from "../lib/api.js";
import { open, toast } from "../lib/dialog.js";
import { fragment, h, name } from "../lib/dom.js";
import { form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { flush, heading, shown } from "../lib/page.js";
import { badge, button, empty, table, time } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { may } from "../lib/session.js";
import { channelsOf, deliveriesOf } from "./alerts-channels.js";
import { excerptsOf, showExcerpt } from "./alerts-excerpts.js";
import { rulesOf, windowsOf } from "./alerts-rules.js";

const LEVELS = { critical: ["bad", "Critical"], warning: ["warning", "Warning"], info: ["none", "Note"] };

export function render(root, { group, signal, live }) {
  root.append(h("div.stack", heading("Alerts", "What is open now, what was, and who is told. What is over goes by itself.")), h("br"));
  shown(root, signal, {
    load: async (ending) => {
      const of = (...words) => get(below(group.id, ...words), { signal: ending });
      const [alerts, channels, deliveries, conditions, windows, excerpts, deployments] = await Promise.all([
        get(below(group.id, "alerts"), { signal: ending, query: { state: "all", limit: 100 } }),
        of("alert-channels"),
        of("alert-deliveries"),
        of("alert-conditions"),
        of("maintenance-windows"),
        of("excerpt-rules"),
        list(below(group.id, "deployments"), { signal: ending }),
      ]);
      return { alerts: alerts.items, channels, deliveries, conditions, windows, excerpts, deployments };
    },
    view: (data, again) => {
      const [now, past] = [data.alerts.filter((one) => !one.resolvedAt), data.alerts.filter((one) => one.resolvedAt)];
      const [serious, notes] = [now.filter((one) => one.severity !== "info"), now.filter((one) => one.severity === "info")];
      return fragment(
        openOf(serious, group, again),
        notes.length ? flush("Good to know", null, h("ul.list", notes.map((one) => openAlert(one, group, again)))) : null,
        channelsOf(data, group, again),
        windowsOf(data, group, again),
        rulesOf(data, group, again),
        excerptsOf(data, group, again),
        past.length ? pastOf(past, group) : null,
        deliveriesOf(data.deliveries),
      );
    },
    every: 5_000,
    live,
  });
}

function openOf(alerts, group, again) {
  if (alerts.length === 0) {
    return h("section.card", empty("ok", "Nothing needs attention", "Every agent is heard of, every head follows its source, and every snapshot was on time."));
  }
  return flush(
    "Open",
    [h("span.tally", String(alerts.length))],
    h(
      "ul.list",
      [...alerts].sort((one, other) => rank(one) - rank(other)).map((one) => openAlert(one, group, again)),
    ),
  );
}

const rank = (alert) => (alert.acknowledged ? 10 : 0) + ["critical", "warning", "info"].indexOf(alert.severity);

function openAlert(alert, group, again) {
  const [level, word] = LEVELS[alert.severity];
  return h(
    "li",
    { "data-key": `alert-${alert.id}` },
    icon(level, `.is-${level}`),
    h(
      "div",
      h("p", h("strong", `${word}: ${alert.title}: `), name(alert.subject)),
      h("p", name(alert.error.message)),
      alert.consequence ? h("p.small", name(alert.consequence)) : null,
      h("p.small.soft", name(alert.error.hint)),
      h(
        "p.small.soft",
        h("span.mono", alert.error.code),
        " · since ",
        time(alert.since),
        alert.notices ? ` · told ${alert.notices === 1 ? "once" : `${alert.notices} times`}` : null,
        alert.reopened ? ` · back ${alert.reopened === 1 ? "once" : `${alert.reopened} times`}` : null,
      ),
      alert.acknowledged
        ? h("p.small", icon("ok"), " ", name(alert.acknowledged.by), " knows, since ", time(alert.acknowledged.at), alert.acknowledged.comment ? [": ", name(alert.acknowledged.comment)] : null)
        : null,
    ),
    h(
      "div.row",
      alert.before && alert.deployment && may("restore")
        ? button({ text: "Restore", small: true, primary: true, href: restoreOf(alert), more: { "aria-label": `Restore ${alert.subject} as it was before` } })
        : null,
      excerptButton(alert, group),
      alert.deployment ? button({ text: "Look", small: true, href: `/d/${encodeURIComponent(alert.deployment)}`, more: { "aria-label": `Look at ${alert.subject}` } }) : null,
      may("operate") && !alert.acknowledged
        ? button({ text: "I know", small: true, onclick: () => acknowledge(alert, group, again), more: { "aria-label": `I know of: ${alert.title}, ${alert.subject}` } })
        : null,
      may("operate") ? button({ text: "It is over", small: true, onclick: () => resolve(alert, group, again), more: { "aria-label": `It is over: ${alert.title}, ${alert.subject}` } }) : null,
    ),
  );
}

const excerptButton = (alert, group) =>
  alert.hasExcerpt && may("operate")
    ? button({ text: "Logs of then", small: true, onclick: () => showExcerpt(alert, group), more: { "aria-label": `What the servers said: ${alert.title}, ${alert.subject}` } })
    : null;

/** The wizard, filled in with the last clean second. */
const restoreOf = ({ deployment, before }) => `/d/${encodeURIComponent(deployment)}/restore?${new URLSearchParams({ time: before.time, namespace: before.namespace })}`;

async function acknowledge(alert, group, again) {
  const path = below(group.id, "alerts", String(alert.id), "acknowledge");
  const done = await say(
    "You know of this alert",
    "It is not told again, unless it gets worse.",
    "I know",
    (comment) => [command("alerts", "acknowledge", String(alert.id), comment && ["--comment", comment]), path],
    (comment) => post(path, { comment }),
  );
  if (done) toast("Nobody is told of it again, unless it gets worse.");
  await again();
}

async function resolve(alert, group, again) {
  const path = below(group.id, "alerts", String(alert.id), "resolve");
  const done = await say(
    "This alert is over",
    "Where it is still so, it stays closed until it was over once.",
    "It is over",
    (comment) => [command("alerts", "resolve", String(alert.id), comment && ["--comment", comment]), path],
    (comment) => post(path, { comment }),
  );
  if (done) toast("The alert is closed.");
  await again();
}

function say(title, intro, action, words, send) {
  return open(title, (close) => {
    const shownSame = same();
    const tell = (values) => {
      const [line, path] = words(values.comment);
      shownSame.show(line, "POST", path, { comment: values.comment });
    };
    const element = form({
      intro,
      fields: [input({ name: "comment", label: "Comment", optional: true, hint: "For the others." })],
      same: shownSame.element,
      changed: tell,
      action,
      cancel: () => close(),
      submit: async (values) => {
        await send(values.comment);
        close(true);
      },
    });
    tell({});
    return element;
  });
}

function pastOf(alerts, group) {
  return flush(
    "Over",
    null,
    table(
      "Alerts that are over",
      [
        { title: "What", cell: (one) => h("span.stack.tight", h("span", badge(...LEVELS[one.severity]), " ", one.title), name(one.subject)) },
        { title: "Cause", cell: (one) => h("span.stack.tight", name(one.error.message), h("span.mono.small.soft", one.error.code)) },
        { title: "Since", cell: (one) => time(one.since) },
        { title: "Over", cell: (one) => h("span.stack.tight", time(one.resolvedAt), one.resolution ? h("span.small.soft", name(one.resolution)) : null) },
        { title: "Actions", hidden: true, cell: (one) => excerptButton(one, group) },
      ],
      alerts,
      { key: (one) => one.id },
    ),
  );
}
