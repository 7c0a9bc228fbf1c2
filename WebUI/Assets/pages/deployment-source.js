// The way of the data from the source to the head, who works on it, and how the source is read.
import { get, list, patch, post, put, remove } from "../lib/api.js";
import { confirm, toast, toastProblem } from "../lib/dialog.js";
import { fill, h, morph, name } from "../lib/dom.js";
import { form, input } from "../lib/form.js";
import { bytes, duration, many, optimeDate, percent } from "../lib/format.js";
import { card, flush, shown } from "../lib/page.js";
import { badge, button, errorNote, note, table, time } from "../lib/parts.js";
import { go } from "../lib/router.js";
import { command, same } from "../lib/same.js";
import { may } from "../lib/session.js";
import { agentRole, memberState, setHealth } from "../lib/status.js";

/** From so much lag on somebody is named as the cause. */
const SLOW = 30;

export function source(root, context) {
  const way = h("div");
  const rest = h("div.stack");
  const members = h("div");
  root.append(h("div.stack", way, rest, members));
  const draw = () => {
    const { deployment } = context.state;
    if (!deployment) return;
    const fresh = h("div.stack");
    fill(fresh, wayOf(deployment), agentsOf(deployment), deployment.cluster ? clusterOf(deployment.cluster) : null);
    way.className = "stack";
    morph(way, fresh);
    if (!rest.firstChild && deployment.source && may("operate")) fill(rest, reading(deployment, context));
  };
  context.onChange(draw);
  draw();
  shown(members, context.signal, {
    load: (signal) => list(`${context.path}/monitoring`, { signal, query: { minutes: 5 } }).catch((problem) => (problem.status === 404 ? [] : Promise.reject(problem))),
    view: (samples) => membersOf(samples.at(-1)),
    every: 30_000,
  });
}

/** Source, agent, appliance, head; where one holds the others up, it is named. */
function wayOf(deployment) {
  const set = deployment.replicaSets?.[0];
  const read = deployment.source;
  const active = (deployment.agents ?? []).find((one) => one.role === "active");
  const slow = bottleneck(deployment, set, active);
  const steps = [
    ["Source", read?.readFrom ?? "not read now", read?.oplog ? `Oplog holds ${duration(read.oplog.windowSeconds)}` : (read?.why ?? "")],
    ["Agent", active?.hostName ?? "none is active", read?.load ? `${bytes(read.load.bytesPerSecond)}/s read, held back ${percent(read.load.throttled)} of the time` : (active?.phase ?? "")],
    ["Appliance", set?.sourceSeenAt ? ["heard ", time(set.sourceSeenAt)] : "nothing heard yet", "Each slice is durable before it is acknowledged"],
    ["Head", set ? setHealth(set).word : "–", set?.optime?.t ? ["up to ", time(optimeDate(set.optime)), `, ${duration(set.lagSeconds)} behind`] : ""],
  ];
  return h(
    "section.card.stack",
    h("h2", "The way of the data"),
    h(
      "ol.way",
      steps.map(([what, main, sub], at) => h(`li${slow?.at === at ? ".slow" : ""}`, h("span.what", what), h("strong", typeof main === "string" ? name(main) : main), h("span.small.soft", sub))),
    ),
    slow ? note("warning", slow.text, { hint: slow.hint }) : h("p.small.soft", "Nothing holds it up."),
  );
}

function bottleneck(deployment, set, active) {
  const read = deployment.source;
  if (read?.pausedAt) {
    return { at: 0, text: "The reading is paused: point in time ends where it was paused.", hint: read.oplog?.leftSeconds ? `It can stay so for ${duration(read.oplog.leftSeconds)} before a new initial sync is needed.` : "Go on below." };
  }
  if (!active) return { at: 1, text: "No agent is active: nothing new is read.", hint: "Look whether the agent's service runs on its host, and reaches the appliance." };
  if (active.error) return { at: 1, text: active.error.message, hint: active.error.hint };
  if (!set || set.lagSeconds < SLOW) return null;
  if (read?.load?.throttled > 0.3) return { at: 1, text: `The limit of ${read.megabytesPerSecond} MB/s holds the agent back.`, hint: "Raise it below, or take it away." };
  if (set.sourceSeenAt && Date.now() - Date.parse(set.sourceSeenAt) > SLOW * 1000) return { at: 2, text: "The agent has not been heard of for a while: the network, or the appliance's disk.", hint: "Its log says more: backup agents logs." };
  return { at: 3, text: `The head is ${duration(set.lagSeconds)} behind what the agent has read.`, hint: "The appliance applies slices slower than they come: look at its processors and its disk." };
}

