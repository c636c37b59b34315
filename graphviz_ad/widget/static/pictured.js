// The picture of an exercise: shows which number is asked for, takes answers in, and lets nodes be clicked.

import { EXERCISE } from "./exercisewords.js";

const LONGEST_SHOWN = 8; // letters of an answer that stand in the picture

/**
 * @typedef {object} Pictured
 * @property {Set<string>} clickable The nodes that can be clicked.
 * @property {(key: string | null) => void} mark What is asked now.
 * @property {(key: string, answer: string | null) => void} show The right answer in its place; null for none.
 */

/** The keys of the picture's nodes and edges, as in the answers. @param {SVGSVGElement} svg @returns {Map<string, SVGElement>} */
function keyed(svg) {
  /** @type {Map<string, SVGElement>} */
  const found = new Map();
  for (const node of /** @type {NodeListOf<SVGElement>} */ (svg.querySelectorAll("g.gad-node"))) found.set(node.dataset.node ?? "", node);
  const edges = [.../** @type {NodeListOf<SVGElement>} */ (svg.querySelectorAll("g.gad-edge"))];
  edges.sort((one, other) => Number(one.dataset.argnum) - Number(other.dataset.argnum));
  /** @type {Map<string, number>} */
  const uses = new Map();
  for (const edge of edges) {
    const pair = `${edge.dataset.input}->${edge.dataset.consumer}`;
    const use = uses.get(pair) ?? 0;
    uses.set(pair, use + 1);
    if (!found.has(use ? `${pair}#${use}` : pair)) found.set(use ? `${pair}#${use}` : pair, edge);
  }
  return found;
}

/**
 * @param {SVGSVGElement | null} svg @param {Set<string>} placed keys that a click places
 * @param {(key: string) => void} click @returns {Pictured}
 */
export function makePictured(svg, placed, click) {
  const parts = svg ? keyed(svg) : new Map();
  const nodes = [...parts].filter(([key, part]) => placed.has(key) && part.classList.contains("gad-node"));
  for (const [key, node] of nodes) {
    node.setAttribute("role", "button");
    node.setAttribute("tabindex", "0");
    node.setAttribute("aria-label", EXERCISE.order.add(key));
    node.classList.add("gad-ex-clickable");
    node.addEventListener("click", () => click(key));
    node.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      click(key);
    });
  }
  if (nodes.length > 0) svg?.setAttribute("role", "group");
  /** The texts that stand for numbers that are asked for. @type {Map<string, [Element, string][]>} */
  const blanks = new Map(
    [...parts].map(([key, part]) => {
      const texts = part.classList.contains("gad-asked") ? [...part.querySelectorAll("text")] : [];
      return [key, texts.filter((text) => /^(∂ )?\?$/.test(text.textContent ?? "")).map((text) => [text, text.textContent ?? ""])];
    }),
  );
  return {
    clickable: new Set(nodes.map(([key]) => key)),
    mark(wanted) {
      for (const [key, part] of parts) part.classList.toggle("gad-ex-marked", key === wanted);
    },
    show(key, answer) {
      const shown = answer === null || answer.length <= LONGEST_SHOWN ? answer : EXERCISE.signs.right;
      for (const [text, blank] of blanks.get(key) ?? []) text.textContent = shown === null ? blank : blank.replace("?", () => shown.trim());
      parts.get(key)?.classList.toggle("gad-ex-known", answer !== null);
    },
  };
}
