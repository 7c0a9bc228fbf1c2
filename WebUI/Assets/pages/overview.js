// "Am I safe? Up to which second? Has it been proven?" and where to go from there.
import { band, extent } from "../lib/band.js";
import { h, morph, fill, name, fragment } from "../lib/dom.js";
import { bytes, count, duration, many, percent, utc } from "../lib/format.js";
import { attentionList } from "../lib/attention.js";
import { icon } from "../lib/icons.js";
import { badge, button, empty, facts, progress, time, waitingFor } from "../lib/parts.js";
import { may } from "../lib/session.js";
import { deploymentsOf, health, isCluster, kindOf, momentOf, syncShare, syncText } from "../lib/status.js";

const DAY = 86400_000;

export function render(root, { live, signal }) {
  const content = h("div.stack");
  root.append(content);
  if (!live) {
    fill(content, empty("people", "You are in no group yet", "An owner of a group invites you; an administrator of the appliance makes groups.", button({ text: "Your account", href: "/account" })));
    return;
  }
  fill(content, waitingFor("Loading …"));
  live.onStatus((overview) => {
    const fresh = h("div.stack");
    fill(fresh, view(overview));
    morph(content, fresh);
  }, signal);
}

function view(overview) {
  const deployments = deploymentsOf(overview);
  const active = deployments.filter((one) => !one.removedAt);
  return fragment(
    hero(overview, active),
    attention(overview.attention ?? [], deployments),
    active.length === 0 ? nothing(overview) : null,
    deployments.length
      ? h(
          "section.stack.tight",
          h("div.head", h("h2", many(active.length, "deployment")), may("configure") ? h("div.push", button({ text: "Add a deployment", icon: "plus", small: true, href: "/setup?step=deployment" })) : null),
          h("div.cards", deployments.map(card)),
        )
      : null,
    overview.store ? store(overview.store, overview.lastProof) : null,
  );
}

function hero(overview, active) {
  const { level, text } = overview.sentence;
  const ends = active.map((one) => one.card.to).filter(Boolean);
  // A promise about all of them is as good as the worst of them.
  const until = ends.length === active.length && ends.length ? new Date(Math.min(...ends.map((one) => Date.parse(one)))) : null;
  return h(
    "section.card.hero",
    icon(level === "ok" ? "shield" : "shieldOff", `.is-${level}`),
    h(
      "div",
      h("h1", text),
      until ? h("p", active.length === 1 ? "It can be restored up to " : "All of it can be restored up to ", time(until, { exact: true }), " (", time(until), ").") : null,
    ),
    h("div.actions", active.length === 1 && active[0].card.from && may("restore") ? button({ text: "Restore", icon: "restore", primary: true, href: `/d/${encodeURIComponent(active[0].id)}/restore` }) : null),
  );
}

function attention(all, deployments) {
  if (all.length === 0) return null;
  return h(
    "section.card.flush",
    { "aria-label": "What needs attention" },
    h("div.head", h("h2", "What needs attention"), h("span.tally", String(all.length))),
    attentionList(all, deployments),
  );
}

function nothing(overview) {
  const agents = (overview.agents ?? []).filter((one) => !one.revoked);
  return h(
    "section.card",
    empty(
      "database",
      "Nothing is protected yet",
      agents.length ? "An agent is connected. Name the replica set or cluster that it is to back up." : "Connect an agent on a host that reaches your MongoDB, then name what it is to back up.",
      may("configure") ? button({ text: agents.length ? "Add a deployment" : "Connect an agent", primary: true, icon: "plus", href: "/setup" }) : h("p", "A backup administrator or an owner of the group does that."),
    ),
  );
}

