// What pages have in common: they load, show, and keep what they show up to date without losing the reader's place.
import { fill, h, morph } from "./dom.js";
import { button, fault, waitingFor } from "./parts.js";

/**
 * Shows what is loaded, and loads it again.
 * @param {HTMLElement} root Where.
 * @param {AbortSignal} signal Ends it.
 * @param {{load: (signal: AbortSignal) => Promise<any>, view: (data: any, again: () => Promise<void>) => any, every?: number, live?: object}} what
 *   every: milliseconds; live: it is loaded again after each change of the live state, at most once in that time.
 * @returns {{again: () => Promise<void>, draw: () => void, element: HTMLElement}}
 */
export function shown(root, signal, what) {
  const trouble = h("div", { role: "alert" });
  const content = h("div.stack", { "aria-busy": "true" });
  root.append(trouble, content);
  let data;
  let loading = null;
  let known = false;

  const draw = () => {
    if (!known || signal.aborted) return;
    const fresh = h("div.stack");
    fill(fresh, what.view(data, again));
    morph(content, fresh);
  };

  const slow = setTimeout(() => !known && fill(content, waitingFor("Loading …")), 400);

  async function once() {
    try {
      data = await what.load(signal);
      if (signal.aborted) return;
      known = true;
      trouble.replaceChildren();
      content.removeAttribute("aria-busy");
      draw();
    } catch (problem) {
      if (signal.aborted || problem.name === "AbortError") return;
      if (!(problem.status >= 0)) throw problem;
      if (!known) content.replaceChildren();
      fill(trouble, h("div.stack.tight", fault(problem), known ? null : h("div", button({ text: "Try again", icon: "restore", onclick: again }))));
    } finally {
      clearTimeout(slow);
    }
  }

  function again() {
    loading ??= once().finally(() => (loading = null));
    return loading;
  }

  again();
  if (what.every) {
    let due = 0;
    const timer = setInterval(() => document.hidden || again(), what.every);
    signal.addEventListener("abort", () => clearInterval(timer));
    what.live?.onStatus(() => {
      if (Date.now() < due) return;
      due = Date.now() + what.every;
      again();
    }, signal);
  }
  return { again, draw, element: content };
}

/** The heading of a page, with what can be done beside it. */
export function heading(title, sub, ...actions) {
  return h("div.head", h("div", h("h1", title), sub ? h("p.soft", sub) : null), actions.length ? h("div.row.push", actions) : null);
}

export function card(title, ...rest) {
  const [actions, content] = Array.isArray(rest[0]) ? [rest[0], rest.slice(1)] : [[], rest];
  return h("section.card", title ? h("div.head", h("h2", title), actions.length ? h("div.row.push", actions) : null) : null, content);
}

/** A card whose content is a table or list up to its edges. */
export function flush(title, actions, ...content) {
  return h("section.card.flush", h("div.head", h("h2", title), actions?.length ? h("div.row.push", actions) : null), content);
}

/** A role alone does not permit what a page is for. */
export function notAllowed(what, who) {
  return h(
    "div.stack",
    h("h1", what),
    h("div.card", h("p", `Your role in this group does not permit this. ${who} can, or an owner of the group gives you another role.`)),
  );
}
