// The controls of the gradient flow panel: choices and sliders over values that Python lists.

import { element } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {FlowControl, FlowPayload} from "./types.js" */

/**
 * @param {{id: string, signal: AbortSignal}} about
 * @param {(values: Record<string, string>) => void} choose takes the keys of values by the names of their controls
 * @returns {{element: HTMLElement, show: (payload: FlowPayload, held: Set<string>) => void, shift: (moves: Record<string, number>) => void,
 *   near: (places: Record<string, number>) => void}}
 */
export function makeFlowControls({ id, signal }, choose) {
  const reason = element("p", { class: "gad-reason", id: `${id}-controls` });
  const row = element("div", { class: "gad-flow-controls", role: "group", "aria-label": WORDS.flow.controls });
  /** @type {Map<string, {field: HTMLSelectElement | HTMLInputElement, said: HTMLOutputElement | null, control: FlowControl}>} */
  const made = new Map();

  /** σ² with its index, as it is written. @param {string} letter @returns {(Node | string)[]} */
  const variance = (letter) => ["σ", element("sub", {}, [letter]), "²"];

  /** @param {FlowControl} control */
  function make(control) {
    const name = /** @type {keyof typeof WORDS.flow.names} */ (control.name);
    const words = WORDS.flow.names[name] ?? control.name;
    const own = `${id}-${control.name}`;
    const label = element("label", { for: own, class: "gad-flow-label" });
    label.append(...(control.name === "weight_var" ? variance("w") : control.name === "bias_var" ? variance("b") : [words]));
    const said = control.kind === "slider" ? element("output", { for: own, class: "gad-flow-value" }) : null;
    const common = { id: own, "data-control": control.name, "aria-label": words, "aria-describedby": reason.id };
    const field =
      control.kind === "slider"
        ? element("input", { ...common, type: "range", class: "gad-scrub", min: "0", step: "1" })
        : element("select", common);
    field.addEventListener(control.kind === "slider" ? "input" : "change", () => pick(control.name, Number(field.value)), { signal });
    made.set(control.name, { field, said, control });
    return element("div", { class: `gad-flow-control gad-flow-${control.kind}` }, [label, field, ...(said ? [said] : [])]);
  }

  /** @param {string} name @param {number} at */
  function pick(name, at) {
    tell(name, at);
    const one = made.get(name);
    if (one) choose({ [name]: one.control.keys[at] });
  }

  /** What a control stands at, before anybody has answered. @param {string} name @param {number} at */
  function tell(name, at, words = "") {
    const one = made.get(name);
    if (!one) return;
    const text = words || one.control.texts[at];
    if (one.field.value !== String(at)) one.field.value = String(at);
    if (one.said) one.said.textContent = text;
    if (one.control.kind === "slider") one.field.setAttribute("aria-valuetext", text);
  }

  /** @param {FlowControl} control */
  function update(control) {
    const one = made.get(control.name);
    if (!one) return;
    const same = one.control.keys.join() === control.keys.join() && one.field.childElementCount > 0;
    one.control = control;
    if (control.kind === "slider") one.field.setAttribute("max", String(control.keys.length - 1));
    else if (!same) one.field.replaceChildren(...control.texts.map((text, at) => element("option", { value: String(at) }, [text])));
    one.field.disabled = control.keys.length < 2;
  }

  return {
    element: element("div", {}, [row, reason]),
    show(payload, held) {
      if (made.size === 0) row.replaceChildren(...payload.controls.map(make));
      for (const control of payload.controls) {
        update(control);
        if (!held.has(control.name)) tell(control.name, control.at, control.text);
      }
      const fixed = payload.controls.filter((control) => control.keys.length < 2);
      const names = fixed.map((control) => WORDS.flow.names[/** @type {keyof typeof WORDS.flow.names} */ (control.name)] ?? control.name);
      const words = payload.live ? "" : WORDS.flow.page.grid(names, fixed.length === payload.controls.length);
      if (reason.textContent !== words) reason.textContent = words;
    },
    shift(moves) {
      /** @type {Record<string, string>} */
      const values = {};
      for (const [name, by] of Object.entries(moves)) {
        const one = made.get(name);
        if (!one) continue;
        const at = Math.min(Math.max(Number(one.field.value) + by, 0), one.control.keys.length - 1);
        if (at === Number(one.field.value)) continue;
        tell(name, at);
        values[name] = one.control.keys[at];
      }
      if (Object.keys(values).length > 0) choose(values);
    },
    near(places) {
      /** @type {Record<string, number>} */
      const moves = {};
      for (const [name, place] of Object.entries(places)) {
        const one = made.get(name);
        const listed = one?.control.places ?? [];
        let best = 0;
        listed.forEach((other, at) => {
          if (Math.abs(other - place) < Math.abs(listed[best] - place)) best = at;
        });
        moves[name] = best - Number(one?.field.value ?? 0);
      }
      this.shift(moves);
    },
  };
}
