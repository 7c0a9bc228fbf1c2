// What somebody should look at: cause and consequence, the way out, and where.
import { h, name } from "./dom.js";
import { icon } from "./icons.js";
import { button, time } from "./parts.js";

/** @param {{level: string, text: string, hint?: string, code?: string, deployment?: string, since?: string}[]} all @param {{id: string, name: string}[]} deployments */
export function attentionList(all, deployments) {
  const names = new Map(deployments.map((one) => [one.id, one.name]));
  return h(
    "ul.list",
    all.map((one) => {
      const title = names.get(one.deployment);
      return h(
        "li",
        icon(one.level === "bad" ? "bad" : "warning", `.is-${one.level}`),
        h(
          "div",
          h("p", h("strong.hear", one.level === "bad" ? "Serious: " : "Warning: "), name(one.text)),
          one.hint ? h("p.small.soft", one.hint) : null,
          one.known ? h("p.small.soft", "Somebody knows of it.") : null,
          one.code || one.since ? h("p.small.soft", one.code ? h("span.mono", one.code) : null, one.since ? [" · since ", time(one.since)] : null) : null,
        ),
        title
          ? h("div.row", button({ text: "Look", small: true, href: `/d/${encodeURIComponent(one.deployment)}`, more: { "aria-label": `Look at ${title}` } }))
          : null,
      );
    }),
  );
}
