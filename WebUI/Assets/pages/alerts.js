// What somebody should look at now.
import { attentionList } from "../lib/attention.js";
import { fill, h, morph } from "../lib/dom.js";
import { heading } from "../lib/page.js";
import { empty, waitingFor } from "../lib/parts.js";
import { deploymentsOf } from "../lib/status.js";

export function render(root, { live, signal }) {
  const content = h("div.stack");
  root.append(h("div.stack", heading("Alerts", "What is open now, worst first. It goes by itself when its cause is gone."), content));
  fill(content, waitingFor("Loading …"));
  live?.onStatus((overview) => {
    const open = overview.attention ?? [];
    const fresh = h("div.stack");
    fill(
      fresh,
      open.length
        ? h("section.card.flush", h("div.head", h("h2", "Open"), h("span.tally", String(open.length))), attentionList(open, deploymentsOf(overview)))
        : h("section.card", empty("ok", "Nothing needs attention", "Every agent is heard of, every head follows its source, and every snapshot was on time.")),
    );
    morph(content, fresh);
  }, signal);
}
