// Exports of the appliance's own metadata: what is there, and one more.
import { get, post } from "../lib/api.js";
import { toast, toastProblem } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { bytes, many } from "../lib/format.js";
import { card } from "../lib/page.js";
import { button, copyable, note, table, time } from "../lib/parts.js";
import { command } from "../lib/same.js";

const PATH = "/appliance/metadata/exports";

export const loadExports = (signal) => get(PATH, { signal });

export function exportsOf(exports, again) {
  return card(
    "Exports of the metadata",
    [button({ text: "Export now", small: true, onclick: () => make(again) })],
    h("p", exports.keep ? `One a day; the last ${many(exports.keep, "file")} are kept beside the blocks, in ` : "None is made by itself (metadata_exports is 0). Those that are made stand in ", h("code", exports.folder), "."),
    exports.trouble ? note("bad", exports.trouble.message, { hint: exports.trouble.hint, code: exports.trouble.code }) : null,
    exports.exports.length
      ? table(
          "Exports of the metadata",
          [
            { title: "As of", cell: (one) => time(one.madeAt) },
            { title: "Size", cell: (one) => bytes(one.bytes) },
            { title: "File", cell: (one) => h("code", one.name) },
          ],
          exports.exports,
          { key: (one) => one.name },
        )
      : note("none", "There is none yet."),
    h("details.same", h("summary", "The same as a command"), h("div", copyable(command("metadata", "export"), "Copy the command"))),
  );
}

async function make(again) {
  try {
    const made = await post(PATH);
    toast(`Exported: ${made.name}, ${bytes(made.bytes)}.`);
  } catch (error) {
    toastProblem(error);
  }

  again();
}
