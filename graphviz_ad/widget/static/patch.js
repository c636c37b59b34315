// Applies what Python found different between two payloads, see graphviz_ad/widget/patch.py.

/** @import {Model, Payload} from "./types.js" */

/** Markup in pieces, which begin at every "<" and ">". @param {string} text @returns {string[]} */
export const cutMarkup = (text) => text.split(/(?=[<>])/);

/**
 * `base` with the changes of `patch`; `base` stays as it is.
 *
 * A patch is [new value], or {key: patch, …} for an object or an array of the same length, or {"<": [[piece, text], …]}
 * for a long text, whose pieces begin at every "<" and ">". Null stands for "no change".
 * @param {any} base @param {any} patch @returns {any}
 */
export function patched(base, patch) {
  if (patch === null || patch === undefined) return base;
  if (Array.isArray(patch)) return patch[0];
  if (typeof base === "string") {
    const pieces = cutMarkup(base);
    for (const [index, text] of patch["<"]) pieces[index] = text;
    return pieces.join("");
  }
  const made = Array.isArray(base) ? [...base] : { ...base };
  for (const key of Object.keys(patch)) {
    if (Array.isArray(patch[key]) && patch[key].length === 0) delete made[key];
    else made[key] = patched(made[key], patch[key]);
  }
  return made;
}

/** @type {WeakMap<Payload, {patch: unknown, payload: Payload}>} */
const present = new WeakMap();

/**
 * What a model shows at present: the payload that was sent whole, with what has changed since. Every view of the model
 * gets the same object, until something changes.
 * @param {Model} model @returns {Payload}
 */
export function payloadOf(model) {
  const base = model.get("payload");
  const patch = model.get("patch") ?? null;
  if (patch === null) return base;
  const known = present.get(base);
  if (known && known.patch === patch) return known.payload;
  const payload = patched(base, patch);
  present.set(base, { patch, payload });
  return payload;
}
