// Of a large picture only what is near its visible part is laid out: what nobody sees costs neither layout nor paint.

import { setOrRemove } from "./dom.js";

const LARGE = 300; // nodes and edges; a smaller picture is always whole
const AROUND = 1; // what is laid out beyond the visible part on every side, in sizes of that part
const ENOUGH = 0.3; // and how much of it must be there, or it is done again
const LABELS = 24; // around an edge's line its numbers have their place

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box in the coordinates of the picture */

/**
 * The box around a path of the renderer: absolute M, L, H, V and C, of which the control points are taken.
 * @param {string} path @returns {Box | null}
 */
export function boxAround(path) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const [, command, numbers] of path.matchAll(/([MLHVC])([^A-Z]*)/g)) {
    (numbers.match(/-?[\d.]+/g) ?? []).forEach((text, place) => {
      const number = Number(text);
      if (command === "V" || (command !== "H" && place % 2 === 1)) {
        box.top = Math.min(box.top, number);
        box.bottom = Math.max(box.bottom, number);
      } else {
        box.left = Math.min(box.left, number);
        box.right = Math.max(box.right, number);
      }
    });
  }
  return box.left <= box.right && box.top <= box.bottom ? box : null;
}

/**
 * Where a node or an edge stands, read from its shapes: the browser need not lay anything out for it.
 * @param {Element} group @returns {Box | null} null for a group of another form
 */
export function placed(group) {
  const rect = group.querySelector("rect.gad-box");
  if (rect) {
    const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
    return { left, top, right: left + width, bottom: top + height };
  }
  return boxAround(group.querySelector("path.gad-line")?.getAttribute("d") ?? "");
}

/** @param {Box} box @param {number} share of its size, to be added on every side @returns {Box} */
function widened({ left, top, right, bottom }, share) {
  const [x, y] = [(right - left) * share, (bottom - top) * share];
  return { left: left - x, top: top - y, right: right + x, bottom: bottom + y };
}

/**
 * With "display: none" alone a browser still lays a part of an SVG out. One in a language that nobody reads it leaves
 * out, but comes back to only when its style changes: so it takes both.
 * @param {Element} group @param {boolean} out
 */
function leaveOut(group, out) {
  group.classList.toggle("gad-away", out);
  setOrRemove(group, "systemLanguage", out ? "zxx" : null);
}

export class Nearby {
  /** @param {Iterable<Element>} groups the nodes and edges of a picture */
  constructor(groups) {
    this.groups = [...groups];
    this.large = this.groups.length > LARGE;
    /** @type {Map<Element, Box | null>} */
    this.boxes = new Map();
    /** @type {Set<Element>} what is not laid out */
    this.away = new Set();
    /** @type {Box | null} everything in it is laid out */
    this.covered = null;
  }

  /** @param {Element} group @returns {Box | null} */
  boxOf(group) {
    let box = this.boxes.get(group);
    if (box === undefined) {
      box = placed(group);
      this.boxes.set(group, box);
    }
    return box;
  }

  /** Lays out what is near the visible part of the picture, and nothing else. @param {Box} seen */
  show(seen) {
    if (!this.large) return;
    const [enough, now] = [widened(seen, ENOUGH), this.covered];
    const rough = now !== null && now.right - now.left > 2 * (1 + 2 * AROUND) * (seen.right - seen.left); // zoomed in since
    if (now && !rough && enough.left >= now.left && enough.right <= now.right && enough.top >= now.top && enough.bottom <= now.bottom) return;
    const wanted = widened(seen, now ? AROUND : ENOUGH); // the first picture is not to wait for what nobody sees yet
    this.covered = wanted;
    for (const group of this.groups) {
      const box = this.boxOf(group);
      const near =
        box === null ||
        (box.left - LABELS < wanted.right && box.right + LABELS > wanted.left && box.top - LABELS < wanted.bottom && box.bottom + LABELS > wanted.top);
      if (near) this.reach(group);
      else if (!this.away.has(group) && group.getAttribute("tabindex") !== "0") {
        this.away.add(group);
        leaveOut(group, true);
      }
    }
  }

  /** Lays out all of it, as on paper. */
  all() {
    for (const group of this.away) leaveOut(group, false);
    this.away.clear();
    this.covered = null;
  }

  /** Lays out a group wherever it is, for whoever is about to bring it into view. @param {Element} group */
  reach(group) {
    if (this.away.delete(group)) leaveOut(group, false);
  }
}