function agentsOf(deployment) {
  const agents = deployment.agents ?? [];
  return flush(
    "Agents",
    null,
    agents.length
      ? table(
          "Agents of this deployment",
          [
            { title: "Host", cell: (one) => name(one.hostName) },
            { title: "Role", cell: (one) => badge(...agentRole(one.role)) },
            { title: "Does now", cell: (one) => h("span.stack.tight", h("span", one.phase), one.error ? errorNote(one.error) : null) },
            { title: "Heard of", cell: (one) => time(one.seenAt) },
          ],
          agents,
          { key: (one) => one.id },
        )
      : h("p.card.flush.soft", "No agent may work on it yet."),
  );
}

function clusterOf(cluster) {
  return flush(
    many(cluster.members.length, "set"),
    null,
    table(
      "Sets of the cluster",
      [
        { title: "Set", cell: (one) => name(one.set) },
        { title: "Replica set", cell: (one) => name(one.replicaSet ?? "–") },
        { title: "State", cell: (one) => badge(setHealth(one).level, setHealth(one).word) },
        { title: "Behind", number: true, cell: (one) => duration(one.lagSeconds) },
      ],
      cluster.members,
      { key: (one) => one.set },
    ),
  );
}

function membersOf(sample) {
  if (!sample) return null;
  return flush(
    "Members of the source",
    [button({ text: "Charts", small: true, href: "/hosts" })],
    table(
      "Members of the source",
      [
        { title: "Member", cell: (one) => name(one.name) },
        { title: "State", cell: (one) => badge(...memberState(one)) },
        { title: "Behind", number: true, cell: (one) => (one.lagSeconds === undefined ? "–" : duration(one.lagSeconds)) },
        { title: "Version", cell: (one) => sample.hosts.find((host) => host.host === one.name)?.version ?? "–" },
      ],
      sample.members,
      { key: (one) => one.name },
    ),
  );
}

function reading(deployment, { path, again }) {
  const read = deployment.source;
  const target = `${path}/source`;
  const shownSame = same();
  const change = (values) => ({
    member: values.member === read.member ? undefined : values.member,
    cursors: values.cursors === String(read.cursorsSet ? read.cursors : "default") ? undefined : values.cursors,
    megabytesPerSecond: values.megabytesPerSecond === String(read.megabytesPerSecondSet ? read.megabytesPerSecond : "default") ? undefined : values.megabytesPerSecond,
  });
  const tell = (values) => {
    const changed = change(values);
    shownSame.show(
      command(
        "source",
        deployment.name,
        changed.member ? ["--member", changed.member] : [],
        changed.cursors ? ["--cursors", changed.cursors] : [],
        changed.megabytesPerSecond ? ["--mb-per-second", changed.megabytesPerSecond] : [],
      ),
      "PATCH",
      target,
      changed,
    );
  };
  tell({ member: read.member, cursors: String(read.cursorsSet ? read.cursors : "default"), megabytesPerSecond: String(read.megabytesPerSecondSet ? read.megabytesPerSecond : "default") });
  const pause = async () => {
    const paused = !read.pausedAt;
    const done = await confirm({
      title: paused ? "Pause the reading?" : "Go on reading?",
      text: paused ? "Nothing is read from the source until somebody goes on. Snapshots and restores of what is stored stay possible; point in time ends now." : "The agent goes on where it stopped.",
      action: paused ? "Pause" : "Go on",
      act: () => patch(target, { paused }),
    });
    if (done) {
      toast(paused ? "The reading is paused." : "The reading goes on.");
      await again();
      go(location.pathname + location.search, { replace: true });
    }
  };
  return card(
    "How the source is read",
    [button({ text: read.pausedAt ? "Go on" : "Pause", icon: read.pausedAt ? "play" : "pause", small: true, onclick: pause })],
    form({
      fields: h(
        "div.pair",
        input({ name: "member", label: "Member", value: read.member, mono: true, hint: "secondary, primary, tags:KEY=VALUE or host:HOST:PORT." }),
        input({ name: "cursors", label: "Cursors", value: read.cursorsSet ? read.cursors : "default", hint: `1 to 16, or default; now ${read.cursors}.` }),
        input({ name: "megabytesPerSecond", label: "MB a second at most", value: read.megabytesPerSecondSet ? read.megabytesPerSecond : "default", hint: "0: no bound; or default." }),
      ),
      same: shownSame.element,
      changed: tell,
      action: "Change",
      submit: async (values) => {
        await patch(target, change(values));
        toast("It is changed; the agent takes it over within seconds.");
        await again();
      },
    }),
  );
}

