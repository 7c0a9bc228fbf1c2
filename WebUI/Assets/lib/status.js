// What the states of the API mean to people: a level (icon and colour), a word and a sentence.
import { bytes, duration, many, optimeDate, percent } from "./format.js";

/** An agent says where the source is every few seconds; from then on it is told as behind. */
const BEHIND = 600;

const SETS = {
  waiting: ["busy", "Waiting", "Waits for an agent to begin"],
  "initial-sync": ["busy", "Initial sync", "Everything is copied once"],
  "catching-up": ["busy", "Catching up", "The copy is whole; what happened meanwhile is applied"],
  tailing: ["ok", "Protected", "Follows the oplog"],
  stopped: ["bad", "Stopped", "Nothing goes on until somebody acts"],
};

/** @returns {{level: string, word: string, text: string}} of one replica set. */
export function setHealth(set) {
  const [level, word, text] = SETS[set.state] ?? ["none", set.state, ""];
  if (set.state === "tailing" && set.lagSeconds > BEHIND) {
    return { level: "warning", word: "Behind", text: `${duration(set.lagSeconds)} behind the source` };
  }
  if (set.sync && set.state === "initial-sync") return { level, word: `Initial sync ${percent(syncShare(set.sync))}`, text: syncText(set.sync) };
  return { level, word, text };
}

const ORDER = ["ok", "none", "busy", "warning", "bad"];

/** Of a whole deployment: that of the part that is worst off. */
export function health(deployment) {
  if (deployment.removedAt) return { level: "none", word: "Removed", text: "Not protected any more; its snapshots are kept until their time is over" };
  if (deployment.error) return { level: "bad", word: "Trouble", text: deployment.error.message };
  if (deployment.source?.pausedAt) return { level: "warning", word: "Paused", text: "Nothing is read from it" };
  const sets = deployment.replicaSets ?? [];
  const members = deployment.cluster?.members ?? [];
  const all = [...sets, ...members].map(setHealth);
  if (all.length === 0) return { level: "busy", word: "Waiting", text: "Waits for an agent to find it" };
  const own = all.reduce((worst, one) => (ORDER.indexOf(one.level) > ORDER.indexOf(worst.level) ? one : worst));
  const { level, summary } = deployment.card ?? {};
  // The appliance knows more than the state of the sets, for example of gaps in the window.
  return own.level === "ok" && (level === "warning" || level === "bad") ? { level, word: summary[0].toUpperCase() + summary.slice(1), text: own.text } : own;
}

export function syncShare(sync) {
  const share = sync.expectedBytes > 0 ? sync.bytes / sync.expectedBytes : sync.expectedDocuments > 0 ? sync.documents / sync.expectedDocuments : 0;
  return Math.min(share, sync.collectionsDone < sync.collections ? 0.99 : 1);
}

export function syncText(sync) {
  return [
    `${bytes(sync.bytes)} of ${bytes(sync.expectedBytes)}`,
    `${sync.collectionsDone} of ${many(sync.collections, "collection")}`,
    sync.bytesPerSecond ? `${bytes(sync.bytesPerSecond)}/s` : null,
    sync.secondsLeft !== undefined && sync.secondsLeft !== null ? `${duration(sync.secondsLeft)} left` : null,
  ]
    .filter(Boolean)
    .join(" · ");
}

const ROLES = {
  active: ["ok", "Active"],
  standby: ["none", "Standby"],
  silent: ["bad", "Silent"],
};

export const agentRole = (role) => ROLES[role] ?? ["none", role];

const JOBS = {
  queued: ["none", "Queued"],
  waiting: ["none", "Waiting"],
  running: ["busy", "Running"],
  succeeded: ["ok", "Done"],
  done: ["ok", "Done"],
  finished: ["ok", "Done"],
  complete: ["ok", "Done"],
  failed: ["bad", "Failed"],
  cancelled: ["none", "Cancelled"],
  canceled: ["none", "Cancelled"],
};

export const jobState = (state) => JOBS[state] ?? ["none", state];

export const jobOver = (state) => ["succeeded", "done", "finished", "complete", "failed", "cancelled", "canceled"].includes(state);

const LINKS = {
  open: ["ok", "Open"],
  "used-up": ["none", "Used up"],
  revoked: ["none", "Revoked"],
  expired: ["none", "Expired"],
};

export const linkState = (state) => LINKS[state] ?? ["none", state];

export const memberState = (member) =>
  !member.healthy ? ["bad", /^\(/.test(member.state) ? "Not reached" : `${member.state}, not reached`] : /PRIMARY|SECONDARY|ARBITER/.test(member.state) ? ["ok", member.state] : ["warning", member.state];

/** The moment of a snapshot; null before it is known. */
export function momentOf(snapshot) {
  return snapshot.optime?.t ? optimeDate(snapshot.optime) : null;
}

export const isPinned = (snapshot) => Boolean(snapshot.pinnedAt);

/** The deployments of an overview, each with what its card adds: shards and config servers stand within their cluster. */
export function deploymentsOf(overview) {
  return (overview.deployments ?? [])
    .map(({ deployment, ...card }) => ({ ...deployment, card }))
    .filter((one) => !one.partOf);
}

export const KINDS = { replicaSet: "Replica set", "replica-set": "Replica set", shardedCluster: "Sharded cluster", "sharded-cluster": "Sharded cluster" };

export const kindOf = (deployment) => KINDS[deployment.type] ?? (deployment.cluster ? "Sharded cluster" : "Replica set");

export const isCluster = (deployment) => /cluster/i.test(deployment.type ?? "") || Boolean(deployment.cluster);