function card(deployment) {
  const { level, word, text } = health(deployment);
  const path = `/d/${encodeURIComponent(deployment.id)}`;
  const set = deployment.replicaSets?.[0];
  const lag = isCluster(deployment)
    ? Math.max(0, ...(deployment.cluster?.members ?? []).map((one) => one.lagSeconds))
    : (set?.lagSeconds ?? null);
  const last = deployment.card.lastSnapshot;
  const oplog = deployment.source?.oplog;
  return h(
    "article.card.deployment",
    { "data-key": deployment.id, "aria-label": deployment.name },
    h(
      "div.head",
      h("h2", h("a", { href: path }, name(deployment.name))),
      badge(level, word),
      !deployment.card.from || !may("restore") ? null : h("div.push", button({ text: "Restore", icon: "restore", small: true, href: `${path}/restore`, more: { "aria-label": `Restore ${deployment.name}` } })),
    ),
    h("p.small.soft", set?.sync ? `${kindOf(deployment)} · everything is copied once` : `${kindOf(deployment)} · ${text || deployment.card.summary}`),
    set?.sync ? progress(syncShare(set.sync), `Initial sync of ${deployment.name}`, syncText(set.sync)) : null,
    facts([
      ["Behind", lag === null ? "–" : duration(lag)],
      ["Oplog window", oplog ? duration(oplog.windowSeconds) : "–"],
      ["Last snapshot", time(last?.createdAt, { none: "none yet" })],
      ["Snapshots", count(set?.snapshots ?? deployment.cluster?.snapshots ?? 0), bytes(deployment.card.storedBytes)],
    ]),
    moments(deployment),
    deployment.card.days?.length ? days(deployment.card.days) : null,
  );
}

function moments({ name: title, card: { from, ranges, lastSnapshot } }) {
  if (!from || !ranges) return h("p.small.soft", "No moment can be restored yet: the first snapshot is still to come.");
  // Of a single collection: every other one can be restored through it.
  const gaps = ranges.gaps.filter((one) => !one.collection).length;
  const moment = lastSnapshot ? momentOf(lastSnapshot) : null;
  const marks = moment ? [{ at: moment.getTime(), text: `Newest snapshot: ${utc(moment)}` }] : [];
  return h(
    "div",
    band({ ...extent(ranges, marks, 2 * DAY), ranges, marks, thin: true, label: `Restorable moments of ${title}: since ${utc(new Date(from))}, ${many(gaps, "gap")}` }),
    h("p.small.soft", gaps ? ["Every second since ", time(from), ` but for ${many(gaps, "gap")}`] : ["Every second since ", time(from)]),
  );
}

/** Thirty days, oldest first: whether there is a snapshot of each. */
function days(all) {
  const held = all.filter((one) => one.snapshots > 0).length;
  return h(
    "div",
    h(
      "div.strip",
      { role: "img", "aria-label": `Of the last ${all.length} days ${held} have snapshots` },
      all.map((one) => h(`span.${one.snapshots > 0 ? "some" : "none"}`, { title: `${one.day}: ${many(one.snapshots, "snapshot")}` })),
    ),
    h("p.small.soft", `Last ${all.length} days: snapshots of ${held}`),
  );
}

function store(view, proof) {
  const used = view.diskBytes > 0 ? 1 - view.freeBytes / view.diskBytes : 0;
  return h(
    "section.card",
    h("div.head", h("h2", "Storage"), h("div.push", button({ text: "More", small: true, quiet: true, href: "/storage", more: { "aria-label": "More about storage" } }))),
    facts([
      ["Stored", bytes(view.storedBytes), `${count(view.blocks)} blocks`],
      ["Smaller by", view.ratio > 0 ? `${view.ratio} ×` : "–", "than a copy for each snapshot"],
      view.diskBytes === undefined ? ["Free", "–", "not on a disk of this host"] : ["Free on the disk", bytes(view.freeBytes), view.fullInDays === undefined ? `${percent(used)} used` : `${percent(used)} used, full in ${duration(view.fullInDays * 86400)}`],
      ["Last proof", proof ? time(proof.at) : "none yet", proof ? h("span", "a snapshot of ", name(proof.subject), " was read back") : h("a", { href: "/verification" }, "verify a snapshot")],
    ]),
  );
}
