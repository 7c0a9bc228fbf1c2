// What is stored, of which deployment, and how much smaller it is than the documents.
import { below, get, post, put } from "../lib/api.js";
import { confirm, open, toast, toastProblem } from "../lib/dialog.js";
import { fill, h, morph, name } from "../lib/dom.js";
import { form, input } from "../lib/form.js";
import { bytes, count, duration, many, percent } from "../lib/format.js";
import { card, flush, heading } from "../lib/page.js";
import { button, empty, errorNote, facts, fault, note, progress, table, time, waitingFor } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { may, session } from "../lib/session.js";
import { deploymentsOf } from "../lib/status.js";

export function render(root, { live, signal }) {
  const content = h("div.stack");
  const stores = h("div.stack");
  root.append(h("div.stack", heading("Storage", "Blocks are stored once, whichever snapshots and replica sets share them, compressed."), content, stores));
  fill(content, waitingFor("Loading …"));
  live?.onStatus((overview) => {
    const fresh = h("div.stack");
    fill(fresh, overview.store ? [disk(overview.store), space(overview.store)] : null, view(deploymentsOf(overview)));
    morph(content, fresh);
    showStores(stores, signal);
  }, signal);
}

function view(deployments) {
  const stored = deployments.filter((one) => one.card.lastSnapshot || one.card.storedBytes);
  if (stored.length === 0) return h("section.card", empty("drive", "Nothing is stored yet", "The first snapshot of a deployment brings its blocks here."));
  return (
    flush(
      "By deployment",
      null,
      table(
        "Storage by deployment",
        [
          { title: "Deployment", cell: (one) => h("a", { href: `/d/${encodeURIComponent(one.id)}` }, name(one.name)) },
          { title: "Snapshots", number: true, cell: (one) => count(one.replicaSets?.[0]?.snapshots ?? one.cluster?.snapshots ?? 0) },
          { title: "Stored", number: true, cell: (one) => bytes(one.card.storedBytes) },
          { title: "Newest: documents", number: true, cell: (one) => bytes(one.card.lastSnapshot?.rawBytes) },
          { title: "Newest: was new", number: true, cell: (one) => bytes(one.card.lastSnapshot?.newBytes) },
          { title: "Newest taken", cell: (one) => time(one.card.lastSnapshot?.createdAt) },
        ],
        stored,
        { key: (one) => one.id },
      ),
    )
  );
}

/** The whole store: all groups share its blocks and its disk. */
function disk(store) {
  const isHere = store.diskBytes !== undefined;
  const used = isHere && store.diskBytes > 0 ? 1 - store.freeBytes / store.diskBytes : 0;
  const level = used > 0.95 ? "bad" : used > 0.85 ? "warning" : "ok";
  return h(
    "section.card.stack",
    facts([
      ["Stored", bytes(store.storedBytes), `${count(store.blocks)} blocks, compressed`],
      ["As copies", bytes(store.snapshotBytes), many(store.snapshots, "snapshot")],
      ["Smaller by", store.ratio > 0 ? `${store.ratio} ×` : "–", "deduplicated and compressed"],
      isHere ? ["Free on the disk", bytes(store.freeBytes), `of ${bytes(store.diskBytes)}`] : ["Free", "–", "not on a disk of this host: whoever keeps it watches it"],
      !isHere ? null : ["Full in", store.fullInDays === undefined ? "–" : duration(store.fullInDays * 86400), store.fullInDays === undefined ? "it does not grow, or is watched for less than a day" : "as it grew in the last week"],
    ]),
    !isHere ? null : h(
      "div.stack.tight",
      h("div.meter", { role: "meter", "aria-label": "Disk", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(Math.round(used * 100)) }, h(`span.is-${level}`, { style: { width: `${used * 100}%` } })),
      h("p.small.soft", `${percent(used)} of the disk is used, by whatever is on it.`),
    ),
    level === "ok" ? null : note(level, `The disk is ${percent(used)} full.`, { hint: "When it is full nothing new is stored. Make it larger, or keep snapshots for less long: the policy of each deployment says how long." }),
  );
}

/** What of it is needed, as the last groom counted, and a way to have it groomed. */
function space({ space: last }) {
  const ask = may("operate") ? [button({ text: "Count", small: true, onclick: () => groom(true) }), button({ text: "Groom now", small: true, onclick: () => groom(false) }), button({ text: "Check", small: true, onclick: check })] : [];
  return card(
    "Room",
    ask,
    h("p.small.soft", "Blocks that no snapshot needs any more are given back by a groom, after snapshots were removed and once a day; snapshots and restores go on meanwhile."),
    last?.countedAt
      ? table(
          "What of the store is needed",
          [
            { title: "What", cell: (one) => one.what },
            { title: "Bytes", number: true, cell: (one) => bytes(one.bytes) },
          ],
          [
            { what: "Needed", bytes: last.liveBytes },
            { what: "Needed by nobody", bytes: last.deadBytes },
            { what: "Perhaps still in work", bytes: last.heldBytes },
            { what: "A groom gives back about", bytes: last.reclaimableBytes },
            { what: "The last one gave back", bytes: last.freedBytes },
          ],
          { key: (one) => one.what },
        )
      : h("p", "What of it is needed is not known before the first groom."),
    last?.countedAt ? h("p.small.soft", "Counted ", time(last.countedAt), ".") : null,
    last?.findings > 0 ? note("bad", `It met ${many(last.findings, "damage")}.`, { hint: "The packs are kept. Verify snapshots to learn which are hit, and look after the disk." }) : null,
    last?.error ? errorNote(last.error) : null,
  );
}

