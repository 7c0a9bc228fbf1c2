// Step 3: a download link, a push over SSH, straight into MongoDB, or served as a read-only MongoDB.
import { below, list, post } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { check, choices, input, length, values } from "../lib/form.js";
import { badge, button, errorNote, fault, note, table, waitingFor } from "../lib/parts.js";
import { may, session } from "../lib/session.js";

export function how(context) {
  const { plan } = context;
  const renamed = plan.what.renames.length > 0;
  if (renamed) plan.how.kind = "into";
  const place = h("div.stack");
  const ways = { link, push, into, serve };
  let way;
  const choose = () => {
    way = ways[plan.how.kind](context);
    fill(place, way.element);
  };
  choose();
  const names = renamed ? " Other names were given: those are for MongoDB alone." : "";
  return {
    element: h(
      "div.stack",
      choices({
        name: "how",
        label: "Where to",
        quiet: true,
        value: plan.how.kind,
        options: [
          { value: "link", text: "Download link", hint: `An address for curl or a browser, good once and for a while.${names}`, disabled: renamed },
          { value: "push", text: "Push over SSH", hint: `The appliance writes files to a host of yours.${names}`, disabled: renamed },
          { value: "into", text: "Into MongoDB", hint: "Straight into a running replica set or cluster." },
          { value: "serve", text: "Look into it", hint: `A read-only MongoDB on the appliance, for mongosh, Compass and drivers; nothing is copied.${names}`, disabled: renamed },
        ],
        oninput: (event) => {
          plan.how.kind = event.target.value;
          choose();
        },
      }),
      place,
    ),
    check: () => way.check(),
  };
}

function link({ plan }) {
  const chosen = plan.how.link;
  const element = h(
    "div.stack",
    h(
      "div.pair",
      input({
        name: "format",
        label: "Form",
        type: "select",
        value: chosen.format,
        options: [["archive", "mongodump archive (one file)"], ["directory", "mongodump directory (a tar)"], ["ndjson", "NDJSON (a document a line)"]],
      }),
      length({ name: "seconds", label: "Good for", value: chosen.seconds, hint: "A minute to 30 days." }),
      input({ name: "uses", label: "Downloads", type: "number", value: chosen.uses, min: 1, max: 1000, hint: "Going on with one that was cut is none." }),
    ),
    check({ name: "gzip", label: "Compressed (gzip)", value: chosen.gzip }),
    check({ name: "checksum", label: "Size and SHA-256 beforehand", value: chosen.checksum, hint: "Everything is read once more for it." }),
  );
  return {
    element,
    check: () => {
      Object.assign(chosen, values(element));
      if (!(chosen.seconds >= 60 && chosen.seconds <= 30 * 86400)) return note("bad", "A link is good for a minute to 30 days.");
      return chosen.uses >= 1 && chosen.uses <= 1000 ? null : note("bad", "A link is good for 1 to 1000 downloads.");
    },
  };
}

function push({ plan, signal }) {
  const chosen = plan.how.push;
  const place = h("div.stack", waitingFor("Loading the targets …"));
  const tested = h("div", { role: "status" });
  const test = async () => {
    const target = values(place).target;
    fill(tested, waitingFor("Logging in …"));
    try {
      fill(tested, checks(await post(below(session.group.id, "ssh", "targets", target, "test"), {}, { signal })));
    } catch (problem) {
      if (problem.name !== "AbortError") fill(tested, fault(problem));
    }
  };
  list(below(session.group.id, "ssh", "targets"), { signal })
    .then((targets) => {
      if (targets.length === 0) {
        fill(
          place,
          note("none", "There is no SSH target yet.", {
            hint: may("configure") ? "Add one with its host key and folder, then come back." : "A backup administrator adds one.",
            more: may("configure") ? h("div", button({ text: "Add a target", small: true, href: "/settings" })) : null,
          }),
        );
        return;
      }
      fill(
        place,
        h(
          "div.pair",
          input({ name: "target", label: "Target", type: "select", value: chosen.target || targets[0].name, options: targets.map((one) => [one.name, `${one.name} (${one.address}:${one.folder})`]), oninput: () => tested.replaceChildren() }),
          input({ name: "subfolder", label: "Folder below it", optional: true, mono: true, value: chosen.subfolder }),
        ),
        choices({
          name: "form",
          label: "Form",
          value: chosen.files ? "files" : "archive",
          options: [
            { value: "archive", text: "One archive", hint: "For mongorestore --archive." },
            { value: "files", text: "Single files", hint: "A mongodump directory, for mongorestore --dir." },
          ],
        }),
        check({ name: "gzip", label: "Compressed (gzip)", value: chosen.gzip }),
        h("div.row", button({ text: "Test the target", onclick: test }), h("span.small.soft", "Login, host key, free space, writing.")),
        tested,
      );
    })
    .catch((problem) => problem.name !== "AbortError" && fill(place, fault(problem)));
  return {
    element: place,
    check: () => {
      const read = values(place);
      if (!read.target) return note("bad", "No target is chosen.");
      Object.assign(chosen, { target: read.target, subfolder: read.subfolder ?? "", files: read.form === "files", gzip: read.gzip });
      return null;
    },
  };
}

