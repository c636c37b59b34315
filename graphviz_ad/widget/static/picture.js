// The picture: a step only changes classes, attributes and the accumulators' texts.

import { setOrRemove } from "./dom.js";
import { svgOf } from "./markup.js";
import { Nearby } from "./nearby.js";
import { Signals } from "./signal.js";
import { Source } from "./source.js";
import { WORDS } from "./words.js";

/** @import {NodeState, Payload, PayloadEdge, PayloadNode, State} from "./types.js" */

// Parts that are shown once something of the derivative has arrived.
const DERIVATIVE = ["gad-adjoint", "gad-formula-adjoint", "gad-tangent", "gad-formula-tangent", "gad-seed"];

/** A text of the picture whose content the story changes on its way, and which can be put back as it was. */
export class Slot {
  /** @param {Element} text */
  constructor(text) {
    this.text = text;
    this.words = text.textContent ?? "";
    this.content = [...text.childNodes];
    this.fitted = [text, ...text.querySelectorAll("*")].some((part) => part.hasAttribute("textLength"))
      ? text.getAttribute("textLength")
      : null;
    /** @type {string | null} */
    this.shown = null;
  }

  /** Show `words`; null puts back what Python drew. @param {string | null} words */
  show(words) {
    if (words === this.shown) return;
    this.shown = words;
    if (words === null) {
      this.text.replaceChildren(...this.content);
      setOrRemove(this.text, "textLength", this.fitted);
    } else {
      this.text.textContent = words;
      this.text.removeAttribute("textLength"); // it belonged to the other words
    }
  }
}

/** A node or an edge of the picture; touches only what is to be other than it is. */
class Drawn {
  /** @param {Element} group */
  constructor(group) {
    this.group = group;
    /** @type {Map<string, string | boolean | null>} */
    this.known = new Map();
    /** @type {Map<string, Element[]>} the parts of the group by their first class */
    this.parts = new Map();
    for (const part of group.querySelectorAll("[class]")) {
      const name = part.classList[0];
      const parts = this.parts.get(name);
      if (parts) parts.push(part);
      else this.parts.set(name, [part]);
    }
  }

  /** Whether this is news. @param {string} what @param {string | boolean | null} now */
  other(what, now) {
    if (this.known.get(what) === now) return false;
    this.known.set(what, now);
    return true;
  }

  /** @param {string} name @param {string | null} value */
  hook(name, value) {
    if (this.other(name, value)) setOrRemove(this.group, name, value);
  }

  /** @param {string} name @param {boolean} holds */
  is(name, holds) {
    if (this.other(name, holds)) this.group.classList.toggle(name, holds);
  }

  /** @param {string} name @param {boolean} shown */
  reveal(name, shown) {
    const parts = this.parts.get(name);
    if (parts && this.other(`part ${name}`, shown)) for (const part of parts) part.classList.toggle("gad-hidden", !shown);
  }

  /** @param {...string} names @returns {Slot[]} */
  slots(...names) {
    return names.flatMap((name) => this.parts.get(name) ?? []).map((text) => new Slot(text));
  }
}

class DrawnNode extends Drawn {
  /** @param {Element} group @param {PayloadNode} node @param {boolean} trained whether a training step updates it */
  constructor(group, node, trained) {
    super(group);
    this.node = node;
    this.accumulators = this.slots("gad-adjoint", "gad-tangent");
    this.counters = this.slots("gad-counter");
    this.values = trained ? this.slots("gad-value") : [];
    /** @type {NodeState | null} */
    this.now = null;
  }

  /** Puts back every text as Python drew it. */
  restore() {
    for (const slot of [...this.accumulators, ...this.counters, ...this.values]) slot.show(null);
  }

  /** @param {NodeState} now @param {boolean} active @param {boolean} turned the sweep has begun @param {boolean} done */
  show(now, active, turned, done) {
    this.is("gad-active", active);
    this.reveal("gad-counter", turned && this.node.consumers > 1);
    this.reveal("gad-note", done);
    if (now === this.now) return;
    this.now = now;
    const { node } = this;
    const final = now.adjoint || now.tangent;
    const arrived = now.accumulator !== null;
    this.hook("data-value", now.value ? (now.updated?.value ?? node.value) : null);
    // in training, what was set back to zero is zero here too, in the same shape
    const zeroed = now.zeroed === undefined ? node.adjoint : (node.adjoint ?? "").replace(/"[^"]*"|[^[\],\s"]+/g, "0.0");
    this.hook("data-adjoint", now.adjoint ? zeroed : null);
    this.hook("data-tangent", now.tangent ? node.tangent : null);
    this.hook("data-reported", String(now.reported));
    this.is("gad-pending", !now.value);
    this.is("gad-waiting", !arrived);
    this.is("gad-gathering", arrived && !final);
    for (const part of ["gad-value", "gad-formula-value", "gad-outputs", "gad-operation"]) this.reveal(part, now.value);
    for (const part of DERIVATIVE) this.reveal(part, arrived);
    this.reveal("gad-heat-value", now.value && !now.updated); // it shows the value before the update
    this.reveal("gad-heat-adjoint", now.adjoint && now.zeroed === undefined); // of the final number: a running sum has none
    this.reveal("gad-heat-tangent", now.tangent);
    for (const slot of this.accumulators) slot.show(now.zeroed ?? (final ? null : now.accumulator));
    for (const slot of this.values) slot.show(now.updated?.text ?? null);
    for (const slot of this.counters) {
      slot.show(now.reported === node.consumers ? null : slot.words.replace(/\d+/, String(now.reported)));
    }
  }
}

