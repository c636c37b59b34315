// A model that lives in the page alone: it answers, in the kernel's place, from what Python has computed beforehand.

import { patched } from "./patch.js";
import { WORDS } from "./words.js";

/** @import {Edit, Look, Model, Payload} from "./types.js" */

/**
 * @typedef {object} Baked What a page carries besides its payload.
 * @property {string} svg The picture as text, for patches: the page itself shows it already.
 * @property {Record<string, any>} answers question → data
 * @property {Record<string, any>} variants key → {of, payload, answers}: what differs from another variant, or from
 *   the page's own graph where that is ""
 */

/**
 * A model with the few methods that an explorer uses, and nobody behind it.
 * @param {Record<string, unknown>} values @returns {Model}
 */
export function standIn(values) {
  const state = { ...values };
  /** @type {Map<string, Set<(...args: any[]) => void>>} */
  const listeners = new Map();
  return {
    get: (key) => state[key],
    set: (key, value) => {
      if (Object.is(state[key], value)) return;
      state[key] = value;
      for (const callback of [...(listeners.get(`change:${key}`) ?? [])]) callback();
    },
    save_changes: () => {},
    send: () => {},
    on: (name, callback) => {
      listeners.set(name, (listeners.get(name) ?? new Set()).add(callback));
    },
    off: (name, callback) => {
      listeners.get(name)?.delete(callback);
    },
  };
}

/**
 * The key of a variant, as `variant_key` of graphviz_ad/widget/baking.py writes it.
 * @param {Look} look @param {number[]} at positions of the sliders; all those of the first payload, or none
 * @returns {string}
 */
export function variantKey(look, at) {
  const parts = Object.keys(look).sort().map((name) => `${name}=${JSON.stringify(look[name])}`);
  if (at.length > 0) parts.push(`at=${at.join(",")}`);
  return parts.join("&");
}

/**
 * What a variant is: the page's own, with the patches that lead there.
 * @param {any} own @param {Record<string, any>} variants @param {string} key @param {"payload" | "answers"} part @returns {any}
 */
function grown(own, variants, key, part) {
  return key === "" ? own : patched(grown(own, variants, variants[key].of, part), variants[key][part]);
}

/**
 * @param {Payload} payload as the page opens @param {() => Baked} load what else it carries, unpacked when first needed
 * @returns {Model}
 */
export function pageModel(payload, load) {
  /** @type {Baked | null} */
  let loaded = null;
  const baked = () => (loaded ??= load());
  const names = Object.keys(payload.sliders ?? {});
  const first = names.map((name) => payload.sliders[name].values.indexOf(payload.nodes.find((node) => node.name === name)?.value ?? ""));
  let at = first;
  let present = ""; // the key of the variant that is shown
  let turn = 0; // later wishes overtake earlier ones
  const model = standIn({ payload, step: 0, playing: false, selected: "", inputs: {}, look: payload.look ?? {}, edit: {}, error: "", answered: 0 });
  const base = model.get("look");
  const { on, off, get, save_changes } = model;
  /** @type {Set<(...args: any[]) => void>} */
  const hearers = new Set();

  /** @param {Look} look @param {number[]} place */
  const keyOf = (look, place) => variantKey(look, place.join() === first.join() ? [] : place);

  /** @param {string} key @param {string} notice @returns {Promise<boolean>} */
  async function show(key, notice = "") {
    const mine = ++turn;
    const { svg, variants } = await baked();
    if (mine !== turn) return true;
    const home = key === keyOf(base, first);
    if (!home && !Object.hasOwn(variants, key)) return false;
    const next = grown({ ...payload, svg }, variants, home ? "" : key, "payload");
    const before = get("payload");
    const steps = [before.steps.length, next.steps.length];
    const step = Number(get("step"));
    present = home ? "" : key;
    model.set("payload", notice ? { ...next, notice } : next);
    if (steps[0] !== steps[1]) model.set("step", step >= steps[0] ? steps[1] : 0);
    return true;
  }

  /** @param {Edit} edit */
  async function onEdit(edit) {
    const slider = Object.hasOwn(payload.sliders ?? {}, edit.name) ? payload.sliders[edit.name] : null;
    const found = slider ? slider.values.findIndex((value) => Number(value) === Number(edit.text.trim() || "nan")) : -1;
    let error = "";
    if (!slider || found < 0) {
      const ends = slider ? [slider.texts[0], slider.texts[slider.texts.length - 1]] : ["", ""];
      error = slider ? WORDS.page.grid(edit.name, ends[0], ends[1]) : WORDS.page.question;
    } else {
      const place = at.map((position, index) => (names[index] === edit.name ? found : position));
      if (await show(keyOf(base, place))) {
        at = place;
        model.set("look", base);
      } else {
        error = WORDS.page.question;
      }
    }
    model.set("error", error);
    model.set("answered", edit.nonce);
  }

  /** @param {Look} look */
  async function onLook(look) {
    if (keyOf(look, at) === (present || keyOf(base, first))) return;
    if (await show(keyOf(look, at))) return;
    if (await show(keyOf(look, first), WORDS.page.reset)) {
      at = first;
      return;
    }
    model.set("error", WORDS.page.look);
    model.set("look", get("payload").look ?? base);
  }

  /** @param {{kind?: string, question?: string, nonce?: string}} content */
  async function onSend(content) {
    if (content?.kind !== "ask" || typeof content.question !== "string") return;
    const key = present;
    const { answers, variants } = await baked();
    const all = grown(answers, variants, key, "answers");
    const known = Object.hasOwn(all, content.question);
    const words = key ? WORDS.page.elsewhere : WORDS.page.question;
    const reply = known ? { data: all[content.question] } : { error: words };
    for (const hear of [...hearers]) hear({ kind: "answer", nonce: content.nonce, ...reply }, []);
  }

  return {
    get,
    set: (key, value) => {
      const old = get(key);
      model.set(key, value);
      if (key === "edit" && old !== value) void onEdit(/** @type {Edit} */ (value));
      if (key === "look" && old !== value) void onLook(/** @type {Look} */ (value));
    },
    save_changes,
    send: (content) => void onSend(/** @type {any} */ (content)),
    on: (name, callback) => (name === "msg:custom" ? void hearers.add(callback) : on(name, callback)),
    off: (name, callback) => (name === "msg:custom" ? void hearers.delete(callback) : off(name, callback)),
  };
}
