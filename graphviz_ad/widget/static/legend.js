// The legend under the picture: what the signs and colours stand for.

import { element } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Payload} from "./types.js" */

/** @param {Payload} payload @returns {HTMLElement[]} */
export function legendEntries(payload) {
  const words = WORDS.legend;
  const entries = [["gad-key-value", words.value], ["gad-key-local", words.local]];
  const sent = payload.edges.some((edge) => edge.contribution !== null);
  if (payload.mode === "forward") {
    entries.push(["gad-key-tangent", words.tangent]);
    if (sent) entries.push(["gad-key-tangent", words.pushed]);
  } else {
    entries.push(["gad-key-adjoint", words.adjoint]);
    const complex = payload.nodes.some((node) => node.dtype.startsWith("complex"));
    if (sent) entries.push(["gad-key-adjoint", complex ? `${words.sent}, ${words.turned}` : words.sent]);
    if (payload.nodes.some((node) => node.consumers > 1)) entries.push(["gad-key-counter", words.counter]);
  }
  const colours = payload.scales.map(([kind, , end]) =>
    element("span", { class: `gad-key-${kind}` }, [
      `${WORDS.signs[/** @type {"value" | "adjoint" | "tangent"} */ (kind)]} \u2212${end} `,
      element("span", { class: "gad-colours", role: "img", "aria-label": words.colours }),
      ` ${end}`,
    ]),
  );
  return [...entries.map(([name, text]) => element("span", { class: name }, [text])), ...colours];
}
