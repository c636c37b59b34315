// Applies what Python found different between two payloads, see graphviz_ad/widget/patch.py.

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
    const pieces = base.split(/(?=[<>])/);
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
