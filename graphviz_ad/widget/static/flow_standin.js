// The model of a gradient flow page without a kernel: it answers wishes with nets that Python measured beforehand.

import { patched } from "./patch.js";
import { standIn } from "./standin.js";
import { WORDS } from "./words.js";

/** @import {FlowPayload, FlowWish, Model} from "./types.js" */

/**
 * @typedef {object} FlowBaked What a page carries besides the net that it opens with.
 * @property {Record<string, {of: string, payload: any}>} variants by the positions of the axes, such as "0,2,1"
 * @property {Record<string, {text: string, payload: any, answers: any}>} layers of that first net, by number
 */

/**
 * @param {FlowPayload} payload as the page opens @param {() => FlowBaked} load what else it carries, unpacked when first needed
 * @returns {Model}
 */
export function flowPageModel(payload, load) {
  /** @type {FlowBaked | null} */
  let loaded = null;
  const baked = () => (loaded ??= load());
  const axes = payload.axes ?? [];
  const model = standIn({ payload, patch: null, opened: {}, wish: {}, error: "", answered: 0 });

  /** @param {FlowPayload} shown @returns {string} */
  const placeOf = (shown) => axes.map((name) => shown.controls.find((control) => control.name === name)?.at ?? 0).join();

  /** @param {string} key @returns {FlowPayload} */
  function grown(key) {
    if (key === "") return payload;
    const { of, payload: patch } = baked().variants[key];
    return patched(grown(of), patch);
  }

  /** @param {FlowWish} wish @returns {Record<string, unknown>} what changes */
  function granted(wish) {
    const shown = /** @type {FlowPayload} */ (model.get("payload"));
    if (wish.values) {
      const places = axes.map((name) => {
        const control = shown.controls.find((one) => one.name === name);
        const wanted = wish.values?.[name];
        return wanted === undefined ? (control?.at ?? 0) : (control?.keys.indexOf(wanted) ?? -1);
      });
      const key = places.join();
      if (key === placeOf(payload)) return { payload, opened: {} };
      if (!Object.hasOwn(baked().variants, key)) return { error: WORDS.flow.page.missing };
      return { payload: grown(key), opened: {} };
    }
    if (!wish.layer) return { opened: {} };
    if (shown !== payload) return { opened: {}, error: WORDS.flow.page.elsewhere };
    const layer = baked().layers[String(wish.layer)];
    if (!layer) return { error: WORDS.flow.page.layers(payload.layers ?? []) };
    return { opened: { layer: wish.layer, text: layer.text, payload: layer.payload, answers: layer.answers } };
  }

  return {
    ...model,
    set: (key, value) => {
      model.set(key, value);
      if (key !== "wish") return;
      const wish = /** @type {FlowWish} */ (value);
      model.take({ error: "" });
      model.take({ ...granted(wish), answered: wish.nonce });
    },
  };
}
