// Encryption at rest: the keys of each group by name, and what an administrator does with them.
import { get, post } from "../lib/api.js";
import { confirm, open, toast } from "../lib/dialog.js";
import { h, name } from "../lib/dom.js";
import { form, input } from "../lib/form.js";
import { many } from "../lib/format.js";
import { card } from "../lib/page.js";
import { badge, button, copyable, note, pairs, table, time } from "../lib/parts.js";
import { command } from "../lib/same.js";

const PATH = "/appliance/keys";

export const loadEncryption = (signal) => get(PATH, { signal });

export function encryptionOf(keys, again) {
  return card(
    "Encryption at rest",
    keys.master ? [button({ text: "Rotate all keys", small: true, onclick: () => rotate(null, again) }), button({ text: "Rotate the master key", small: true, onclick: () => rotateMaster(again) })] : null,
    keys.master
      ? pairs([
          ["What is stored now", keys.isOn ? badge("ok", "Encrypted") : badge("warning", "Not encrypted")],
          ["Master key", h("code", keys.master)],
        ])
      : note("none", "What is stored is not encrypted.", { hint: "Set encryption.state and a master key in the configuration, and start the appliance again: what is stored from then on is." }),
    keys.groups.length
      ? table(
          "Keys of groups",
          [
            { title: "Group", cell: (one) => name(one.name) },
            { title: "State", cell: (one) => (one.destroyedAt ? [badge("bad", "Destroyed"), " ", time(one.destroyedAt)] : badge("ok", many(one.keys.length, "key"))) },
            { title: "Seals with", cell: (one) => (one.keys.length ? h("code", one.keys[0].id) : "–") },
            { title: "Made", cell: (one) => (one.keys.length ? time(one.keys[0].createdAt) : "–") },
            {
              title: "Actions",
              hidden: true,
              cell: (one) =>
                one.destroyedAt
                  ? null
                  : h(
                      "span.row",
                      button({ text: "Rotate", small: true, onclick: () => rotate(one, again), more: { "aria-label": `Rotate the key of ${one.name}` } }),
                      button({ text: "Destroy", small: true, danger: true, onclick: () => shred(one, again), more: { "aria-label": `Destroy the keys of ${one.name}` } }),
                    ),
            },
          ],
          keys.groups,
          { key: (one) => one.group },
        )
      : null,
    h("details.same", h("summary", "The same as a command"), h("div", copyable(command("store", "keys", "list"), "Copy the command"))),
  );
}

async function rotate(group, again) {
  const done = await confirm({
    title: group ? `Rotate the key of ${group.name}` : "Rotate the keys of all groups",
    text: "What is stored from now on is sealed under a new key. What is stored already stays as it is, and is read with the keys of before.",
    action: "Rotate",
    act: () => post(`${PATH}/rotate`, { group: group?.group ?? null }),
  });
  if (done) again();
}

async function rotateMaster(again) {
  const done = await confirm({
    title: "Rotate the master key",
    text: "All keys are wrapped anew, under the key in encryption.next_key_file. Then put it in the place of the one of before, and keep a copy of it elsewhere.",
    action: "Rotate the master key",
    act: async () => {
      const { master, rewrapped } = await post(`${PATH}/rotate-master`);
      toast(`${many(rewrapped, "key")} wrapped under master key ${master}.`);
    },
  });
  if (done) again();
}

async function shred(group, again) {
  const done = await open(`Destroy the keys of ${group.name}`, (close) =>
    form({
      intro: "Everything that is stored encrypted for this group is lost for ever: snapshots, heads, oplog. Nobody can bring it back, and nothing more is stored for the group.",
      fields: [input({ name: "confirm", label: `Write ${group.name} to confirm`, required: true })],
      action: "Destroy the keys",
      danger: true,
      cancel: () => close(),
      submit: async ({ confirm: confirmed }) => {
        await post(`${PATH}/shred`, { group: group.group, confirm: confirmed });
        close(true);
      },
    }),
  );
  if (done) again();
}
