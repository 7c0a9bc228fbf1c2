// Forms: labels, hints, faults beside their fields and read out with them, one submission at a time.
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { button, fault } from "./parts.js";

let ids = 0;

/**
 * @param {{name: string, label: string, type?: string, value?: any, hint?: any, required?: boolean, autocomplete?: string, placeholder?: string,
 *   options?: [string, string][], min?: any, max?: any, rows?: number, mono?: boolean, oninput?: Function, more?: object}} what
 */
export function input(what) {
  const id = `f${++ids}-${what.name}`;
  const properties = {
    id,
    name: what.name,
    class: `input${what.mono ? " mono" : ""}`,
    "aria-required": what.required ? "true" : null,
    "aria-describedby": `${id}-hint ${id}-fault`,
    autocomplete: what.autocomplete ?? "off",
    placeholder: what.placeholder,
    spellcheck: what.mono || what.type === "password" ? "false" : null,
    oninput: what.oninput,
    ...what.more,
  };
  const control =
    what.type === "select"
      ? h(
          "select",
          { ...properties, autocomplete: null, onchange: what.oninput, oninput: null },
          what.options.map(([value, text]) => h("option", { value, selected: value === String(what.value ?? "") }, text)),
        )
      : what.type === "area"
        ? h("textarea", { ...properties, rows: what.rows ?? 3, value: what.value ?? "" })
        : h("input", { ...properties, type: what.type ?? "text", value: what.value ?? "", min: what.min, max: what.max, step: what.step });
  return h(
    "div.field",
    { "data-field": what.name },
    h("label", { for: id }, what.label, what.required || what.optional === false ? null : what.optional ? h("span.soft", " (optional)") : null),
    control,
    h("p.hint", { id: `${id}-hint`, hidden: !what.hint }, what.hint ?? ""),
    h("p.fault", { id: `${id}-fault`, hidden: true }),
  );
}

export function check(what) {
  const id = `f${++ids}-${what.name}`;
  return h(
    "div.check",
    { "data-field": what.name },
    h("input", {
      id,
      type: "checkbox",
      name: what.name,
      checked: what.value === true,
      disabled: what.disabled,
      onchange: what.oninput,
      "aria-describedby": what.hint ? `${id}-hint` : null,
    }),
    h("label", { for: id }, what.label),
    what.hint ? h("span.hint", { id: `${id}-hint` }, what.hint) : null,
  );
}

const LENGTHS = [
  [60, "minutes"],
  [3600, "hours"],
  [86400, "days"],
  [7 * 86400, "weeks"],
];

/**
 * A length of time as a number and a unit; its value is in seconds.
 * @param {{name: string, label: string, value: number, hint?: string, units?: number[]}} what units: the sizes in seconds of those that are offered.
 */
export function length(what) {
  const id = `f${++ids}-${what.name}`;
  const units = LENGTHS.filter(([size]) => !what.units || what.units.includes(size));
  const [size] = units.findLast(([one]) => what.value > 0 && what.value % one === 0) ?? units.at(-1);
  const seconds = h("input", { type: "hidden", name: what.name, value: String(what.value), "data-number": true });
  const write = () => (seconds.value = number.value === "" ? "" : String(Math.round(Number(number.value) * Number(unit.value))));
  const number = h("input.input", {
    id,
    type: "number",
    min: "0",
    step: "any",
    value: String(what.value / size),
    oninput: write,
    "aria-describedby": `${id}-hint ${id}-fault`,
  });
  const unit = h(
    "select.input",
    { "aria-label": `Unit of: ${what.label}`, onchange: write },
    units.map(([one, text]) => h("option", { value: String(one), selected: one === size }, text)),
  );
  return h(
    "div.field",
    { "data-field": what.name },
    h("label", { for: id }, what.label),
    h("div.with-unit", number, unit, seconds),
    h("p.hint", { id: `${id}-hint`, hidden: !what.hint }, what.hint ?? ""),
    h("p.fault", { id: `${id}-fault`, hidden: true }),
  );
}

