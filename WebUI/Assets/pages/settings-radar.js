// How long the last clean second before a mass change is kept; for administrators of the appliance.
import { get, put } from "../lib/api.js";
import { open, toast } from "../lib/dialog.js";
import { form, length } from "../lib/form.js";
import { duration } from "../lib/format.js";
import { card } from "../lib/page.js";
import { button, pairs } from "../lib/parts.js";
import { command, same } from "../lib/same.js";

const PATH = "/radar";

export const loadRadar = (signal) => get(PATH, { signal });

export function radarOf(radar, again) {
  return card(
    "Mass deletes, drops and overwrites",
    [button({ text: "Change", small: true, onclick: () => edit(radar, again), more: { "aria-label": "Change how long the last clean second is kept" } })],
    pairs([["The last clean second is kept", `for ${duration(radar.keptSeconds)}, or until its alert is resolved`]]),
  );
}

async function edit(radar, again) {
  const done = await open("The last clean second", (close) => {
    const shownSame = same();
    const tell = (values) => shownSame.show(command("alerts", "radar", "--keep", values.keptSeconds ? `${values.keptSeconds}s` : "TIME"), "PUT", PATH, values);
    const element = form({
      fields: [length({ name: "keptSeconds", label: "Kept for", value: radar.keptSeconds, units: [3600, 86400], hint: "The oplog since then is kept as long, which takes room." })],
      same: shownSame.element,
      changed: tell,
      action: "Save",
      cancel: () => close(),
      submit: async (values) => {
        await put(PATH, values);
        close(true);
      },
    });
    tell({ keptSeconds: radar.keptSeconds });
    return element;
  });
  if (done) toast("It counts for what is noticed from now on.");
  await again();
}
