// The first run: an administrator, an agent, a deployment, and then it is protected. Each step looks at the live state, so a
// reload or a second window goes on where it was.
import { below, post } from "../lib/api.js";
import { fill, fragment, h, morph, name } from "../lib/dom.js";
import { Live } from "../lib/events.js";
import { check, form, input } from "../lib/form.js";
import { many } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { badge, button, copyable, errorNote, fault, note, progress, time, waitingFor } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { may, session } from "../lib/session.js";
import { deploymentsOf, health, isCluster, kindOf, syncShare, syncText } from "../lib/status.js";

const STEPS = ["Administrator", "Agent", "Deployment", "Protected"];

/** An agent that was heard of in this time is connected. */
const HEARD = 60_000;

export function render(root, context) {
  context.gate.classList.add("wide");
  if (!session.view) return administrator(root, context);
  if (!session.group || !may("configure")) {
    return fill(
      root,
      h("section.card.stack", h("h1", "Connect a deployment"), h("p", "A backup administrator or an owner of the group connects agents and deployments."), h("div", button({ text: "To the overview", href: "/" }))),
    );
  }
  return connect(root, context);
}

function administrator(root, { again }) {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  fill(
    root,
    steps(0),
    h(
      "section.card.stack",
      h("h1", "The first administrator"),
      form({
        intro: h("p.soft", "The appliance printed a set-up token when it started. A new one: ", h("code", "backup people setup-token"), " on its host."),
        fields: [
          input({ name: "token", label: "Set-up token", required: true, mono: true, value: token, placeholder: "bkp_…" }),
          h(
            "div.pair",
            input({ name: "name", label: "Your name", autocomplete: "name", required: true }),
            input({ name: "email", label: "E-mail", type: "email", autocomplete: "username", required: true }),
          ),
          input({
            name: "password",
            label: "Password",
            type: "password",
            autocomplete: "new-password",
            hint: "At least 12 characters; a few words are better than signs.",
            required: true,
          }),
        ],
        action: "Make the administrator",
        check: ({ password }) => (password && password.length < 12 ? { password: "At least 12 characters." } : {}),
        submit: async (values) => {
          await post("/setup", values, { quiet: true });
          await again("/setup");
        },
      }),
    ),
  );
  root.querySelector(token ? '[name="name"]' : '[name="token"]').focus();
}

function connect(root, { signal, query }) {
  const live = new Live(session.group.id);
  signal.addEventListener("abort", () => live.close());
  const progressOf = h("div");
  const agentCard = h("section.card.stack");
  const deploymentCard = h("section.card.stack");
  const protectedCard = h("section.card.stack");
  const aloud = h("p.hear", { role: "status" });
  fill(root, progressOf, h("h1.hear", "Connect a deployment"), agentCard, deploymentCard, protectedCard, aloud, h("p.small", h("a", { href: "/" }, "To the overview")));

  const agent = agentStep(agentCard, query.get("step") === "agent");
  const deployment = deploymentStep(deploymentCard, query.get("step") === "deployment");
  let step = -1;
  live.onStatus((overview) => {
    const agents = (overview.agents ?? []).filter((one) => !one.revoked);
    const connected = agents.filter((one) => one.lastSeenAt && Date.now() - Date.parse(one.lastSeenAt) < HEARD);
    const deployments = deploymentsOf(overview).filter((one) => !one.removedAt);
    const safe = deployments.length > 0 && deployments.every((one) => ["ok", "warning"].includes(health(one).level));
    const now = connected.length === 0 ? 1 : deployments.length === 0 ? 2 : safe ? 4 : 3;
    fill(progressOf, steps(now));
    agent.show(connected);
    deployment.show(connected.length > 0, deployments.length > 0);
    protect(protectedCard, deployments, overview.sentence, safe);
    if (now !== step) {
      aloud.textContent = ["", "Waiting for an agent.", "An agent is connected. Name the deployment.", "The first copy is under way.", overview.sentence.text][now];
      step = now;
    }
  }, signal);
  return undefined;
}

/** The command for the agent's host, and a line that waits for it. */
function agentStep(card, another) {
  const waiting = h("div");
  const line = h("div.stack");
  fill(card, h("h2", "Connect an agent"), line, waiting);
  let asked = false;

  const ask = async () => {
    asked = true;
    fill(line, waitingFor("Making a command …"));
    try {
      const made = await post(below(session.group.id, "agents", "tokens"), { minutes: 60 });
      fill(
        line,
        h("p", "Run this on a host that reaches your MongoDB. It holds a token that enrols one agent, and expires ", time(made.expiresAt), "."),
        copyable(made.command, "Copy the command"),
        h(
          "details.same",
          { "data-own": true },
          h("summary", "The host has no agent yet"),
          h("div.stack.tight", h("p.small.soft", "On Linux with curl and libzstd. It fetches the agent from this appliance, whose key it holds against the one named here, makes a user and a service for it, and enrols it."), copyable(`export BACKUP_AGENT_TOKEN='${made.token}'\n${made.install}`, "Copy the installation")),
        ),
      );
    } catch (problem) {
      fill(line, fault(problem), h("div", button({ text: "Try again", onclick: ask })));
    }
  };

  if (another) ask();
  return {
    show(connected) {
      if (connected.length === 0) {
        if (!asked) ask();
        if (!waiting.firstChild || waiting.dataset.state !== "waiting") fill(waiting, waitingFor("Waiting for the agent … this page goes on by itself."));
        waiting.dataset.state = "waiting";
        return;
      }
      waiting.dataset.state = "there";
      const fresh = h("div.stack.tight");
      fill(
        fresh,
        connected.map((one) =>
          h("div.waiting.is-ok", icon("ok", ".is-ok"), h("span", h("strong", "Connected: "), name(one.hostName), h("span.soft", ` · version ${one.version}`))),
        ),
        asked ? null : h("div", button({ text: "Connect another agent", icon: "plus", small: true, onclick: ask })),
      );
      waiting.className = "stack tight";
      morph(waiting, fresh);
    },
  };
}

