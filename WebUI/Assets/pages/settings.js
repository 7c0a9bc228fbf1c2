// SSH keys and targets of restores, and the agents.
import { below, get, list, post, remove } from "../lib/api.js";
import { confirm, open, toast, toastProblem } from "../lib/dialog.js";
import { fill, fragment, h, name } from "../lib/dom.js";
import { choices, form, input } from "../lib/form.js";
import { flush, heading, shown } from "../lib/page.js";
import { badge, button, copyable, empty, fault, note, table, time, waitingFor } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { administrator, may } from "../lib/session.js";
import { agentRole } from "../lib/status.js";
import { checks } from "./restore-how.js";
import { applianceOf, loadAppliance } from "./settings-appliance.js";
import { encryptionOf, loadEncryption } from "./settings-keys.js";
import { loadMail, mailOf } from "./settings-mail.js";
import { exportsOf, loadExports } from "./settings-metadata.js";
import { loadRadar, radarOf } from "./settings-radar.js";

/** Nothing was heard of an agent for so long: it is told as silent. */
const SILENT = 30_000;

export function render(root, { group, signal, live }) {
  root.append(h("div.stack", heading("Settings", "Agents, where restores are pushed to, the mail server, and the appliance itself.")), h("br"));
  shown(root, signal, {
    load: async (ending) => {
      const [agents, targets, keys, mail, radar, appliance, encryption, exports] = await Promise.all([
        ...[["agents"], ["ssh", "targets"], ["ssh", "keys"]].map((words) => list(below(group.id, ...words), { signal: ending })),
        administrator() ? loadMail(ending) : null,
        administrator() ? loadRadar(ending) : null,
        administrator() ? loadAppliance(ending) : null,
        administrator() ? loadEncryption(ending) : null,
        administrator() ? loadExports(ending) : null,
      ]);
      return { agents, targets, keys, mail, radar, appliance, encryption, exports };
    },
    view: (data, again) => fragment(agentsOf(data.agents, group, again), targetsOf(data, group, again), keysOf(data.keys, group, again), administrator() ? [mailOf(data.mail, again), radarOf(data.radar, again), applianceOf(data.appliance, again), encryptionOf(data.encryption, again), exportsOf(data.exports, again)] : null),
    every: 10_000,
    live,
  });
}

function agentsOf(agents, group, again) {
  return flush(
    "Agents",
    may("configure") ? [button({ text: "Connect an agent", icon: "plus", small: true, href: "/setup?step=agent" })] : null,
    agents.length
      ? table(
          "Agents",
          [
            { title: "Host", cell: (one) => name(one.hostName) },
            { title: "State", cell: (one) => (one.revoked ? badge("none", "Revoked") : one.lastSeenAt && Date.now() - Date.parse(one.lastSeenAt) < SILENT ? badge("ok", "Connected") : badge("bad", "Silent")) },
            { title: "Works on", cell: (one) => h("span.stack.tight", one.deployments.map((each) => h("span.row", name(each.deployment), badge(...agentRole(each.role))))) },
            { title: "Version", cell: (one) => one.version },
            { title: "Heard of", cell: (one) => time(one.lastSeenAt, { none: "never" }) },
            {
              title: "Actions",
              hidden: true,
              cell: (one) =>
                h(
                  "span.row",
                  may("operate") ? button({ text: "Log", small: true, onclick: () => log(one, group), more: { "aria-label": `Log of ${one.hostName}` } }) : null,
                  may("configure") && !one.revoked ? button({ text: "Revoke", small: true, danger: true, onclick: () => revoke(one, group, again), more: { "aria-label": `Revoke ${one.hostName}` } }) : null,
                ),
            },
          ],
          agents,
          { key: (one) => one.id },
        )
      : empty("server", "No agent is connected", "An agent runs on a host that reaches your MongoDB, and sends its data here."),
  );
}

function log(agent, group) {
  return open(`Log of ${agent.hostName}`, () => {
    const place = h("div", waitingFor("Loading …"));
    get(below(group.id, "agents", agent.id, "logs"), { query: { lines: 200 } })
      .then((found) => fill(place, found.lines.length ? h("div.copy", h("pre", { tabindex: "0", "aria-label": "Log" }, found.lines.join("\n"))) : h("p", "It has sent nothing yet.")))
      .catch((problem) => fill(place, fault(problem)));
    return place;
  }, { wide: true });
}

async function revoke(agent, group, again) {
  const done = await confirm({
    title: "Revoke this agent?",
    text: h("p", "Its key opens nothing any more. Another agent takes over what ", name(agent.hostName), " worked on, where there is one."),
    action: "Revoke",
    danger: true,
    act: () => remove(below(group.id, "agents", agent.id)),
  });
  if (done) toast("The agent is revoked.");
  await again();
}

function targetsOf({ targets, keys }, group, again) {
  return flush(
    "SSH targets",
    may("configure") ? [button({ text: "Add a target", icon: "plus", small: true, onclick: () => addTarget(keys, group, again) })] : null,
    targets.length
      ? table(
          "SSH targets",
          [
            { title: "Name", cell: (one) => name(one.name) },
            { title: "Address", cell: (one) => name(one.address) },
            { title: "Folder", cell: (one) => name(one.folder) },
            { title: "Login", cell: (one) => one.login },
            { title: "Host key", cell: (one) => h("code", one.hostKey) },
            {
              title: "Actions",
              hidden: true,
              cell: (one) =>
                h(
                  "span.row",
                  may("restore") ? button({ text: "Test", small: true, onclick: () => test(one, group), more: { "aria-label": `Test ${one.name}` } }) : null,
                  may("configure") ? button({ text: "Remove", small: true, danger: true, onclick: () => removeTarget(one, group, again), more: { "aria-label": `Remove ${one.name}` } }) : null,
                ),
            },
          ],
          targets,
          { key: (one) => one.name },
        )
      : empty("terminal", "There is no SSH target", "A restore can be pushed to a host of yours by SFTP. Add it with its host key and a folder."),
  );
}

