// Upstream and downstream: what the selected node depends on, and what depends on it; the rest is dimmed.

import { element, setOrRemove } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host, Payload, Selection, Tool} from "./types.js" */

/** @typedef {"up" | "down"} Stream */

/** @type {Record<Stream, string>} */
const KEYS = { up: "U", down: "D" };

/**
 * Everything from which paths lead to a node ("up"), or to which paths lead from it ("down"), and the edges between.
 * @param {Payload} payload @param {number} start @param {Stream} way @returns {{nodes: Set<number>, edges: Set<number>}}
 */
export function streamFrom(payload, start, way) {
  const nodes = new Set([start]);
  const edges = new Set(/** @type {number[]} */ ([]));
  /** @type {Map<number, {index: number, to: number}[]>} */
  const leading = new Map();
  for (const edge of payload.edges) {
    const [from, to] = way === "up" ? [edge.consumer, edge.input] : [edge.input, edge.consumer];
    const known = leading.get(from);
    if (known) known.push({ index: edge.index, to });
    else leading.set(from, [{ index: edge.index, to }]);
  }
  const waiting = [start];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const { index, to } of leading.get(node) ?? []) {
      edges.add(index);
      if (!nodes.has(to)) waiting.push(to);
      nodes.add(to);
    }
  }
  return { nodes, edges };
}

/** @param {Host} host @returns {Tool} */
export function makeStreams(host) {
  const { signal } = host;
  /** @type {Record<Stream, boolean>} */
  const on = { up: false, down: false };
  const buttons = /** @type {[Stream, HTMLButtonElement][]} */ (
    Object.entries(KEYS).map(([name, key]) => {
      const way = /** @type {Stream} */ (name);
      const button = element("button", { type: "button", class: "gad-command", "data-stream": way }, [WORDS.streams[way].name]);
      button.addEventListener("click", () => toggle(way), { signal });
      host.keysTaken.push(key);
      host.keys.push((event) => {
        if (event.key.toUpperCase() !== key || event.ctrlKey || event.altKey || event.metaKey) return false;
        toggle(way);
        return true;
      });
      return [way, button];
    })
  );

  /** The node that is meant: of an edge, the one at its start upstream, at its end downstream. @param {Stream} way */
  function startOf(way) {
    /** @type {Selection | null} */
    const chosen = host.selection;
    if (!chosen) return null;
    if ("node" in chosen) return chosen.node;
    const edge = host.payload.edges.find((one) => one.index === chosen.edge);
    return edge ? (way === "up" ? edge.input : edge.consumer) : null;
  }

  /** @param {Stream} way */
  function toggle(way) {
    if (!on[way] && startOf(way) === null) {
      host.say(WORDS.streams.nothing);
      return;
    }
    on[way] = !on[way];
    show(true);
  }

  /** @param {boolean} told */
  function show(told) {
    /** @type {Set<number>} */
    const nodes = new Set();
    /** @type {Set<number>} */
    const edges = new Set();
    for (const [way, button] of buttons) {
      const start = startOf(way);
      if (start === null) on[way] = false; // nothing is left from which to look
      button.setAttribute("aria-pressed", String(on[way]));
      setOrRemove(button, "aria-disabled", start === null ? "true" : null);
      const { hint } = WORDS.streams[way];
      button.title = start === null ? `${hint} (${KEYS[way]}). ${WORDS.streams.nothing}` : `${hint} (${KEYS[way]})`;
      if (!on[way] || start === null) continue;
      const found = streamFrom(host.payload, start, way);
      for (const id of found.nodes) nodes.add(id);
      for (const index of found.edges) edges.add(index);
      if (host.selection && "edge" in host.selection) edges.add(host.selection.edge);
      const name = host.payload.nodes.find((node) => node.id === start)?.name ?? "";
      if (told) host.say(WORDS.streams.found[way](name, found.nodes.size - 1));
    }
    host.root.classList.toggle("gad-dimming", nodes.size > 0);
    host.mark(nodes, "gad-kept");
    host.markEdges(edges, "gad-kept");
  }

  return {
    element: element("span", { class: "gad-streams", role: "group", "aria-label": WORDS.streams.label }, buttons.map(([, button]) => button)),
    update(change) {
      if (change === "payload" || change === "selection") show(change === "selection");
    },
  };
}
