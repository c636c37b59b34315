// What a person has selected in the picture: by mouse, by keyboard, or from Python.

import { setOrRemove } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host, Payload, Selection} from "./types.js" */

/**
 * The name by which Python knows a selection: "u", "x->u", "x->u#1"; "" for none.
 * @param {Payload} payload @param {Selection | null} selection @returns {string}
 */
export function nameOf(payload, selection) {
  if (!selection) return "";
  if ("node" in selection) return payload.nodes.find((node) => node.id === selection.node)?.name ?? "";
  return payload.edges.find((edge) => edge.index === selection.edge)?.name ?? "";
}

/**
 * What a name stands for in this payload; null where there is no such thing. Nodes come first.
 * @param {Payload} payload @param {unknown} name @returns {Selection | null}
 */
export function named(payload, name) {
  if (typeof name !== "string" || name === "") return null;
  const node = payload.nodes.find((other) => other.name === name);
  if (node) return { node: node.id };
  const edge = payload.edges.find((other) => other.name === name);
  return edge ? { edge: edge.index } : null;
}

/**
 * Makes nodes and edges of the picture selectable. One of them is in the tab order; ↑ and ↓ walk through all, each
 * edge before its consumer, Enter selects.
 * @param {Host} host
 */
export function makeSelecting(host) {
  const { signal, stage } = host;
  /** @type {{group: Element, selection: Selection}[]} */
  let order = [];
  /** @type {Map<Element, number>} */
  let positions = new Map();
  let current = 0;

  /** @param {number} at @param {boolean} focus */
  function moveTo(at, focus) {
    if (order.length === 0) return;
    order[current]?.group.setAttribute("tabindex", "-1");
    current = Math.min(Math.max(at, 0), order.length - 1);
    const { group, selection } = order[current];
    group.setAttribute("tabindex", "0");
    if (focus) {
      host.picture.nearby.reach(group);
      group.setAttribute("aria-label", labelOf(selection));
      /** @type {SVGElement} */ (group).focus({ preventScroll: true });
      group.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  /** In words what is shown of it at present. @param {Selection} selection */
  function labelOf(selection) {
    const { payload, state } = host;
    if ("edge" in selection) {
      const edge = payload.edges.find((other) => other.index === selection.edge);
      if (!edge) return "";
      return WORDS.select.edge(edge.name, state.locals.has(edge.index) ? edge.local_text : null);
    }
    const node = payload.nodes.find((other) => other.id === selection.node);
    const now = state.nodes.get(selection.node);
    if (!node || !now) return "";
    return WORDS.select.node(node.name, now.value ? node.value_text : null, now.accumulator);
  }

  /** @param {EventTarget | null} target @returns {number} */
  function positionOf(target) {
    const group = target instanceof Element ? target.closest("g.gad-node, g.gad-edge") : null;
    return group ? (positions.get(group) ?? -1) : -1;
  }

  stage.addEventListener(
    "click",
    (event) => {
      const at = positionOf(event.target);
      if (at < 0) {
        if (event.target instanceof Element && event.target.closest("svg")) host.select(null);
        return;
      }
      moveTo(at, false);
      const same = nameOf(host.payload, host.selection) === nameOf(host.payload, order[at].selection);
      host.select(same && event.detail < 2 ? null : order[at].selection);
    },
    { signal },
  );
  stage.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const at = positionOf(event.target);
      if (at < 0) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") moveTo(at + (event.key === "ArrowDown" ? 1 : -1), true);
      else if (event.key === "Enter") host.select(order[at].selection);
      else if (event.key === "Escape" && host.selection) host.select(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  stage.addEventListener("focusin", (event) => {
    const at = positionOf(event.target);
    if (at >= 0) order[at].group.setAttribute("aria-label", labelOf(order[at].selection));
  }, { signal });

  return {
    /** A new picture: its nodes and edges become reachable. */
    draw() {
      const { payload, picture } = host;
      order = [];
      const arriving = new Map(payload.nodes.map((node) => [node.id, /** @type {number[]} */ ([])]));
      for (const edge of payload.edges) arriving.get(edge.consumer)?.push(edge.index);
      for (const node of payload.nodes) {
        for (const index of arriving.get(node.id) ?? []) {
          const group = picture.edges.get(index);
          if (group) order.push({ group, selection: { edge: index } });
        }
        const group = picture.nodes.get(node.id);
        if (group) order.push({ group, selection: { node: node.id } });
      }
      positions = new Map(order.map(({ group }, at) => [group, at]));
      for (const { group, selection } of order) {
        group.setAttribute("tabindex", "-1");
        group.setAttribute("role", "button");
        group.setAttribute("aria-label", nameOf(payload, selection));
      }
      current = 0;
      moveTo(Math.max(order.findIndex(({ selection }) => "node" in selection), 0), false);
    },
    show() {
      const wanted = host.selection;
      for (const { group, selection } of order) {
        const chosen =
          wanted !== null &&
          ("node" in wanted ? "node" in selection && selection.node === wanted.node : "edge" in selection && selection.edge === wanted.edge);
        if (group.classList.contains("gad-selected") === chosen) continue;
        group.classList.toggle("gad-selected", chosen);
        setOrRemove(group, "aria-pressed", chosen ? "true" : null);
      }
    },
  };
}
