// Modal dialogs on the browser's own <dialog>: it keeps the focus inside, closes on Escape and gives the focus back.
import { fill, fragment, h } from "./dom.js";
import { icon } from "./icons.js";
import { button, fault } from "./parts.js";

let ids = 0;

/**
 * Opens a dialog and waits until it is closed.
 * @param {string} title
 * @param {(close: (value: any) => void) => Node | Node[]} body Builds what is in it.
 * @param {{wide?: boolean}} how
 * @returns what it was closed with; undefined where it was cancelled.
 */
export function open(title, body, how = {}) {
  return new Promise((resolve) => {
    let result;
    // One may stand over another: each has a name of its own.
    const id = `dialog-${++ids}`;
    const heading = h("h2", { id, tabindex: "-1" }, title);
    const box = h(`dialog${how.wide ? ".wide" : ""}`, { "aria-labelledby": id });
    const close = (value) => {
      result = value;
      box.close();
    };
    const content = h("div.dialog");
    box.append(content);
    fill(
      content,
      h("div.head", heading, h("span.push"), button({ icon: "close", label: "Close", quiet: true, small: true, onclick: () => close() })),
      body(close),
    );
    box.onclose = () => {
      box.remove();
      resolve(result);
    };
    document.body.append(box);
    box.showModal();
    (content.querySelector("[data-first]") ?? content.querySelector("form .input") ?? heading).focus();
  });
}

/**
 * Asks before something is done, and does it within the dialog, so that a refusal is seen where it was asked for.
 * @param {{title: string, text: any, action: string, danger?: boolean, act: () => Promise<any>}} what
 * @returns {Promise<boolean>} whether it was done.
 */
export async function confirm({ title, text, action, danger, act }) {
  const done = await open(title, (close) => {
    const trouble = h("div", { role: "alert" });
    const yes = button({
      text: action,
      primary: true,
      danger,
      onclick: async () => {
        yes.disabled = true;
        try {
          await act();
          close(true);
        } catch (problem) {
          fill(trouble, fault(problem));
          yes.disabled = false;
        }
      },
    });
    return fragment(
      h("div.stack.tight", typeof text === "string" ? h("p", text) : text),
      trouble,
      h("div.actions", button({ text: "Cancel", first: true, onclick: () => close() }), yes),
    );
  });
  return done === true;
}

/** A short message that goes by itself; one about trouble stays. */
export function toast(text, level = "ok") {
  const shelf = document.getElementById("toasts");
  const gone = () => one.remove();
  const one = h(
    "div.toast",
    icon(level, `.is-${level}`),
    h("p", text),
    button({ icon: "close", label: "Dismiss", quiet: true, small: true, onclick: gone }),
  );
  shelf.append(one);
  while (shelf.children.length > 4) shelf.firstChild.remove();
  if (level !== "bad") setTimeout(gone, 6000);
}

export function toastProblem(problem) {
  toast([problem.message, problem.hint, problem.code].filter(Boolean).join(" "), "bad");
}