/** Choices of which one is taken, each with what it means. */
export function choices(what) {
  return h(
    "fieldset",
    { "data-field": what.name },
    h(`legend${what.quiet ? ".hear" : ""}`, what.label),
    h(
      "div.choices",
      what.options.map((option) =>
        h(
          "label.choice",
          h("input", {
            type: "radio",
            name: what.name,
            value: option.value,
            checked: option.value === what.value,
            disabled: option.disabled,
            onchange: what.oninput,
          }),
          h("strong", option.text),
          option.hint ? h("span.hint", option.hint) : null,
        ),
      ),
    ),
  );
}

/** What is written in a form: text, numbers where the field is one, true and false of boxes. Empty ones are left out. */
export function values(element) {
  const read = {};
  for (const control of element.querySelectorAll("input[name], select[name], textarea[name]")) {
    if (control.type === "checkbox") read[control.name] = control.checked;
    else if (control.type === "radio") {
      if (control.checked) read[control.name] = control.value;
    } else if (control.value !== "") read[control.name] = control.type === "number" || control.dataset.number !== undefined ? Number(control.value) : control.value;
  }
  return read;
}

/** Marks a field as wrong and says why; null takes it back. */
export function mark(root, field, text) {
  const box = root.querySelector(`[data-field="${CSS.escape(field)}"]`);
  const control = box?.querySelector("input, select, textarea");
  const place = box?.querySelector(".fault");
  if (!control || !place) return false;
  if (text) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
  place.hidden = !text;
  if (text) fill(place, icon("bad"), h("span", text));
  else place.replaceChildren();
  return true;
}

/**
 * @param {{intro?: any, fields: any, action: string, danger?: boolean, cancel?: Function, submit: (values: object) => Promise<any>,
 *   check?: (values: object) => Record<string, string>, same?: Node, changed?: (values: object) => void}} what
 *   check: faults by field, before anything is sent; same: the equal command and API call.
 */
export function form(what) {
  const trouble = h("div", { role: "alert" });
  const send = button({ text: what.action, primary: true, danger: what.danger, type: "submit" });
  const element = h(
    "form.form",
    {
      novalidate: true,
      method: "post",
      action: "#",
      oninput: () => what.changed?.(values(element)),
      onsubmit: async (event) => {
        event.preventDefault();
        if (send.disabled) return;
        await submit(what, element, trouble, send);
      },
    },
    what.intro ? (typeof what.intro === "string" ? h("p.soft", what.intro) : what.intro) : null,
    what.fields,
    trouble,
    what.same ?? null,
    h(`div.actions${what.start ? ".start" : ""}`, what.cancel ? button({ text: "Cancel", onclick: what.cancel }) : null, what.beside ?? null, send),
  );
  return element;
}

async function submit(what, element, trouble, send) {
  const read = values(element);
  for (const box of element.querySelectorAll("[data-field]")) mark(element, box.dataset.field, null);
  trouble.replaceChildren();
  const faults = { ...missing(element), ...(what.check?.(read) ?? {}) };
  if (Object.keys(faults).length > 0) {
    for (const [field, text] of Object.entries(faults)) mark(element, field, text);
    element.querySelector("[aria-invalid]")?.focus();
    return;
  }
  send.disabled = true;
  element.setAttribute("aria-busy", "true");
  try {
    await what.submit(read);
  } catch (problem) {
    show(problem, element, trouble);
  } finally {
    send.disabled = false;
    element.removeAttribute("aria-busy");
  }
}

function missing(element) {
  const faults = {};
  for (const control of element.querySelectorAll('[aria-required="true"]')) {
    if (control.value.trim() === "") faults[control.closest("[data-field]").dataset.field] = "This is needed.";
  }
  return faults;
}

function show(problem, element, trouble) {
  const field = problem.field?.split(/[.[]/)[0];
  if (field && mark(element, field, [problem.message, problem.hint].filter(Boolean).join(" "))) {
    element.querySelector("[aria-invalid]")?.focus();
    return;
  }
  fill(trouble, fault(problem));
}