class DrawnEdge extends Drawn {
  /** @param {Element} group @param {PayloadEdge} edge */
  constructor(group, edge) {
    super(group);
    this.edge = edge;
  }

  /** @param {State} state */
  show(state) {
    const { edge } = this;
    const local = state.locals.has(edge.index);
    const contribution = state.contributions.has(edge.index);
    const feeding = state.feeding.has(edge.index);
    this.hook("data-local", local ? edge.local : null);
    this.hook("data-contribution", contribution ? edge.contribution : null);
    this.is("gad-pending", !state.nodes.get(edge.consumer)?.value);
    this.is("gad-active", edge.index === state.activeEdge && !feeding); // on the way back
    this.is("gad-feeding", feeding);
    this.is("gad-reported", contribution);
    this.reveal("gad-local", local);
    this.reveal("gad-contribution", contribution);
  }
}

export class Picture {
  /** @param {SVGSVGElement} svg as `payload` draws it @param {Payload} payload @param {Source | null} source of it */
  constructor(svg, payload, source) {
    this.svg = svg;
    this.payload = payload;
    this.source = source;
    /** @type {Map<number, Element>} */
    this.nodes = new Map();
    /** @type {Map<number, Element>} */
    this.edges = new Map();
    for (const group of svg.querySelectorAll("g.gad-node")) this.nodes.set(Number(group.getAttribute("data-id")), group);
    for (const group of svg.querySelectorAll("g.gad-edge")) this.edges.set(Number(group.getAttribute("data-edge")), group);
    const trained = new Set(payload.steps.filter((event) => event.kind === "update").map((event) => event.node));
    /** @type {DrawnNode[]} */
    this.drawnNodes = [];
    for (const node of payload.nodes) {
      const group = this.nodes.get(node.id);
      if (group) this.drawnNodes.push(new DrawnNode(group, node, trained.has(node.id)));
    }
    /** @type {DrawnEdge[]} */
    this.drawnEdges = [];
    for (const edge of payload.edges) {
      const group = this.edges.get(edge.index);
      if (group) this.drawnEdges.push(new DrawnEdge(group, edge));
    }
    this.signals = new Signals(svg, this.edges);
    this.nearby = new Nearby([...this.nodes.values(), ...this.edges.values()]);
  }

  /**
   * The picture of another payload. Where that is drawn alike, it takes over the elements that stand there: only what
   * is different is laid out again, and the focus stays.
   * @param {Payload} payload @returns {Picture}
   */
  follow(payload) {
    for (const drawn of this.drawnNodes) drawn.restore();
    this.nearby.all();
    const stays = this.source?.become(payload.svg) ?? payload.svg === this.payload.svg; // the page's own has no text
    return stays ? new Picture(this.svg, payload, this.source) : pictureOf(payload);
  }

  /** @param {State} state */
  show(state) {
    const turned = state.phase === "backward" || (state.phase === "done" && this.payload.mode === "reverse");
    for (const drawn of this.drawnNodes) {
      const now = state.nodes.get(drawn.node.id);
      if (now) drawn.show(now, drawn.node.id === state.activeNode, turned, state.phase === "done");
    }
    for (const drawn of this.drawnEdges) drawn.show(state);
    for (const active of [this.nodes.get(state.activeNode ?? -1), this.edges.get(state.activeEdge ?? -1)]) {
      if (active) this.nearby.reach(active);
    }
    this.signals.show(state);
  }
}

/** The picture as elements of this document. @param {string} text @returns {SVGSVGElement} */
export function parsePicture(text) {
  const svg = svgOf(text);
  if (!svg) throw new Error(WORDS.graph.foreign);
  return svg;
}

/** A payload's picture as it was drawn in Python. @param {Payload} payload @returns {Picture} */
export function pictureOf(payload) {
  const svg = parsePicture(payload.svg);
  return new Picture(svg, payload, new Source(svg, payload.svg));
}