/** What is backed up, a new initial sync, and the end of it. */
export function settings(root, context) {
  shown(root, context.signal, {
    load: (signal) => get(`${context.path}/namespaces`, { signal }).catch((problem) => (problem.status === 404 ? null : Promise.reject(problem))),
    view: (data, again) => [data ? namespaces(data, context, again) : null, place(context), dangerous(context)],
  });
}

function namespaces(data, { path, state, id }, again) {
  const target = `${path}/namespaces`;
  const shownSame = same();
  const lines = (text) => (text ?? "").split("\n").map((one) => one.trim()).filter(Boolean);
  const body = (values) => ({ include: lines(values.include), exclude: lines(values.exclude), clear: false });
  const tell = (values) => {
    const { include, exclude } = body(values);
    shownSame.show(
      command("namespaces", state.deployment?.name ?? id, "--clear", include.flatMap((one) => ["--include", one]), exclude.flatMap((one) => ["--exclude", one])),
      "PATCH",
      target,
      body(values),
    );
  };
  tell({ include: data.include.join("\n"), exclude: data.exclude.join("\n") });
  return h(
    "section.card.stack",
    h("div.head", h("h2", "What is backed up"), data.inForce ? badge("ok", "In force") : badge("busy", "Being taken over")),
    h("p.soft", data.text),
    may("configure")
      ? form({
          fields: h(
            "div.pair",
            input({ name: "include", label: "Only these", type: "area", mono: true, value: data.include.join("\n"), hint: "One a line: db, db.coll or db.prefix*. Empty: everything." }),
            input({ name: "exclude", label: "Not these", type: "area", mono: true, value: data.exclude.join("\n"), hint: "This list wins." }),
          ),
          same: shownSame.element,
          changed: tell,
          action: "Change",
          submit: async (values) => {
            await patch(target, body(values));
            toast("It is changed. What it adds is copied now.");
            await again();
          },
        })
      : null,
  );
}

/** Its URI is shown to nobody, who may give another one does not see that of before. */
function place({ path, state, id, again }) {
  const { deployment } = state;
  if (!may("configure") || deployment?.partOf) return null;
  const target = `${path}/uri`;
  const shownSame = same();
  shownSame.show(command("deployments", "set-uri", deployment?.name ?? id, "FILE"), "PUT", target, { uri: "mongodb://…" });
  return h(
    "section.card.stack",
    h("h2", "Where it is"),
    h("p.soft", deployment?.hosts?.length ? ["Looked for at ", name(deployment.hosts.join(", ")), "."] : "Where it is cannot be told."),
    form({
      fields: input({ name: "uri", label: "Another connection string", type: "password", mono: true, required: true, hint: "For another password or other hosts of the same data: agents begin anew with it, and nothing is copied again. It is stored sealed and shown to nobody." }),
      same: shownSame.element,
      action: "Change",
      submit: async (values) => {
        await put(target, { uri: values.uri.trim() });
        toast("It is changed; the agent takes it over within seconds.");
        await again();
      },
    }),
  );
}

function dangerous({ path, state, again }) {
  const title = state.deployment?.name ?? "this deployment";
  if (!may("operate")) return null;
  return h(
    "section.card.stack",
    h("h2", "Start over, or end it"),
    h(
      "div.row",
      h("p.soft", "A new initial sync copies everything again. Snapshots stay; point in time has a gap until it is done."),
      h("span.push"),
      button({
        text: "Resync",
        onclick: async () => {
          const done = await confirm({
            title: "Copy everything again?",
            text: "Everything is read from the source once more. Until that is done no new moment can be restored; snapshots that are there stay.",
            action: "Resync",
            danger: true,
            act: () => post(`${path}/resync`, {}),
          });
          if (done) await again();
        },
      }),
    ),
    may("configure")
      ? h(
          "div.row",
          h("p.soft", "It is no longer protected. What is stored stays until its time is over."),
          h("span.push"),
          button({
            text: "Remove",
            danger: true,
            onclick: async () => {
              const done = await confirm({
                title: "Protect it no longer?",
                text: h("p", "Nothing new of ", name(title), " is backed up from now on. Its snapshots can be restored until they expire."),
                action: "Remove it",
                danger: true,
                act: () => remove(path),
              }).catch(toastProblem);
              if (done) go("/");
            },
          }),
        )
      : null,
  );
}