function test(target, group) {
  return open(`Test of ${target.name}`, () => {
    const place = h("div", { role: "status" }, waitingFor("Logging in …"));
    post(below(group.id, "ssh", "targets", target.name, "test"), {})
      .then((found) => fill(place, checks(found)))
      .catch((problem) => fill(place, fault(problem)));
    return place;
  }, { wide: true });
}

async function removeTarget(target, group, again) {
  await confirm({ title: "Remove this target?", text: h("p", "What was pushed to ", name(target.name), " stays there."), action: "Remove", danger: true, act: () => remove(below(group.id, "ssh", "targets", target.name)) });
  await again();
}

/** First the host shows its keys; whoever adds the target confirms the right one. */
async function addTarget(keys, group, again) {
  const path = below(group.id, "ssh", "targets");
  const done = await open(
    "Add an SSH target",
    (close) => {
      const found = h("div.stack.tight", { role: "status" });
      const shownSame = same();
      const request = (values) => ({ name: values.name, address: values.address, folder: values.folder, hostKey: values.hostKey, keyName: values.login === "password" ? undefined : values.login, password: values.login === "password" ? values.password : undefined });
      const password = input({ name: "password", label: "Password", type: "password" });
      const tell = (values) => {
        password.hidden = values.login !== "password";
        shownSame.show(
          command("ssh", "targets", "add", values.name ?? "NAME", ["--host", values.address ?? "USER@HOST"], ["--folder", values.folder ?? "FOLDER"], values.login === "password" ? ["--password-file", "FILE"] : ["--key", values.login]),
          "POST",
          path,
          { ...request(values), password: values.login === "password" ? "…" : undefined },
        );
      };
      const look = async () => {
        const address = element.querySelector('[name="address"]').value;
        if (!address) return fill(found, note("bad", "Name the address first."));
        fill(found, waitingFor("Asking the host for its keys …"));
        try {
          const all = await get(below(group.id, "ssh", "host-keys"), { query: { address } });
          fill(
            found,
            choices({ name: "hostKey", label: "Which of these is the host's key? Compare it on the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub", value: all[0]?.key, options: all.map((one) => ({ value: one.key, text: one.type, hint: one.fingerprint })) }),
          );
        } catch (problem) {
          fill(found, fault(problem));
        }
      };
      const element = form({
        fields: [
          h("div.pair", input({ name: "name", label: "Name", required: true }), input({ name: "address", label: "Address", required: true, mono: true, placeholder: "user@host:22" })),
          input({ name: "folder", label: "Folder", required: true, mono: true, hint: "It must be there; absolute, or from where a login begins." }),
          input({ name: "login", label: "Login", type: "select", value: keys[0]?.name ?? "password", options: [...keys.map((one) => [one.name, `Key ${one.name}`]), ["password", "Password"]] }),
          password,
          h("div", button({ text: "Show the host's keys", onclick: look })),
          found,
        ],
        same: shownSame.element,
        changed: tell,
        action: "Add it",
        cancel: () => close(),
        check: (values) => (values.login === "password" && !values.password ? { password: "This is needed." } : {}),
        submit: async (values) => {
          if (!values.hostKey) {
            await look();
            return;
          }
          await post(path, request(values));
          close(true);
        },
      });
      tell({ login: keys[0]?.name ?? "password" });
      return element;
    },
    { wide: true },
  );
  if (done) toast("The target is added. Test it before it is needed.");
  await again();
}

function keysOf(keys, group, again) {
  return flush(
    "SSH keys",
    may("configure") ? [button({ text: "New key", icon: "plus", small: true, onclick: () => addKey(group, again) })] : null,
    keys.length
      ? h(
          "ul.list",
          keys.map((one) =>
            h(
              "li",
              { "data-key": one.name },
              h("span"),
              h("div.stack.tight", h("p", h("strong", name(one.name)), h("span.soft", " · made ", time(one.createdAt), one.targets.length ? ` · opens ${one.targets.join(", ")}` : " · opens nothing yet")), copyable(one.publicKey, `Copy the public key ${one.name}`)),
              may("configure") ? h("div.row", button({ text: "Remove", small: true, danger: true, disabled: one.targets.length > 0, why: "Targets use it", onclick: () => removeKey(one, group, again), more: { "aria-label": `Remove the key ${one.name}` } })) : null,
            ),
          ),
        )
      : empty("key", "There is no SSH key", "A key pair is made here; its private part never leaves the appliance. Put the public one into authorized_keys of the target."),
  );
}

async function addKey(group, again) {
  await open("New SSH key", (close) =>
    form({
      fields: input({ name: "name", label: "Name", required: true }),
      action: "Make it",
      cancel: () => close(),
      submit: async (values) => {
        await post(below(group.id, "ssh", "keys"), values);
        close(true);
      },
    }),
  );
  await again().catch(toastProblem);
}

async function removeKey(key, group, again) {
  await confirm({ title: "Remove this key?", text: "Its private part is deleted for good.", action: "Remove", danger: true, act: () => remove(below(group.id, "ssh", "keys", key.name)) });
  await again();
}
