// Step 1: everything, or databases and collections, and other names for them.
import { get } from "../lib/api.js";
import { fill, h, name } from "../lib/dom.js";
import { bytes, count } from "../lib/format.js";
import { check, choices, input } from "../lib/form.js";
import { note, waitingFor } from "../lib/parts.js";

export function what({ plan, path, signal, snapshots }) {
  const part = plan.what;
  const place = h("div.stack");
  let tree = null;

  const choose = () => {
    if (part.all) return place.replaceChildren();
    // What was dropped is in no list of what there is now.
    if (part.typed) tree ??= written(part);
    if (tree) return fill(place, tree);
    fill(place, waitingFor("Looking what is there …"));
    get(`${path}/contents`, { signal, query: { snapshot: snapshots[0]?.id } })
      .then((found) => {
        part.contents = found.databases;
        tree = treeOf(found.databases, part);
      })
      .catch((problem) => (problem.name === "AbortError" ? null : (tree = written(part))))
      .then(() => tree && !part.all && fill(place, tree));
  };
  choose();

  const renames = h(
    "details.same",
    { open: part.renames.length > 0 },
    h("summary", "Give other names"),
    h(
      "div",
      input({
        name: "renames",
        label: "Other names",
        type: "area",
        mono: true,
        value: part.renames.join("\n"),
        placeholder: "shop.orders=shop.orders_old",
        hint: "One a line: from=to, shop.*=shop2.* for a whole database. It is for restores straight into MongoDB; files keep their names.",
        oninput: (event) => (part.renames = lines(event.target.value)),
      }),
    ),
  );

  return {
    element: h(
      "div.stack",
      choices({
        name: "what",
        label: "What is restored",
        quiet: true,
        value: part.all ? "all" : "some",
        options: [
          { value: "all", text: "Everything", hint: "All databases, with their indexes and options." },
          { value: "some", text: "Databases and collections", hint: "Only those that you choose." },
        ],
        oninput: (event) => {
          part.all = event.target.value === "all";
          choose();
        },
      }),
      place,
      renames,
    ),
    check: () => {
      if (!part.all && part.namespaces.length === 0) return note("bad", "Nothing is chosen.", { hint: "Choose a database or a collection, or everything." });
      const wrong = part.renames.find((one) => !/^[^=]+=[^=]+$/.test(one));
      return wrong ? note("bad", `'${wrong}' is no pair of names.`, { hint: "Write from=to, for example shop.orders=shop.orders_old." }) : null;
    },
  };
}

const lines = (text) => text.split("\n").map((one) => one.trim()).filter(Boolean);

/** Boxes of databases with their collections. A whole database stands for all of its collections, later ones too. */
function treeOf(databases, part) {
  const chosen = new Set(part.namespaces);
  const write = () => (part.namespaces = [...chosen]);
  return h(
    "ul.tree",
    { "aria-label": "Databases and collections" },
    databases.map((database) => {
      const whole = check({ name: `db:${database.name}`, label: name(database.name), value: chosen.has(database.name) });
      const box = whole.querySelector("input");
      whole.append(h("span.small.soft", size(database)));
      const parts = database.collections.map((collection) => {
        const full = `${database.name}.${collection.name}`;
        const one = check({
          name: `coll:${full}`,
          label: name(collection.name),
          value: chosen.has(full) || chosen.has(database.name),
          disabled: chosen.has(database.name) || Boolean(collection.excluded),
          hint: collection.excluded ? `Not backed up: ${collection.excluded}` : null,
          oninput: (event) => {
            if (event.target.checked) chosen.add(full);
            else chosen.delete(full);
            write();
          },
        });
        if (!collection.excluded) one.append(h("span.small.soft", size(collection)));
        return { full, row: h("li", one), box: one.querySelector("input"), excluded: Boolean(collection.excluded) };
      });
      box.onchange = () => {
        if (box.checked) chosen.add(database.name);
        else chosen.delete(database.name);
        for (const each of parts) {
          chosen.delete(each.full);
          each.box.checked = box.checked;
          each.box.disabled = box.checked || each.excluded;
        }
        write();
      };
      return h("li", whole, h("ul", parts.map((each) => each.row)));
    }),
  );
}

function size({ bytes: length, documents }) {
  return [documents === undefined ? null : `${count(documents)} documents`, length === undefined ? null : bytes(length)].filter(Boolean).join(" · ");
}

/** Where the list cannot be had, names are typed. */
function written(part) {
  return input({
    name: "namespaces",
    label: "Databases and collections",
    type: "area",
    mono: true,
    value: part.namespaces.join("\n"),
    hint: "One a line: db, db.coll or db.prefix*.",
    oninput: (event) => (part.namespaces = lines(event.target.value)),
  });
}

/** Of what was chosen, about; null where that is not known. */
export function chosenSize({ namespaces, contents }) {
  if (!contents) return null;
  let [sum, documents] = [0, 0];
  for (const database of contents) {
    for (const collection of database.collections) {
      if (!namespaces.includes(database.name) && !namespaces.includes(`${database.name}.${collection.name}`)) continue;
      sum += collection.bytes;
      documents += collection.documents;
    }
  }
  return { bytes: sum, documents };
}
