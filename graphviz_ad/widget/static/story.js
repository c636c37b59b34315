// What is visible after k steps: pure functions of the payload, as in graphviz_ad/story/state.py.

/** @import {NodeState, Payload, PayloadStep, Phase, State} from "./types.js" */

/**
 * The nearest step that exists; anything that is no number counts as 0.
 * @param {unknown} step @param {number} steps @returns {number}
 */
export function clampStep(step, steps) {
  const wanted = Math.round(Number(step));
  return Number.isNaN(wanted) ? 0 : Math.min(Math.max(wanted, 0), steps);
}

/** One payload as it is played: every state from the one before, at the price of what happens in between. */
export class Story {
  /** @param {Payload} payload */
  constructor(payload) {
    this.payload = payload;
    this.forwards = payload.mode === "forward";
    // Where a sum over broadcast axes follows, it is the sum that reveals the contribution.
    this.summed = new Set(payload.steps.filter((event) => event.kind === "sum").map((event) => event.edge));
    /** @type {Map<number, number[]>} for each node the edges that bring it its value */
    this.arriving = new Map();
    for (const edge of payload.edges) {
      const edges = this.arriving.get(edge.consumer);
      if (edges) edges.push(edge.index);
      else this.arriving.set(edge.consumer, [edge.index]);
    }
    const turn = payload.steps.findIndex((event) => event.kind !== "value");
    /** How many steps there are before the sweep. */
    this.turn = turn < 0 ? payload.steps.length : turn;
    this.first = this.begun();
    this.last = this.first;
  }

  /** Only what is given. @returns {State} */
  begun() {
    const computed = new Set(this.payload.steps.filter((event) => event.kind === "value").map((event) => event.node));
    const nodes = new Map();
    for (const { id } of this.payload.nodes) {
      nodes.set(id, { value: !computed.has(id), adjoint: false, accumulator: null, tangent: false, reported: 0 });
    }
    const state = this.framed(0, nodes, new Set(), new Set());
    if (this.payload.steps.length === 0) this.settle(state);
    return state;
  }

  /**
   * Everything that is visible once the first `step` steps have been played. Of two states that follow each other,
   * the nodes that did not change are the same objects.
   * @param {number} step @returns {State}
   */
  at(step) {
    const { steps } = this.payload;
    const from = step >= this.last.step ? this.last : this.first;
    if (step === from.step) return (this.last = from);
    const state = this.framed(step, new Map(from.nodes), new Set(from.locals), new Set(from.contributions));
    for (const event of steps.slice(from.step, step)) this.play(state, event);
    if (step >= steps.length) this.settle(state);
    return (this.last = state);
  }

  /**
   * A state with these numbers revealed, and with what its last step has just done.
   * @param {number} step @param {State["nodes"]} nodes @param {Set<number>} locals @param {Set<number>} contributions
   * @returns {State}
   */
  framed(step, nodes, locals, contributions) {
    const event = step > 0 ? this.payload.steps[step - 1] : undefined;
    /** @type {number[]} */
    let feeding = [];
    if (event?.kind === "value") feeding = this.arriving.get(event.node) ?? [];
    else if (event && this.forwards && event.edge !== null) feeding = [event.edge];
    /** @type {Phase} */
    let phase = "forward";
    if (step >= this.payload.steps.length) phase = "done";
    else if (step > this.turn) phase = this.forwards ? "tangent" : "backward";
    return {
      step,
      phase,
      narration: event ? event.narration : this.payload.intro,
      nodes,
      locals,
      contributions,
      activeNode: event ? event.node : null,
      activeEdge: event ? event.edge : null,
      feeding: new Set(feeding),
    };
  }