function deploymentStep(card, another) {
  let open = null;

  const draw = () => {
    const shownSame = same();
    const path = below(session.group.id, "deployments");
    const request = (values) => ({
      uri: values.uri,
      name: values.name,
      include: lines(values.include),
      exclude: lines(values.exclude),
    });
    const tell = (values) =>
      shownSame.show(command("deployments", "add", "FILE", values.name ? ["--name", values.name] : []), "POST", path, { ...request(values), uri: "mongodb://…" });
    tell({});
    const filters = check({
      name: "filtered",
      label: "Back up only some databases or collections",
      oninput: (event) => (rest.hidden = !event.target.checked),
    });
    const rest = h(
      "div.pair",
      { hidden: true },
      input({ name: "include", label: "Only these", type: "area", mono: true, optional: true, hint: "One a line: db, db.coll or db.prefix*. Empty: everything." }),
      input({ name: "exclude", label: "Not these", type: "area", mono: true, optional: true }),
    );
    fill(
      card,
      h("h2", "Name what is to be protected"),
      form({
        fields: [
          input({
            name: "uri",
            label: "Connection string",
            mono: true,
            required: true,
            placeholder: "mongodb://user:password@host:27017/?replicaSet=rs0",
            hint: "Of a replica set or of a mongos, as the agent reaches it. It is never shown again. The user needs the roles backup and clusterMonitor.",
          }),
          input({ name: "name", label: "Name", optional: true, hint: "Unless given, that of its replica set." }),
          filters,
          rest,
        ],
        same: shownSame.element,
        changed: tell,
        action: "Protect it",
        submit: async (values) => {
          await post(path, request(values));
          fill(card, h("h2", "Name what is to be protected"), waitingFor("Found by the agent in a moment …"));
          open = false;
          card.dataset.state = "";
        },
      }),
    );
  };

  return {
    show(connected, some) {
      if (open === null && (!some || another)) {
        open = true;
        draw();
      } else if (some && open !== true && card.dataset.state !== "done") {
        card.dataset.state = "done";
        fill(card, h("h2", "Name what is to be protected"), h("div", button({ text: "Add another deployment", icon: "plus", small: true, onclick: () => { open = true; draw(); } })));
      }
      card.hidden = !connected && !some;
    },
  };
}

const lines = (text) => {
  const all = (text ?? "").split(/\n/).map((one) => one.trim()).filter(Boolean);
  return all.length ? all : undefined;
};

function protect(card, deployments, sentence, safe) {
  card.hidden = deployments.length === 0;
  const fresh = h("section.card.stack");
  fill(
    fresh,
    h("h2", safe ? "Protected" : "The first copy"),
    deployments.map((one) => {
      const { level, word, text } = health(one);
      const set = one.replicaSets?.[0];
      const members = one.agents?.length ? ` · ${many(one.agents.length, "agent")}` : "";
      return h(
        "div.stack.tight",
        { "data-key": one.id },
        h(
          "div.row",
          h("strong", set || isCluster(one) ? "Found " : "Looking for ", name(set?.name ?? one.name)),
          h("span.soft", `${kindOf(one)}${members}`),
          badge(level, word),
        ),
        one.error ? errorNote(one.error) : set?.error ? errorNote(set.error) : null,
        set?.sync ? progress(syncShare(set.sync), `Initial sync of ${one.name}`, syncText(set.sync)) : h("p.small.soft", text),
      );
    }),
    safe
      ? fragment(note(sentence.level === "ok" ? "ok" : "warning", sentence.text), h("div", button({ text: "To the overview", href: "/", primary: true })))
      : h("p.small.soft", "You may leave this page: the copy goes on, and the overview shows how far it is."),
  );
  morph(card, fresh);
}

function steps(at) {
  return h(
    "ol.steps",
    { "aria-label": "Steps" },
    STEPS.map((text, index) =>
      h(
        `li${index < at ? ".done" : ""}`,
        { "aria-current": index === at ? "step" : null },
        h("span.dot", index < at ? icon("ok") : String(index + 1)),
        text,
        index < at ? h("span.hear", " (done)") : null,
      ),
    ),
  );
}