function groom(dryRun) {
  post(below(session.group.id, "storage", "groom"), { dryRun })
    .then(() => toast(dryRun ? "It is being counted: see Activity." : "The groom is queued: see Activity."))
    .catch(toastProblem);
}

/** Which of several stores the group is in; nothing where there is one, and nobody asks anything of it. */
function showStores(shown, signal) {
  get(below(session.group.id, "storage", "stores"), { signal })
    .then((told) => {
      // A server of the release before, behind the same balancer, tells of no tags.
      const all = { tags: [], lacks: [], ...told };
      const fresh = h("div.stack");
      fill(fresh, all.stores.length > 1 || all.tags.length > 0 ? places(all) : null);
      morph(shown, fresh);
    })
    .catch((problem) => signal?.aborted || fill(shown, fault(problem)));
}

function places(all) {
  const goesOn = all.movesFrom.length > 0;
  const isUnderWay = goesOn && (all.move?.state === "queued" || all.move?.state === "running");
  return card(
    "Stores",
    may("operate") ? [button({ text: "Change tags", small: true, onclick: () => changeTags(all) })] : [],
    h("p.small.soft", "What comes of this group goes to its store. It can be moved while snapshots and restores go on; blocks are read from wherever they are."),
    table(
      "Block stores, and which one the group is in",
      [
        { title: "Store", cell: (one) => h("span", name(one.name), h("span.soft", " ", one.kind)) },
        { title: "Blocks of all groups", number: true, cell: (one) => count(one.blocks) },
        { title: "Stored", number: true, cell: (one) => bytes(one.storedBytes) },
        { title: "Free on its disk", number: true, cell: (one) => (one.diskBytes ? `${bytes(one.freeBytes)} of ${bytes(one.diskBytes)}` : "") },
        { title: "Tags", cell: (one) => (one.tags ?? []).join(", ") || "none" },
        { title: "This group", cell: (one) => (one.name === all.store ? "is in it" : all.movesFrom.includes(one.name) ? "may have a part in it" : "has nothing in it") },
        { title: "Move", cell: (one) => (may("operate") && (one.name !== all.store || (goesOn && !isUnderWay)) ? button({ text: one.name === all.store ? "Go on" : "Move here", small: true, onclick: () => move(one.name) }) : "") },
      ],
      all.stores,
      { key: (one) => one.name },
    ),
    h("p", "Tags of this group: ", all.tags.length > 0 ? h("strong", all.tags.join(", ")) : "none", ". What they say, its store must have."),
    all.lacks.length > 0 ? note("warning", ["The store ", name(all.store), ` lacks ${all.lacks.join(", ")}.`], { hint: "Nothing moves by itself: move the group, change its tags, or give the store what it lacks (store_tags of the configuration)." }) : null,
    isUnderWay ? progress(all.move.progress, "Move", all.move.phase) : null,
    goesOn && all.move?.error ? errorNote(all.move.error) : null,
  );
}

function move(store) {
  confirm({
    title: "Move the group?",
    text: h("p", "What comes goes to ", name(store), " at once; a job brings there what the group has elsewhere. The room elsewhere comes back by the next groom."),
    action: "Move",
    act: () => post(below(session.group.id, "storage", "move"), { store }),
  })
    .then((done) => done && toast("The move is queued: see Activity."))
    .catch(toastProblem);
}

/** What the group's store must have; where it lacks something the group is moved. */
async function changeTags(all) {
  const target = below(session.group.id, "storage", "tags");
  const listed = (text) => (text ?? "").split(",").map((one) => one.trim()).filter((one) => one !== "");
  const shownSame = same();
  const tell = (values) => shownSame.show(command("store", "tag", "--group", session.group.name, "--tags", listed(values.tags).join(",")), "PUT", target, { tags: listed(values.tags) });
  tell({ tags: all.tags.join(",") });
  const done = await open("Tags of the group", (close) =>
    form({
      intro: "What its store must have. Where the store that it is in lacks one of them, the group is moved to one that has all, while snapshots and restores go on.",
      fields: input({ name: "tags", label: "Tags", value: all.tags.join(", "), hint: "With commas between them; nothing: any store will do.", mono: true }),
      action: "Set the tags",
      same: shownSame.element,
      changed: tell,
      cancel: () => close(),
      submit: async (values) => close(await put(target, { tags: listed(values.tags) })),
    }),
  );
  if (!done) return;
  toast(done.store === all.store ? "The tags are set; nothing moves." : `The tags are set; the group moves to ${done.store}: see Activity.`);
}

/** Every block is read: a while. */
function check() {
  post(below(session.group.id, "storage", "check"), {})
    .then(() => toast("The check is queued: see Activity."))
    .catch(toastProblem);
}