  /** What one step reveals. @param {State} state @param {PayloadStep} event */
  play({ nodes, locals, contributions }, event) {
    const known = nodes.get(event.node);
    if (!known) return;
    if (event.kind === "value") {
      nodes.set(event.node, { ...known, value: true });
    } else if (event.kind === "update") {
      const { value, value_text: text } = event;
      nodes.set(event.node, { ...known, adjoint: true, ...(value && text ? { updated: { value, text } } : {}) });
    } else if (event.kind === "zero") {
      for (const [id, other] of nodes) if (other.updated) nodes.set(id, { ...other, zeroed: event.adjoint_text ?? "" });
    } else {
      if (event.edge !== null) locals.add(event.edge);
      if (event.kind === "contribution" && this.summed.has(event.edge)) return;
      const accumulator = event.adjoint_text;
      nodes.set(event.node, this.forwards
        ? { ...known, accumulator, tangent: event.complete } // what arrives is no consumer's report
        : { ...known, accumulator, adjoint: event.complete, reported: event.reported });
      if (event.edge !== null) contributions.add(event.edge);
    }
  }

  /** At the end: what no step speaks about, such as an input without a path to the output. @param {State} state */
  settle({ nodes, locals, contributions }) {
    for (const node of this.payload.nodes) {
      const known = { .../** @type {NodeState} */ (nodes.get(node.id)), value: true };
      if (node.tangent !== null) Object.assign(known, { tangent: true, accumulator: node.tangent_text });
      if (node.adjoint !== null) Object.assign(known, { adjoint: true, accumulator: node.adjoint_text });
      nodes.set(node.id, known);
    }
    for (const edge of this.payload.edges) {
      if (edge.local !== null) locals.add(edge.index);
      if (edge.contribution !== null) contributions.add(edge.index);
    }
  }
}

/** @type {WeakMap<Payload, Story>} */
const told = new WeakMap();

/**
 * Everything that is visible once the first `step` steps have been played.
 * @param {Payload} payload @param {number} step @returns {State}
 */
export function stateAt(payload, step) {
  let story = told.get(payload);
  if (!story) told.set(payload, (story = new Story(payload)));
  return story.at(step);
}

/**
 * The step that a node is asked for: that which computes its value or, once the sweep is on its way, completes its
 * derivative; asked for where one already is, the other. 0 where nothing computes it.
 * @param {Payload} payload @param {number} id @param {Pick<State, "step" | "phase">} state @returns {number}
 */
export function stepOf(payload, id, { step, phase }) {
  const found = [
    payload.steps.findIndex((event) => event.node === id && event.kind === "value") + 1,
    payload.steps.findIndex((event) => event.node === id && event.kind !== "value" && event.complete) + 1,
  ];
  if (phase === "backward" || phase === "tangent") found.reverse();
  return found[0] === step && found[1] > 0 ? found[1] : found[0];
}

/**
 * What a step does, told by names, since ids may differ from one payload to the next; and for the how many-th time.
 * @param {Payload} payload @returns {string[]}
 */
function stepDeeds(payload) {
  const nodes = new Map(payload.nodes.map((node) => [node.id, node.name]));
  const edges = new Map(payload.edges.map((edge) => [edge.index, edge.name]));
  /** @type {Map<string, number>} */
  const times = new Map();
  return payload.steps.map((event) => {
    const deed = JSON.stringify([event.kind, nodes.get(event.node), event.edge === null ? "" : edges.get(event.edge)]);
    times.set(deed, (times.get(deed) ?? 0) + 1);
    return `${deed} ${times.get(deed)}`;
  });
}

/**
 * The step at which another story of the same graph stands where this one stood: where the last thing that both have
 * in common has just happened; the end, if this one was at its end. It is kept where nothing had to be left out.
 * @param {Payload} before @param {number} step @param {Payload} after @returns {{step: number, kept: boolean}}
 */
export function sameStep(before, step, after) {
  if (step >= before.steps.length) return { step: after.steps.length, kept: true };
  const old = stepDeeds(before);
  const places = new Map(stepDeeds(after).map((deed, order) => [deed, order + 1]));
  for (let place = step; place > 0; place -= 1) {
    const found = places.get(old[place - 1]);
    if (found !== undefined) return { step: found, kept: place === step };
  }
  return { step: 0, kept: step === 0 };
}
