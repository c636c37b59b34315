// What moves along the edges of the present step: a dot from input to consumer, or back; and the arrow that turns round.

import { SVG } from "./dom.js";

/** @import {State} from "./types.js" */

const TRIP = 1200; // ms from one end of an edge to the other
const TRIPS = 3; // then it rests: nothing moves for longer than five seconds
const SAMPLES = 24; // points on the way
const MOST_SIGNALS = 16; // of one step; more are not looked at, and cost
const BACK_ARROW = { from: 2.5, to: 14.5, width: 12 }; // px on the line: the active node has a thick rim

/**
 * A line's geometry by itself: asked for a point, the browser need not lay out the picture first.
 * @param {SVGPathElement} line @returns {SVGPathElement}
 */
function loose(line) {
  const path = /** @type {SVGPathElement} */ (document.createElementNS(SVG, "path"));
  path.setAttribute("d", line.getAttribute("d") ?? "");
  return path;
}

/**
 * Points along a line, evenly spaced, from its start to its end.
 * @param {SVGPathElement} line @param {number} count @returns {DOMPoint[]}
 */
function pointsOn(line, count) {
  const length = line.getTotalLength();
  return Array.from({ length: count }, (_, place) => line.getPointAtLength((length * place) / (count - 1)));
}

/**
 * An arrowhead at the start of a line, pointing out of it: a number arrives at the input.
 * @param {SVGPathElement} line @returns {string}
 */
function arrowAtStart(line) {
  const [tip, base] = [line.getPointAtLength(BACK_ARROW.from), line.getPointAtLength(BACK_ARROW.to)];
  const [dx, dy] = [base.x - tip.x, base.y - tip.y];
  const half = BACK_ARROW.width / 2 / (Math.hypot(dx, dy) || 1);
  const corners = [tip.x, tip.y, base.x - dy * half, base.y + dx * half, base.x + dy * half, base.y - dx * half];
  const [a, b, c, d, e, f] = corners.map((number) => number.toFixed(1));
  return `M${a} ${b}L${c} ${d}L${e} ${f}Z`;
}

export class Signals {
  /** @param {SVGSVGElement} svg @param {Map<number, Element>} edges by index */
  constructor(svg, edges) {
    this.svg = svg;
    this.edges = edges;
    /** @type {Element[]} */
    this.shown = [];
  }

  /** @param {State} state */
  show(state) {
    for (const part of this.shown) part.remove();
    this.shown = [];
    const back = state.activeEdge !== null && !state.feeding.has(state.activeEdge) ? [state.activeEdge] : [];
    for (const index of back) this.turn(index);
    const still = this.svg.closest(".gad-many") !== null || matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (still || state.feeding.size > MOST_SIGNALS) return;
    for (const index of state.feeding) this.send(index, false);
    for (const index of back) this.send(index, true);
  }

  /** @param {number} index @returns {SVGPathElement | null} */
  line(index) {
    return this.edges.get(index)?.querySelector("path.gad-line") ?? null;
  }

  /** Adds a part to an edge, under its numbers. @param {SVGPathElement} line @param {string} kind @param {string} name */
  part(line, kind, name) {
    const made = document.createElementNS(SVG, kind);
    made.setAttribute("class", name);
    made.setAttribute("aria-hidden", "true");
    line.after(made);
    this.shown.push(made);
    return made;
  }

  /** The arrow at the input's end. @param {number} index */
  turn(index) {
    const line = this.line(index);
    if (line) this.part(line, "path", "gad-arrow-back").setAttribute("d", arrowAtStart(loose(line)));
  }

  /** @param {number} index @param {boolean} back */
  send(index, back) {
    const line = this.line(index);
    if (!line) return;
    const points = pointsOn(loose(line), SAMPLES);
    if (back) points.reverse();
    const dot = this.part(line, "circle", "gad-signal");
    dot.setAttribute("r", "5.5");
    // Not as a transform or an opacity: a browser would lift what moves so to a layer of its own, and first look, at every
    // frame, at all parts of the picture that lie over it.
    const way = points.map(({ x, y }) => ({ cx: `${x.toFixed(1)}px`, cy: `${y.toFixed(1)}px`, visibility: "visible" }));
    dot.animate(way, { duration: TRIP, iterations: TRIPS, easing: "ease-in-out" });
  }
}
