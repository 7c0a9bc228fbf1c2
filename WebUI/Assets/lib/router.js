// Pages by path, with the browser's history. A page is a function of its context; what it started ends when it is left.

/**
 * @typedef {{path: string, words: Record<string, string>, query: URLSearchParams, signal: AbortSignal, go: (path: string) => void}} Visit
 */

let routes = [];
let visit = () => {};
let leaving = new AbortController();
let guard = null;

/** @param {[string, Function][]} all Patterns such as "/d/:id" with their pages. @param {(page: Function | null, visit: Visit) => void} show */
export function start(all, show) {
  routes = all.map(([pattern, page]) => [pattern.split("/"), page]);
  visit = show;
  addEventListener("popstate", () => enter());
  document.addEventListener("click", follow);
}

/** Goes to another page. */
export function go(path, how = {}) {
  if (guard && !how.replace && !guard()) return;
  guard = null;
  if (how.replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  enter();
}

/** Changes what stands in the address bar, without a new page. */
export function note(query) {
  const words = query.toString();
  history.replaceState(null, "", `${location.pathname}${words ? `?${words}` : ""}`);
}

/** Asked before the page is left; false keeps it. */
export function keep(handler) {
  guard = handler;
}

export function enter() {
  leaving.abort();
  leaving = new AbortController();
  const path = location.pathname.replace(/\/+$/, "") || "/";
  const words = path.split("/");
  for (const [pattern, page] of routes) {
    const found = match(pattern, words);
    if (found) return visit(page, { path, words: found, query: new URLSearchParams(location.search), signal: leaving.signal, go });
  }
  return visit(null, { path, words: {}, query: new URLSearchParams(), signal: leaving.signal, go });
}

function match(pattern, words) {
  if (pattern.length !== words.length) return null;
  const found = {};
  for (const [at, part] of pattern.entries()) {
    if (part.startsWith(":")) {
      try {
        found[part.slice(1)] = decodeURIComponent(words[at]);
      } catch {
        return null;
      }
    } else if (part !== words[at]) return null;
  }
  return found;
}

/** Links within the product change the page without loading it anew. */
function follow(event) {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const href = anchor.getAttribute("href");
  if (anchor.target || anchor.hasAttribute("download") || !href.startsWith("/") || href.startsWith("/api/") || href.startsWith("/docs/")) return;
  event.preventDefault();
  go(href);
}
