// Backups that are served as a read-only MongoDB: how to connect, and the way to end it.
import { below, remove } from "../lib/api.js";
import { confirm, toast } from "../lib/dialog.js";
import { h, name } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { flush } from "../lib/page.js";
import { button, copyable, note, pairs, table, time } from "../lib/parts.js";
import { command } from "../lib/same.js";
import { may, session } from "../lib/session.js";

const FILE = "serve-ca.pem";

/** One that was started just now: its password is shown this once. */
export function servedCard(made) {
  const uri = made.caPem ? `${made.uri}&tlsCAFile=${FILE}` : made.uri;
  return h(
    "section.card.stack",
    h("div.head", h("h2", { tabindex: "-1" }, "It is served")),
    note("warning", "The password is shown now and never again."),
    pairs([
      ["What", name(made.what)],
      ["User", h("code", made.user)],
      made.password ? ["Password", copyable(made.password, "Copy the password")] : null,
      ["Closes by itself", time(made.until)],
    ]),
    h("h3", "Connect; the password is asked for"),
    copyable(`mongosh '${uri}'`, "Copy the connection line"),
    made.caPem ? [h("h3", `What vouches for it: write this into ${FILE}`), copyable(made.caPem, "Copy the certificate")] : null,
    h("p.small.soft", "Activity lists what is served, and ends it."),
    h("details.same", h("summary", "End it as a command"), h("div", copyable(command("serve", "--stop", made.id), "Copy the command"))),
  );
}

/** All that this group has served now; null where nothing is. */
export function servedOf(all, again) {
  if (all.length === 0) return null;
  return flush(
    "Served as a read-only MongoDB",
    null,
    table(
      "Served as a read-only MongoDB",
      [
        { title: "What", cell: (one) => name(one.what) },
        { title: "Address", cell: (one) => h("code", `${one.address}:${one.port}`) },
        { title: "Connections", number: true, cell: (one) => count(one.connections) },
        { title: "Closes", cell: (one) => time(one.until) },
        { title: "Actions", hidden: true, cell: (one) => (may("restore") ? button({ text: "End", small: true, danger: true, onclick: () => end(one, again), more: { "aria-label": `End serving ${one.what}` } }) : null) },
      ],
      all,
      { key: (one) => one.id },
    ),
  );
}

async function end(one, again) {
  const done = await confirm({
    title: "Serve it no more?",
    text: h("p", "Whoever is connected to ", name(one.what), " is disconnected."),
    action: "End it",
    danger: true,
    act: () => remove(below(session.group.id, "served", one.id)),
  });
  if (done) toast("It is served no more.");
  await again();
}
