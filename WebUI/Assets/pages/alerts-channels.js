// Who is told of alerts, and what became of the last messages.
import { below, patch, post, remove } from "../lib/api.js";
import { confirm, open, toast } from "../lib/dialog.js";
import { fill, h, name } from "../lib/dom.js";
import { check, choices, form, input } from "../lib/form.js";
import { flush } from "../lib/page.js";
import { badge, button, empty, errorNote, fault, note, table, time, waitingFor } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { administrator, may } from "../lib/session.js";

const KINDS = { mail: "Mail", webhook: "Webhook", slack: "Slack" };
const LEAST = [
  ["warning", "Warnings and what is critical"],
  ["critical", "Only what is critical"],
  ["info", "Everything, finished restores too"],
];
const STATES = { delivered: ["ok", "Arrived"], failed: ["bad", "Given up"], queued: ["busy", "On its way"] };

export function channelsOf({ channels, deployments }, group, again) {
  return flush(
    "Who is told",
    may("configure") ? [button({ text: "Tell somebody", icon: "plus", small: true, onclick: () => add(deployments, group, again) })] : null,
    channels.length
      ? table(
          "Channels",
          [
            { title: "Name", cell: (one) => name(one.name) },
            { title: "By", cell: (one) => h("span.stack.tight", KINDS[one.kind] ?? one.kind, h("span.small.soft", name(one.to ? one.to.join(", ") : one.url))) },
            { title: "Hears", cell: (one) => hears(one, deployments) },
            { title: "State", cell: state },
            {
              title: "Actions",
              hidden: true,
              cell: (one) =>
                h(
                  "span.row",
                  may("operate") ? button({ text: "Test", small: true, onclick: () => test(one, group, again), more: { "aria-label": `Test ${one.name}` } }) : null,
                  may("configure") ? button({ text: one.isOn ? "Off" : "On", small: true, onclick: () => turn(one, group, again), more: { "aria-label": `${one.isOn ? "Tell nobody by" : "Tell again by"} ${one.name}` } }) : null,
                  may("configure") ? button({ text: "Remove", small: true, danger: true, onclick: () => drop(one, group, again), more: { "aria-label": `Remove ${one.name}` } }) : null,
                ),
            },
          ],
          channels,
          { key: (one) => one.id },
        )
      : empty("bell", "Nobody is told", "Alerts stand here, and nobody hears of them at night. Tell somebody by mail, a webhook, or Slack."),
  );
}

function hears(channel, deployments) {
  const names = new Map(deployments.map((one) => [one.id, one.name]));
  const parts = [LEAST.find(([value]) => value === channel.least)?.[1] ?? channel.least];
  if (channel.conditions.length) parts.push(`of ${channel.conditions.join(", ")}`);
  if (channel.deployments.length) parts.push(`in ${channel.deployments.map((one) => names.get(one) ?? one).join(", ")}`);
  if (channel.withAppliance) parts.push("and of the appliance");
  return name(parts.join(" "));
}

function state(channel) {
  if (!channel.isOn) return badge("none", "Off");
  if (channel.error) return h("span.stack.tight", badge("bad", "Fails"), h("span.small.soft", name(`${channel.error.code} ${channel.error.message}`)));
  return channel.deliveredAt ? h("span.stack.tight", badge("ok", "Works"), h("span.small.soft", "last told ", time(channel.deliveredAt))) : badge("none", "Not told yet");
}

export function deliveriesOf(deliveries) {
  if (deliveries.length === 0) return null;
  return flush(
    "Messages",
    null,
    table(
      "The newest messages",
      [
        { title: "When", cell: (one) => time(one.createdAt) },
        { title: "To", cell: (one) => name(one.channel) },
        { title: "About", cell: (one) => (one.test ? "A test" : one.alerts === 1 ? "1 alert" : `${one.alerts} alerts`) },
        {
          title: "State",
          cell: (one) =>
            h(
              "span.stack.tight",
              badge(...(STATES[one.state] ?? ["none", one.state])),
              one.error ? h("span.small.soft", name(`${one.error.code} ${one.error.message}`)) : null,
              one.dueAt && one.attempts > 0 ? h("span.small.soft", `${one.attempts} tries, the next `, time(one.dueAt)) : null,
            ),
        },
      ],
      deliveries.slice(0, 20),
      { key: (one) => one.id },
    ),
  );
}

