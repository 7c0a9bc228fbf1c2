// The only place that makes elements. Whatever comes from the server becomes a text node or an attribute, never markup,
// so that a collection called "<script>" is a name and nothing else.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. Names may carry classes and an id: h("p.note#why").
 * Properties: on… are handlers, style is an object (set through the CSSOM, which the content security policy allows),
 * true and false are attributes without a value, null leaves out; everything else is an attribute.
 */
export function h(name, ...rest) {
  return build(document.createElement(tagOf(name)), name, rest);
}

/** The same for SVG. */
export function s(name, ...rest) {
  return build(document.createElementNS(SVG, tagOf(name)), name, rest);
}

/** Several nodes without an element around them. */
export function fragment(...children) {
  const made = document.createDocumentFragment();
  append(made, children);
  return made;
}

/** Replaces all that is in an element. */
export function fill(element, ...children) {
  const made = document.createDocumentFragment();
  append(made, children);
  element.replaceChildren(made);
  return element;
}

/** A name of somebody else's making: its direction stays its own, and it breaks where it is too long. */
export function name(text, more = "") {
  return h(`bdi.name${more}`, String(text));
}

/** A place within the product; anything that is not one leads to the overview. */
export function place(href) {
  return typeof href === "string" && /^\/(?![/\\])/.test(href) ? href : "/";
}

/** Makes what is shown equal to what was newly built, and keeps every element that is still the same: focus, selection and scroll stay. */
export function morph(shown, fresh) {
  morphChildren(shown, fresh);
}

function tagOf(name) {
  return /^[a-z0-9-]+/i.exec(name)[0];
}

function build(element, name, rest) {
  for (const [, sign, word] of name.matchAll(/([.#])([\w-]+)/g)) {
    if (sign === ".") element.classList.add(word);
    else element.id = word;
  }
  const [first] = rest;
  if (isProperties(first)) {
    set(element, first);
    append(element, rest.slice(1));
  } else {
    append(element, rest);
  }
  return element;
}

function isProperties(value) {
  return value !== null && typeof value === "object" && !(value instanceof Node) && !Array.isArray(value);
}

function set(element, properties) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element[key] = value;
    else if (key === "style") for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else if (key === "class") element.classList.add(...String(value).split(" ").filter(Boolean));
    else if (key === "value" || key === "checked" || key === "selected" || key === "indeterminate") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
}

function append(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false || child === true) continue;
    if (Array.isArray(child)) append(parent, child);
    else parent.append(child instanceof Node ? child : String(child));
  }
}

const HANDLERS = ["onclick", "oninput", "onchange", "onsubmit", "onkeydown", "onpointerdown", "onpointermove", "onpointerleave", "onfocus", "ontoggle"];

function morphChildren(shown, fresh) {
  const keyed = new Map();
  for (const child of shown.children) if (child.dataset?.key) keyed.set(child.dataset.key, child);
  let at = shown.firstChild;
  for (const next of [...fresh.childNodes]) {
    const key = next.dataset?.key;
    let match = key ? keyed.get(key) : at;
    if (!key && match?.dataset?.key) match = null;
    if (match && alike(match, next)) {
      if (match !== at) shown.insertBefore(match, at);
      morphOne(match, next);
      at = match.nextSibling;
    } else {
      shown.insertBefore(next, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.dataset?.key === b.dataset?.key;
}

function morphOne(shown, fresh) {
  if (shown.nodeType === Node.TEXT_NODE) {
    if (shown.data !== fresh.data) shown.data = fresh.data;
    return;
  }
  if (shown.nodeType !== Node.ELEMENT_NODE) return;
  // A part that keeps itself up to date (a chart, a form that is being filled in) is left alone.
  if (shown.hasAttribute("data-own") && fresh.hasAttribute("data-own")) return;
  for (const { name } of [...shown.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "style" && !(name === "open" && shown.nodeName === "DETAILS")) shown.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== "style" && shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  if (shown.style && shown.style.cssText !== fresh.style.cssText) shown.style.cssText = fresh.style.cssText;
  for (const handler of HANDLERS) if (shown[handler] !== fresh[handler]) shown[handler] = fresh[handler];
  if (shown.nodeName === "INPUT" || shown.nodeName === "SELECT" || shown.nodeName === "TEXTAREA") {
    if (shown !== document.activeElement && shown.type !== "checkbox" && shown.value !== fresh.value) shown.value = fresh.value;
    if (shown.nodeName !== "SELECT") return;
  }
  morphChildren(shown, fresh);
}
