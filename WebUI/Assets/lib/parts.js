// Small parts that every page is made of.
import { fragment, h, name, place } from "./dom.js";
import { iso, local, relative, utc } from "./format.js";
import { icon } from "./icons.js";

/** Level: ok, warning, bad, busy or none. A status is always an icon, a word and a colour. */
export function badge(level, word) {
  return h(`span.badge.is-${level}`, icon(level), word);
}

/**
 * @param {{text?: string, icon?: string, label?: string, href?: string, primary?: boolean, quiet?: boolean, danger?: boolean, small?: boolean,
 *   onclick?: Function, type?: string, disabled?: boolean, why?: string, first?: boolean}} what label: for one that is an icon alone; why: said where it is disabled.
 */
export function button(what) {
  const properties = {
    class: ["button", what.primary && "primary", what.quiet && "quiet", what.danger && "danger", what.small && "small", !what.text && "only-icon"]
      .filter(Boolean)
      .join(" "),
    onclick: what.onclick,
    "aria-label": what.text ? null : what.label,
    title: what.disabled ? what.why : what.text ? null : what.label,
    "data-first": what.first ? true : null,
    ...what.more,
  };
  const children = [what.icon ? icon(what.icon) : null, what.text ?? null];
  return what.href
    ? h("a", { ...properties, href: place(what.href) }, children)
    : h("button", { ...properties, type: what.type ?? "button", disabled: what.disabled === true }, children);
}

/** A time as people say it; the exact one in UTC and in their own zone on hover. */
export function time(at, how = {}) {
  if (at === null || at === undefined) return how.none ?? "–";
  const date = at instanceof Date ? at : new Date(at);
  return h(
    "time",
    { datetime: iso(date), title: `${utc(date)}\n${local(date)}`, "data-at": how.exact ? null : date.getTime() },
    how.exact ? utc(date) : relative(date.getTime()),
  );
}

/** Every second each relative time is told anew. */
export function tick() {
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-at]")) {
    const text = relative(Number(element.dataset.at), now);
    if (element.textContent !== text) element.textContent = text;
  }
}

/** What is wrong: cause, what follows, way out, and the number to look it up by. */
export function note(level, text, { hint, code, more } = {}) {
  return h(
    `div.note.is-${level}`,
    icon(level === "busy" ? "info" : level, `.is-${level}`),
    h(
      "div",
      h("p", text),
      hint ? h("p.small", hint) : null,
      more ?? null,
      code ? h("p.code.soft", code) : null,
    ),
  );
}

/** A problem of the API. */
export function fault(problem) {
  return note("bad", problem.message, { hint: problem.hint, code: problem.code });
}

/** An ErrorView within a view. */
export function errorNote(error, level = "bad") {
  return note(level, error.message, { hint: error.hint, code: error.code });
}

/** Nothing is there: what to do next. */
export function empty(picture, title, text, action) {
  return h("div.empty", icon(picture), h("h2", title), text ? h("p", text) : null, action ?? null);
}

export function waitingFor(text) {
  return h("div.waiting", { role: "status" }, h("span.pulse"), h("span", text));
}

/**
 * A table that folds into cards on narrow screens. The roles are said, since folding takes them from the elements.
 * @param {string} caption For screen readers.
 * @param {{title: string, number?: boolean, cell: (row: any) => any, hidden?: boolean}[]} columns hidden: the title is for screen readers only.
 */
export function table(caption, columns, rows, how = {}) {
  return h(
    "div.scroll",
    // Whoever has no mouse scrolls it by the keyboard.
    { tabindex: how.scrolls ? "0" : null, role: how.scrolls ? "region" : null, "aria-label": how.scrolls ? caption : null },
    h(
      `table${how.fold === false ? "" : ".folds"}`,
      { role: "table" },
      h("caption.hear", caption),
      h(
        "thead",
        { role: "rowgroup" },
        h(
          "tr",
          { role: "row" },
          columns.map((column) =>
            h(`th${column.number ? ".number" : ""}`, { role: "columnheader", scope: "col" }, column.hidden ? h("span.hear", column.title) : column.title),
          ),
        ),
      ),
      h(
        "tbody",
        { role: "rowgroup" },
        rows.map((row, at) =>
          h(
            "tr",
            { role: "row", "data-key": how.key ? String(how.key(row, at)) : null },
            columns.map((column) =>
              h(`td${column.number ? ".number" : ""}`, { role: "cell", "data-label": column.hidden ? "" : column.title }, h("span", column.cell(row))),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Pairs of what and how much. */
export function facts(pairs) {
  return h(
    "dl.facts",
    pairs.filter(Boolean).map(([what, value, sub]) => h("div", h("dt", what), h("dd", value, sub ? h("span.sub", sub) : null))),
  );
}

export function pairs(rows) {
  return h(
    "dl.pairs",
    rows.filter(Boolean).map(([what, value]) => fragment(h("dt", what), h("dd", value))),
  );
}

/** A line to be copied. */
export function copyable(text, label = "Copy") {
  const said = h("span.hear", { role: "status" });
  return h(
    "div.copy",
    h("pre", { tabindex: "0", "aria-label": label.replace(/^Copy /, "") }, text),
    button({
      icon: "copy",
      label,
      quiet: true,
      small: true,
      onclick: async (event) => {
        const pressed = event.currentTarget;
        try {
          await navigator.clipboard.writeText(text);
          pressed.title = "Copied";
          said.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(pressed.previousElementSibling);
          said.textContent = "Selected: copy it with Ctrl+C";
        }
      },
    }),
    said,
  );
}

/** Progress that is read out, though not each step of it. */
export function progress(share, label, text) {
  const whole = share === null || share === undefined ? null : Math.floor(Math.min(1, Math.max(0, share)) * 100);
  return h(
    "div.progress",
    h(
      "div.rail",
      { role: "progressbar", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": whole, "aria-valuetext": text ?? null },
      h("span", { style: { width: `${whole ?? 100}%` } }),
    ),
    text ? h("p.small.soft", text) : null,
  );
}

/** Tabs by the arrow keys, as the pattern of WAI-ARIA has them. */
export function tabs(label, all, chosen, choose) {
  return h(
    "div.tabs",
    {
      role: "tablist",
      "aria-label": label,
      onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1, Home: -all.length, End: all.length }[event.key];
        if (!step) return;
        event.preventDefault();
        const at = all.findIndex(([key]) => key === chosen);
        const next = Math.abs(step) > 1 ? (step < 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length;
        choose(all[next][0], true);
      },
    },
    all.map(([key, text]) =>
      h(
        "button",
        {
          type: "button",
          role: "tab",
          id: `tab-${key}`,
          "aria-controls": "panel",
          "aria-selected": String(key === chosen),
          tabindex: key === chosen ? "0" : "-1",
          onclick: () => choose(key, false),
        },
        text,
      ),
    ),
  );
}

export function link(href, text) {
  return h("a", { href: place(href) }, name(text));
}