async function add(deployments, group, again) {
  const path = below(group.id, "alert-channels");
  const added = await open(
    "Tell somebody",
    (close) => {
      const shownSame = same();
      const more = h("div.stack");
      const kinds = {
        mail: () => [input({ name: "to", label: "Addresses", required: true, placeholder: "ops@example.org, night@example.org", hint: "Separated by commas. The mail server is set by an administrator, in the settings." })],
        webhook: () => [
          input({ name: "url", label: "URL", required: true, mono: true, placeholder: "https://…" }),
          input({ name: "secret", label: "Secret", type: "password", optional: true, autocomplete: "new-password", hint: "16 characters or more. Messages are signed with it (HMAC-SHA256), so that the receiver knows that they are ours." }),
          input({ name: "template", label: "Template", type: "area", optional: true, mono: true, hint: 'The body: JSON with {{words}} in its strings, for example {"text": "{{title}}"}. Without it, all is sent.' }),
        ],
        slack: () => [input({ name: "url", label: "URL of the incoming webhook", type: "password", required: true, autocomplete: "off", hint: "Of Slack, or of what takes the same messages. It is kept as a secret." })],
      };
      const request = (values) => ({
        name: values.name,
        kind: values.kind,
        least: values.least,
        deployments: values.deployment ? [values.deployment] : [],
        withAppliance: values.withAppliance === true,
        to: values.to?.split(/[,\s]+/).filter(Boolean),
        url: values.url,
        secret: values.secret,
        template: values.template,
      });
      const tell = (values) => {
        const body = request(values);
        shownSame.show(
          command("alerts", "channels", "add", values.name ?? "NAME", way(body), values.least !== "warning" && ["--least", values.least], body.deployments.map((one) => ["--deployment", one]), body.withAppliance && "--appliance"),
          "POST",
          path,
          { ...body, secret: body.secret && "…", url: values.kind === "slack" && body.url ? "…" : body.url },
        );
      };
      const choose = (event) => fill(more, ...kinds[event.target.value]());
      const element = form({
        fields: [
          input({ name: "name", label: "Name", required: true }),
          choices({ name: "kind", label: "How", value: "mail", oninput: choose, options: [{ value: "mail", text: "Mail" }, { value: "webhook", text: "Webhook" }, { value: "slack", text: "Slack" }] }),
          more,
          input({ name: "least", label: "Hears", type: "select", value: "warning", options: LEAST }),
          input({ name: "deployment", label: "Of", type: "select", value: "", options: [["", "All deployments"], ...deployments.map((one) => [one.id, one.name])] }),
          administrator() ? check({ name: "withAppliance", label: "Also what is about the appliance as a whole", value: true, hint: "Disks, certificates, daemons." }) : null,
        ],
        same: shownSame.element,
        changed: tell,
        action: "Tell them",
        cancel: () => close(),
        submit: async (values) => close(await post(path, request(values))),
      });
      fill(more, ...kinds.mail());
      tell({ kind: "mail", least: "warning", withAppliance: administrator() });
      return element;
    },
    { wide: true },
  );
  if (added) toast("Test it before it is needed.");
  await again();
}

function way(body) {
  if (body.kind === "mail") return (body.to ?? ["ADDRESS"]).map((one) => ["--mail", one]);
  if (body.kind === "slack") return ["--slack-url-file", "FILE"];
  return ["--webhook", body.url ?? "URL", body.secret && ["--secret-file", "FILE"], body.template && ["--template-file", "FILE"]];
}

async function test(channel, group, again) {
  await open(`Test of ${channel.name}`, () => {
    const place = h("div", { role: "status" }, waitingFor("Sending …"));
    post(below(group.id, "alert-channels", channel.id, "test"), {})
      .then((sent) =>
        fill(
          place,
          sent.state === "delivered" ? note("ok", "It was taken.", { hint: "Look whether it is there." }) : sent.error ? errorNote({ ...sent.error, hint: sent.error.hint || "Look at the settings, and at the receiver." }) : note("warning", "It is still on its way."),
        ),
      )
      .catch((problem) => fill(place, fault(problem)));
    return place;
  });
  await again();
}

async function turn(channel, group, again) {
  await patch(below(group.id, "alert-channels", channel.id), { isOn: !channel.isOn });
  await again();
}

async function drop(channel, group, again) {
  await confirm({
    title: "Tell nobody there any more?",
    text: h("p", "What is on its way to ", name(channel.name), " is not sent."),
    action: "Remove",
    danger: true,
    act: () => remove(below(group.id, "alert-channels", channel.id)),
  });
  await again();
}