/** What a test of an SSH target found. */
export function checks(all) {
  return table(
    "What the test found",
    [
      { title: "Step", cell: (one) => one.name },
      { title: "Result", cell: (one) => (one.error ? badge("bad", "Failed") : badge("ok", "Good")) },
      { title: "Found", cell: (one) => (one.error ? errorNote(one.error) : one.text) },
    ],
    all,
  );
}

function into({ plan }) {
  const chosen = plan.how.into;
  const element = h(
    "div.stack",
    input({
      name: "uri",
      label: "Connection string of the target",
      mono: true,
      required: true,
      value: chosen.uri,
      placeholder: "mongodb://user:password@host:27017/?replicaSet=rs1",
      hint: "It is kept only as long as the restore runs. The user needs the role restore, with users and roles also userAdminAnyDatabase.",
    }),
    h("div.pair", input({ name: "parallelism", label: "Batches at the same time", type: "number", value: chosen.parallelism, min: 1, max: 64 })),
    check({ name: "drop", label: "Remove collections of the same names first", value: chosen.drop, hint: "Without it a target that has them is refused, and nothing is written." }),
    check({ name: "users", label: "With users and roles", value: plan.what.users }),
  );
  return {
    element,
    check: () => {
      const read = values(element);
      if (!/^mongodb(\+srv)?:\/\/./.test(read.uri ?? "")) return note("bad", "This is no connection string.", { hint: "It begins with mongodb:// or mongodb+srv://." });
      if (!(read.parallelism >= 1 && read.parallelism <= 64)) return note("bad", "1 to 64 batches at the same time.");
      Object.assign(chosen, { uri: read.uri, parallelism: read.parallelism, drop: read.drop });
      plan.what.users = read.users;
      return null;
    },
  };
}

function serve({ plan }) {
  const chosen = plan.how.serve;
  const element = h(
    "div.stack",
    h(
      "div.pair",
      input({ name: "address", label: "Listens on", mono: true, required: true, value: chosen.address, hint: "An IP address of the appliance: 127.0.0.1 for whoever is on its host, 0.0.0.0 for everybody who reaches it." }),
      input({ name: "port", label: "Port", type: "number", value: chosen.port, min: 0, max: 65535, hint: "0 takes one that is free." }),
      length({ name: "seconds", label: "Closes by itself after", value: chosen.seconds, hint: "A second to 366 days." }),
    ),
    h("p.small.soft", "One user with a password that is made and shown once; TLS with the appliance's certificate."),
  );
  return {
    element,
    check: () => {
      const read = values(element);
      if (!/^[0-9a-fA-F.:]+$/.test(read.address ?? "")) return note("bad", "This is no IP address.", { hint: "127.0.0.1, 0.0.0.0, or one that the appliance's host has." });
      if (!(read.port >= 0 && read.port <= 65535)) return note("bad", "A port is 0 to 65535.");
      Object.assign(chosen, read);
      return null;
    },
  };
}
