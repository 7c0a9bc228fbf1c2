// The appliance itself: its certificates, daemons and stores; for its administrators.
import { download, get, post } from "../lib/api.js";
import { toast, toastProblem } from "../lib/dialog.js";
import { fragment, h, name } from "../lib/dom.js";
import { bytes, count, percent } from "../lib/format.js";
import { card, flush } from "../lib/page.js";
import { badge, button, copyable, pairs, table, time } from "../lib/parts.js";
import { command } from "../lib/same.js";

export const loadAppliance = (signal) => get("/appliance", { signal });

export function applianceOf({ tls, daemons, stores }, again) {
  return fragment(tls ? certificates(tls) : null, daemonsOf(daemons, again), storesOf(stores), help());
}

function certificates(tls) {
  return card(
    "TLS",
    null,
    pairs([
      ["Agents connect to", h("code", tls.agents)],
      ["Names", tls.names.length ? tls.names.map((one, index) => [index > 0 ? ", " : "", name(one)]) : "Those of the host"],
      ["Certificate", ["ends ", time(tls.serverUntil), "; it is renewed by itself long before"]],
      ["Key of the server", copyable(tls.pin, "Copy the pin of the key")],
      ["Own authority", ["ends ", time(tls.authorityUntil)]],
      ["Its fingerprint (SHA-256)", copyable(tls.authority, "Copy the fingerprint")],
      ["This web interface", tls.webIsEncrypted ? "Behind the same certificate" : "On this host alone, without TLS"],
    ]),
    h("p.small.soft", "Other names are given with ", h("code", "backup up --name"), "; agents hold the fingerprint from the token that enrolled them."),
    h("details.same", h("summary", "The same as a command"), h("div", copyable(command("appliance"), "Copy the command"))),
  );
}

function daemonsOf(daemons, again) {
  return flush(
    "Daemons",
    null,
    table(
      "Daemons",
      [
        { title: "Name", cell: (one) => [name(one.name), one.host && one.host !== one.name ? h("p.small.soft", "on ", name(one.host)) : null] },
        { title: "State", cell: (one) => [stateOf(one), one.trouble ? h("p.small", one.trouble) : null] },
        { title: "Heads", number: true, cell: (one) => count(one.replicaSets) },
        { title: "Jobs under way", number: true, cell: (one) => count(one.jobs) },
        { title: "Weight", number: true, cell: (one) => count(one.weight) },
        { title: "Free on its disk", number: true, cell: (one) => bytes(one.freeBytes) },
        { title: "Version", cell: (one) => one.version },
        { title: "Since", cell: (one) => (one.startedAt ? time(one.startedAt) : "–") },
        { title: "", cell: (one) => (daemons.length > 1 ? drain(one, again) : null) },
      ],
      daemons,
      { key: (one) => one.name },
    ),
  );
}

function stateOf(one) {
  if (one.stoppedAt) return badge("none", "Stopped");
  if (!one.running) return badge("bad", "Not running");
  return one.drains ? badge("warning", "Gives its heads away") : badge("ok", "Running");
}

function drain(one, again) {
  const to = one.drains ? "resume" : "drain";
  return button({
    text: one.drains ? "Resume" : "Drain",
    small: true,
    onclick: async () => {
      await post(`/appliance/daemons/${encodeURIComponent(one.name)}/${to}`);
      await again();
    },
    more: { title: one.drains ? "Let it take heads again" : "Let it give its heads to others and take none: before it is stopped for a while" },
  });
}

function storesOf(stores) {
  return flush(
    "Stores",
    null,
    table(
      "Stores",
      [
        { title: "Name", cell: (one) => name(one.name) },
        { title: "Kind", cell: (one) => ({ packs: "Packs on a disk", mongodb: "MongoDB, shared", s3: "S3, shared" })[one.kind] ?? one.kind },
        { title: "Place", cell: (one) => h("code", one.place) },
        { title: "Blocks", number: true, cell: (one) => count(one.blocks) },
        { title: "Stored", number: true, cell: (one) => bytes(one.storedBytes) },
        { title: "Free on its disk", number: true, cell: (one) => (one.freeBytes === undefined ? "–" : `${bytes(one.freeBytes)} (${percent(one.diskBytes > 0 ? one.freeBytes / one.diskBytes : 0)})`) },
      ],
      stores,
      { key: (one) => one.name },
    ),
  );
}

/** An archive for whoever is asked for help. */
function help() {
  const take = button({
    text: "Take a support bundle",
    small: true,
    onclick: async () => {
      take.disabled = true;
      try {
        toast(`${await download("/appliance/support-bundle")} is in your downloads.`);
      } catch (problem) {
        toastProblem(problem);
      } finally {
        take.disabled = false;
      }
    },
  });
  return card(
    "Help",
    [take],
    h("p", "A ZIP archive with versions, the configuration, state, tasks, alerts, metrics and the end of the log. Secrets are taken out, and no data of a source is in it; look through it before you hand it on."),
    h("details.same", h("summary", "The same as a command"), h("div", copyable(command("support-bundle"), "Copy the command"))),
  );
}
