// The input fields and their sliders: a person types or drags another number for a scalar input, and the graph follows.

import { element, setOrRemove } from "./dom.js";
import { payloadOf } from "./patch.js";
import { makeScrub } from "./scrub.js";
import { WORDS } from "./words.js";

/** @import {Change, Edit, Host, PayloadNode} from "./types.js" */
/** @import {Desk} from "./desk.js" */

const MANY_INPUTS = 24; // more scroll in a box of their own
const TYPING_PAUSE = 350; // after the last key in an input, before it is evaluated

/**
 * Does this text look like a finished number? Only then is it worth evaluating while a person still types;
 * what is not is sent when they are done (Enter, or leaving the field), and Python says what is wrong with it.
 * @param {string} text @returns {boolean}
 */
export function looksFinished(text) {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text);
}

/**
 * @param {Host} host @param {Desk} desk
 * @returns {{element: HTMLElement, update: (change: Change) => void, edit: (name: string, text: string) => void}}
 */
export function makeInputs(host, desk) {
  const { model, root, signal } = host;
  /** @type {Map<string, {field: HTMLInputElement, scrub: ReturnType<typeof makeScrub>, alert: HTMLElement, pending: ReturnType<typeof setTimeout> | null, sent: string}>} */
  const inputs = new Map();
  /** The values with which this view began, to which a double click leads back. @type {Map<string, string>} */
  const firsts = new Map();
  /** The inputs that were dragged on while an earlier number is on its way. @type {Set<string>} */
  const dragged = new Set();
  /** The nonce of the last edit sent from here, until it is answered. @type {number | null} */
  let awaited = null;
  let dealt = model.get("answered"); // the last edit of anybody that was answered
  let told = ""; // what was wrong, as it is told
  /** Which input that is about; null: a look, told under the picture. @type {string | null} */
  let about = null;
  const fields = element("div", { class: "gad-fields" });
  const reason = element("p", { class: "gad-reason", id: `${host.id}-reason` });

  /** @param {string} name @param {string} text */
  function edit(name, text) {
    root.setAttribute("aria-busy", "true");
    /** @type {Edit} */
    const sent = { name, text, nonce: Date.now() + Math.random() };
    awaited = sent.nonce;
    desk.expect();
    model.set("edit", sent);
    model.save_changes();
  }

  /** @param {string} name */
  function send(name) {
    const input = inputs.get(name);
    if (!input) return;
    if (input.pending !== null) clearTimeout(input.pending);
    input.pending = null;
    if (input.field.disabled || input.field.value === input.sent) return;
    input.sent = input.field.value;
    edit(name, input.field.value);
  }

  /** One number at a time: the next one goes when the last was answered. @param {string} name */
  function scrubbed(name) {
    if (awaited === null) send(name);
    else dragged.add(name);
  }

  /** The values that a page carries for an input; null where a kernel computes any. @param {string} name */
  const gridOf = (name) => (!host.payload.live && Object.hasOwn(host.payload.sliders, name) ? host.payload.sliders[name] : null);

  /** @param {PayloadNode} node */
  function makeInput(node) {
    const id = `${host.id}-input-${node.id}`;
    const field = element("input", {
      type: "text",
      class: "gad-input",
      id,
      "data-node": node.name,
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": `${reason.id} ${id}-alert`,
    });
    const alert = element("span", { class: "gad-error", role: "alert", id: `${id}-alert` });
    const first = firsts.get(node.name) ?? node.value ?? "";
    firsts.set(node.name, first);
    const { signal } = host;
    const scrub = makeScrub({ name: node.name, first, grid: gridOf(node.name), describedBy: reason.id, signal }, (text) => {
      field.value = text;
      scrubbed(node.name);
    });
    const input = { field, scrub, alert, pending: /** @type {ReturnType<typeof setTimeout> | null} */ (null), sent: node.value ?? "" };
    field.value = node.value ?? "";
    field.addEventListener(
      "input",
      () => {
        if (input.pending !== null) clearTimeout(input.pending);
        input.pending = looksFinished(field.value) ? setTimeout(() => send(node.name), TYPING_PAUSE) : null;
      },
      { signal },
    );
    field.addEventListener("change", () => send(node.name), { signal });
    // a kernel restarted behind our back is noticed before anything is typed
    field.addEventListener("focus", () => host.payload.live && host.payload.frozen === null && desk.hello(), { signal });
    field.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Enter") {
          send(node.name);
        } else if (event.key === "Escape") {
          if (input.pending !== null) clearTimeout(input.pending);
          input.pending = null;
          const current = host.payload.nodes.find((other) => other.name === node.name);
          field.value = current?.value ?? node.value ?? "";
          send(node.name); // takes a rejected text back
        }
      },
      { signal },
    );
    inputs.set(node.name, input);
    return element("span", { class: "gad-field" }, [
      element("label", { for: id }, [element("var", {}, [node.name]), " ="]),
      field,
      scrub.element,
      alert,
    ]);
  }

  function show() {
    const editable = host.payload.nodes.filter((node) => node.editable);
    const same = editable.length === inputs.size && editable.every((node) => inputs.has(node.name));
    if (!same) {
      for (const input of inputs.values()) if (input.pending !== null) clearTimeout(input.pending);
      inputs.clear();
      fields.replaceChildren(...editable.map(makeInput));
      fields.classList.toggle("gad-fields-many", editable.length > MANY_INPUTS);
    }
    for (const node of editable) {
      const input = inputs.get(node.name);
      if (!input) continue;
      const wrong = told !== "" && node.name === about;
      if (input.alert.textContent !== (wrong ? told : "")) input.alert.textContent = wrong ? told : "";
      setOrRemove(input.field, "aria-invalid", wrong ? "true" : null);
      // Never under the fingers of a person who is still typing, not by the answer to an older edit, and a
      // rejected text stays to be corrected.
      const typing =
        awaited !== null ||
        dragged.has(node.name) ||
        input.pending !== null ||
        (document.activeElement === input.field && input.field.value !== input.sent);
      if (!wrong && !typing && Number(input.field.value) !== Number(node.value)) input.field.value = node.value ?? "";
      if (!wrong && !typing) input.sent = input.field.value;
      if (!wrong && !typing) input.scrub.show(node.value ?? "");
    }
    showReason();
  }

  function showReason() {
    const { frozen } = host.payload;
    const silent = !desk.live();
    const { live, sliders } = host.payload;
    for (const [name, input] of inputs) {
      const closed = frozen !== null || silent || (!live && !Object.hasOwn(sliders, name));
      input.field.disabled = closed;
      input.scrub.element.disabled = closed;
    }
    let words = "";
    if (inputs.size > 0) {
      const still = [...inputs.keys()].filter((name) => inputs.get(name)?.field.disabled);
      if (frozen !== null) words = frozen;
      else if (silent) words = WORDS.kernel.silent;
      else if (still.length > 0) words = WORDS.inputs.still(still);
    }
    if (reason.textContent !== words) reason.textContent = words;
  }

  /** An answer tells of an edit where it answers one, and else of a look. */
  function onAnswer() {
    const [answered, error] = [model.get("answered"), String(model.get("error") ?? "")];
    if (answered !== dealt) about = /** @type {Edit | null} */ (model.get("edit"))?.name ?? null;
    else if (error !== told) about = null;
    dealt = answered;
    const refused = about === null ? error : "";
    const notice = root.querySelector(".gad-notice");
    if (notice) notice.textContent = refused || host.payload.notice;
    if (refused && error !== told) host.say(refused);
    told = error;
    if (answered === awaited) awaited = null;
    if (awaited === null) root.removeAttribute("aria-busy");
    desk.heard();
    goOn();
  }

  /** Sends where sliders have been dragged to meanwhile, before anything is shown: they are further on than what was answered. */
  function goOn() {
    for (const name of dragged) {
      if (awaited !== null || !desk.live()) break;
      dragged.delete(name);
      send(name);
    }
    // a graph that came in the same message is drawn next, and its numbers with it
    if (payloadOf(model) === host.payload) show();
  }

  /** The kernel has fallen silent, or is back: what it has not answered by then it never will. */
  function onConnection() {
    awaited = null;
    root.removeAttribute("aria-busy");
    showReason();
    goOn();
  }
  model.on("change:error", onAnswer);
  model.on("change:answered", onAnswer);
  signal.addEventListener("abort", () => {
    for (const input of inputs.values()) if (input.pending !== null) clearTimeout(input.pending);
    model.off("change:error", onAnswer);
    model.off("change:answered", onAnswer);
  });

  return {
    element: element("div", { class: "gad-inputs" }, [fields, reason]),
    update(change) {
      if (change === "payload") {
        show();
        if (host.payload.notice) host.say(host.payload.notice); // another branch was taken
      } else if (change === "open") onConnection();
    },
    edit,
  };
}
