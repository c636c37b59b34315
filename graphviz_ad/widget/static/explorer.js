// The explorer's front end: plays the steps of one graph, in a Jupyter widget and in a page without a kernel.
//
// It evaluates no function and no derivative. Python sends the finished picture, every number and every step;
// this file only decides which of them are visible. One plain module without imports, because anywidget loads
// it from a Blob URL, where relative imports do not resolve, and because the page carries it inline.

/**
 * @typedef {object} PayloadNode
 * @property {number} id
 * @property {string} name
 * @property {string} kind
 * @property {string} role
 * @property {boolean} reached
 * @property {number} consumers
 * @property {boolean} editable
 * @property {boolean} differentiable
 * @property {boolean} output
 * @property {string | null} value Null for a group with several outgoing values.
 * @property {string} value_text
 * @property {string | null} adjoint
 * @property {string | null} adjoint_text
 * @property {string | null} tangent
 * @property {string | null} tangent_text
 * @property {string | null} source
 *
 * @typedef {object} PayloadEdge
 * @property {number} index
 * @property {number} input
 * @property {number} consumer
 * @property {number} argnum
 * @property {boolean} active
 * @property {boolean} cut
 * @property {string | null} local
 * @property {string | null} local_text
 * @property {string | null} contribution
 * @property {string | null} contribution_text
 *
 * @typedef {object} PayloadStep
 * @property {"value" | "seed" | "contribution" | "sum" | "tangent"} kind A sum, over broadcast axes, follows a contribution.
 * @property {number} node
 * @property {number | null} edge
 * @property {string | null} adjoint
 * @property {string | null} adjoint_text
 * @property {number} reported
 * @property {boolean} complete
 * @property {string} narration
 *
 * @typedef {object} Payload
 * @property {number} version
 * @property {string} title
 * @property {string} alt
 * @property {"reverse" | "forward"} mode
 * @property {string} svg The complete picture; empty where the page already shows it.
 * @property {string} intro
 * @property {PayloadNode[]} nodes
 * @property {PayloadEdge[]} edges
 * @property {PayloadStep[]} steps
 * @property {[kind: string, half: string, end: string][]} scales What the colours of heat maps stand for.
 * @property {boolean} live
 * @property {string | null} frozen Why the inputs cannot be changed; null where they can.
 * @property {string} notice
 *
 * @typedef {"forward" | "backward" | "tangent" | "done"} Phase
 *
 * @typedef {object} NodeState
 * @property {boolean} value Is the value revealed?
 * @property {boolean} adjoint Is the adjoint final?
 * @property {string | null} accumulator What the adjoint's or tangent's slot shows; null while nothing has arrived.
 * @property {boolean} tangent Is the tangent final?
 * @property {number} reported
 *
 * @typedef {object} State
 * @property {number} step
 * @property {Phase} phase
 * @property {string} narration
 * @property {Map<number, NodeState>} nodes by id
 * @property {Set<number>} locals indices of the edges whose local derivative is revealed
 * @property {Set<number>} contributions indices of the edges whose contribution is revealed
 * @property {number | null} activeNode
 * @property {number | null} activeEdge
 * @property {Set<number>} feeding indices of the edges that bring the active node its value, or add to its tangent
 *
 * @typedef {object} Model What anywidget gives us, and what `standIn` imitates.
 * @property {(key: string) => any} get
 * @property {(key: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(name: string, callback: (...args: any[]) => void) => void} on
 * @property {(name: string, callback: (...args: any[]) => void) => void} off
 * @property {(content: unknown) => void} send
 *
 * @typedef {object} Edit A person's new text for one input; the nonce makes equal edits distinct.
 * @property {string} name
 * @property {string} text
 * @property {number} nonce
 */

const SVG = "http://www.w3.org/2000/svg";
const MILLISECONDS_PER_STEP = 700;
const TYPING_PAUSE = 350; // after the last key in an input, before it is evaluated
const ANSWER_WITHIN = 2000; // silence of the kernel that is worth a word
/** @type {Record<string, string>} */
const SIGNS = { value: "▲", adjoint: "▼", tangent: "▶" };
const MANY_NODES = 300; // above it transitions and flowing dashes cost more than they show

const SILENT = "The kernel does not answer. It is busy, or it was restarted: then run this cell again to change inputs.";

// ---------------------------------------------------------------------------------------------------------------
// Pure functions: what is shown after k steps. Tested without a browser.
// ---------------------------------------------------------------------------------------------------------------

/**
 * The nearest step that exists; anything that is no number counts as 0.
 * @param {unknown} step @param {number} steps @returns {number}
 */
export function clampStep(step, steps) {
  const wanted = Math.round(Number(step));
  return Number.isNaN(wanted) ? 0 : Math.min(Math.max(wanted, 0), steps);
}

/**
 * @param {Pick<Payload, "mode" | "steps">} payload @param {number} step @returns {Phase}
 */
export function phaseAt(payload, step) {
  if (step >= payload.steps.length) return "done";
  const turned = payload.steps.slice(0, step).some((event) => event.kind !== "value");
  if (!turned) return "forward";
  return payload.mode === "forward" ? "tangent" : "backward";
}

/**
 * Everything that is visible once the first `step` steps have been played.
 * @param {Payload} payload @param {number} step @returns {State}
 */
export function stateAt(payload, step) {
  const done = step >= payload.steps.length;
  /** @type {Map<number, NodeState>} */
  const nodes = new Map();
  const computed = new Set(payload.steps.filter((event) => event.kind === "value").map((event) => event.node));
  for (const node of payload.nodes) {
    nodes.set(node.id, { value: !computed.has(node.id), adjoint: false, accumulator: null, tangent: false, reported: 0 });
  }
  /** @type {Map<number, PayloadEdge[]>} */
  const arriving = new Map();
  for (const edge of payload.edges) {
    const edges = arriving.get(edge.consumer);
    if (edges) edges.push(edge);
    else arriving.set(edge.consumer, [edge]);
  }
  /** @type {Set<number>} */
  const locals = new Set();
  /** @type {Set<number>} */
  const contributions = new Set();
  // Where a sum over broadcast axes follows, it is the sum that reveals the contribution.
  const summed = new Set(payload.steps.filter((event) => event.kind === "sum").map((event) => event.edge));
  const forwards = payload.mode === "forward";
  for (const event of payload.steps.slice(0, step)) {
    const node = nodes.get(event.node);
    if (!node) continue;
    if (event.kind === "value") {
      node.value = true;
    } else {
      if (event.edge !== null) locals.add(event.edge);
      if (event.kind === "contribution" && summed.has(event.edge)) continue;
      node.accumulator = event.adjoint_text;
      if (forwards) node.tangent = event.complete; // what arrives is no consumer's report
      else Object.assign(node, { adjoint: event.complete, reported: event.reported });
      if (event.edge !== null) contributions.add(event.edge);
    }
  }
  if (done) {
    // What no step speaks about (an input without a path to the output) is settled at the end.
    for (const node of payload.nodes) {
      const state = nodes.get(node.id);
      if (!state) continue;
      state.value = true;
      if (node.tangent !== null) Object.assign(state, { tangent: true, accumulator: node.tangent_text });
      if (node.adjoint !== null) Object.assign(state, { adjoint: true, accumulator: node.adjoint_text });
    }
    for (const edge of payload.edges) {
      if (edge.local !== null) locals.add(edge.index);
      if (edge.contribution !== null) contributions.add(edge.index);
    }
  }
  const last = step > 0 ? payload.steps[step - 1] : undefined;
  /** @type {number[]} */
  let feeding = [];
  if (last?.kind === "value") feeding = (arriving.get(last.node) ?? []).map((edge) => edge.index);
  else if (last && forwards && last.edge !== null) feeding = [last.edge];
  return {
    step,
    phase: phaseAt(payload, step),
    narration: last ? last.narration : payload.intro,
    nodes,
    locals,
    contributions,
    activeNode: last ? last.node : null,
    activeEdge: last ? last.edge : null,
    feeding: new Set(feeding),
  };
}

/**
 * What a key asks for; null where it is none of ours.
 * @param {{key: string, ctrlKey?: boolean, altKey?: boolean, metaKey?: boolean, shiftKey?: boolean}} event
 * @returns {"first" | "back" | "play" | "forward" | "last" | null}
 */
export function commandOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return null;
  switch (event.key) {
    case "Home":
      return "first";
    case "ArrowLeft":
      return "back";
    case " ":
      return "play";
    case "ArrowRight":
      return "forward";
    case "End":
      return "last";
    default:
      return null;
  }
}

/**
 * Does this text look like a finished number? Only then is it worth evaluating while a person still types;
 * what is not is sent when they are done (Enter, or leaving the field), and Python says what is wrong with it.
 * @param {string} text @returns {boolean}
 */
export function looksFinished(text) {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text);
}

// ---------------------------------------------------------------------------------------------------------------
// Small helpers for the document
// ---------------------------------------------------------------------------------------------------------------

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes] @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** @param {string} path a path in a box of 24 × 24 @returns {SVGElement} */
function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["class", "gad-icon"]]) {
    svg.setAttribute(name, value);
  }
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

const ICONS = {
  first: "M5 5h2.6v14H5z M19 5v14L8.6 12z",
  back: "M17 5v14L6.6 12z",
  play: "M8 4.6v14.8L20 12z",
  pause: "M6.5 5h4v14h-4z M13.5 5h4v14h-4z",
  forward: "M7 5v14L17.4 12z",
  last: "M16.4 5H19v14h-2.6z M5 5v14l10.4-7z",
};

/** @param {Element} target @param {string} name @param {string | null} value */
function setOrRemove(target, name, value) {
  if (value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

// ---------------------------------------------------------------------------------------------------------------
// The picture: made once per payload; a step only changes classes, attributes and the accumulators' texts
// ---------------------------------------------------------------------------------------------------------------

/** A text of the picture whose content the story changes on its way, and which can be put back as it was. */
class Slot {
  /** @param {Element} text */
  constructor(text) {
    this.text = text;
    this.words = text.textContent ?? "";
    this.content = [...text.childNodes].map((child) => child.cloneNode(true));
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
      this.text.replaceChildren(...this.content.map((child) => child.cloneNode(true)));
      setOrRemove(this.text, "textLength", this.fitted);
    } else {
      this.text.textContent = words;
      this.text.removeAttribute("textLength"); // it belonged to the other words
    }
  }
}

class Picture {
  /** @param {SVGSVGElement} svg @param {Payload} payload */
  constructor(svg, payload) {
    this.svg = svg;
    this.payload = payload;
    /** @type {Map<number, Element>} */
    this.nodes = new Map();
    /** @type {Map<number, Element>} */
    this.edges = new Map();
    /** @type {Map<number, Slot[]>} */
    this.accumulators = new Map();
    /** @type {Map<number, Slot[]>} */
    this.counters = new Map();
    for (const group of svg.querySelectorAll("g.gad-node")) {
      const id = Number(group.getAttribute("data-id"));
      this.nodes.set(id, group);
      this.accumulators.set(id, [...group.querySelectorAll("text.gad-adjoint, text.gad-tangent")].map((text) => new Slot(text)));
      this.counters.set(id, [...group.querySelectorAll("text.gad-counter")].map((text) => new Slot(text)));
    }
    for (const group of svg.querySelectorAll("g.gad-edge")) {
      this.edges.set(Number(group.getAttribute("data-edge")), group);
    }
    /** @type {Map<Element, Map<string, Element[]>>} */
    this.parts = new Map();
  }

  /** @param {Element} group @param {string} part @param {boolean} shown */
  reveal(group, part, shown) {
    let known = this.parts.get(group);
    if (!known) this.parts.set(group, (known = new Map()));
    let found = known.get(part);
    if (!found) known.set(part, (found = [...group.querySelectorAll(`.${part}`)]));
    for (const piece of found) piece.classList.toggle("gad-hidden", !shown);
  }

  /** @param {State} state */
  show(state) {
    const turned = state.phase === "backward" || (state.phase === "done" && this.payload.mode === "reverse");
    for (const node of this.payload.nodes) {
      const group = this.nodes.get(node.id);
      const now = state.nodes.get(node.id);
      if (!group || !now) continue;
      setOrRemove(group, "data-value", now.value ? node.value : null);
      setOrRemove(group, "data-adjoint", now.adjoint ? node.adjoint : null);
      setOrRemove(group, "data-tangent", now.tangent ? node.tangent : null);
      setOrRemove(group, "data-reported", String(now.reported));
      group.classList.toggle("gad-pending", !now.value);
      const final = now.adjoint || now.tangent;
      group.classList.toggle("gad-waiting", now.accumulator === null);
      group.classList.toggle("gad-gathering", now.accumulator !== null && !final);
      group.classList.toggle("gad-active", node.id === state.activeNode);
      this.reveal(group, "gad-value", now.value);
      this.reveal(group, "gad-outputs", now.value);
      this.reveal(group, "gad-operation", now.value);
      this.reveal(group, "gad-adjoint", now.accumulator !== null);
      this.reveal(group, "gad-tangent", now.accumulator !== null);
      this.reveal(group, "gad-heat-value", now.value);
      this.reveal(group, "gad-heat-adjoint", now.adjoint); // of the final number: a running sum has none
      this.reveal(group, "gad-heat-tangent", now.tangent);
      this.reveal(group, "gad-counter", turned && node.consumers > 1);
      this.reveal(group, "gad-seed", now.accumulator !== null);
      this.reveal(group, "gad-note", state.phase === "done");
      for (const slot of this.accumulators.get(node.id) ?? []) {
        slot.show(now.accumulator === null || final ? null : now.accumulator);
      }
      for (const slot of this.counters.get(node.id) ?? []) {
        slot.show(now.reported === node.consumers ? null : slot.words.replace(/\d+/, String(now.reported)));
      }
    }
    for (const edge of this.payload.edges) {
      const group = this.edges.get(edge.index);
      if (!group) continue;
      const local = state.locals.has(edge.index);
      const contribution = state.contributions.has(edge.index);
      const consumer = state.nodes.get(edge.consumer);
      const feeding = state.feeding.has(edge.index);
      setOrRemove(group, "data-local", local ? edge.local : null);
      setOrRemove(group, "data-contribution", contribution ? edge.contribution : null);
      group.classList.toggle("gad-pending", !consumer?.value);
      group.classList.toggle("gad-active", edge.index === state.activeEdge && !feeding); // on the way back
      group.classList.toggle("gad-feeding", feeding);
      group.classList.toggle("gad-reported", contribution);
      this.reveal(group, "gad-local", local);
      this.reveal(group, "gad-contribution", contribution);
    }
  }

  /** Brings what happens into view where the picture is wider than the page. @param {State} state @param {Element} stage */
  follow(state, stage) {
    if (stage.scrollWidth <= stage.clientWidth + 1 || state.activeNode === null) return;
    const target = this.nodes.get(state.activeNode);
    if (!target) return;
    const frame = stage.getBoundingClientRect();
    let { left, right } = target.getBoundingClientRect();
    // The edge that brings the contribution too, where both have room.
    const edge = state.activeEdge === null ? undefined : this.edges.get(state.activeEdge)?.getBoundingClientRect();
    if (edge && Math.max(right, edge.right) - Math.min(left, edge.left) < frame.width - 16) {
      left = Math.min(left, edge.left);
      right = Math.max(right, edge.right);
    }
    if (left >= frame.left + 8 && right <= frame.right - 8) return;
    stage.scrollLeft += (left + right) / 2 - (frame.left + frame.right) / 2;
  }
}

/** @param {string} text @returns {SVGSVGElement} */
function parsePicture(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.namespaceURI !== SVG || parsed.localName !== "svg") throw new Error("The picture is not an SVG image.");
  return /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.importNode(parsed, true)));
}

// ---------------------------------------------------------------------------------------------------------------
// One view
// ---------------------------------------------------------------------------------------------------------------

let views = 0; // makes the ids of labels unique in a document

/**
 * Shows the model in `el` and returns the function that takes everything down again.
 * @param {{model: Model, el: HTMLElement}} context @returns {() => void}
 */
function render({ model, el }) {
  const view = `gad-view-${++views}-${Math.random().toString(36).slice(2, 8)}`;
  const drawn = /** @type {SVGSVGElement | null} */ (el.querySelector("svg.gad-picture"));

  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;
  /** @type {Payload} */
  let payload = model.get("payload");
  /** @type {Picture | null} */
  let picture = null;
  /** @type {Map<string, {field: HTMLInputElement, alert: HTMLElement, pending: ReturnType<typeof setTimeout> | null, sent: string}>} */
  const inputs = new Map();
  /** The nonce of the last edit sent from here, until it is answered. @type {number | null} */
  let awaited = null;
  /** @type {"asked" | "live" | "silent"} */
  let connection = "asked";
  /** @type {ReturnType<typeof setTimeout> | null} */
  let patience = null;

  // --- the document, top to bottom
  /** @param {keyof typeof ICONS} picture @param {string} label @param {string} key @param {() => void} act */
  const button = (picture, label, key, act) => {
    const made = element("button", { type: "button", class: "gad-button", "aria-label": label, title: `${label} (${key})` }, [
      icon(ICONS[picture]),
    ]);
    made.addEventListener("click", act);
    return made;
  };
  const first = button("first", "First step", "Home", () => go(0));
  const back = button("back", "Step back", "←", () => go(step() - 1));
  const play = button("play", "Play", "space", () => toggle());
  const forward = button("forward", "Step forward", "→", () => go(step() + 1));
  const last = button("last", "Last step", "End", () => go(payload.steps.length));
  play.classList.add("gad-play");
  const slider = element("input", { type: "range", class: "gad-slider", "aria-label": "Step", min: "0", step: "1" });
  slider.addEventListener("input", () => go(Number(slider.value)));
  const position = element("span", { class: "gad-position" });
  const phase = element("span", { class: "gad-phase" });
  const toolbar = element("div", { class: "gad-toolbar", role: "group", "aria-label": "Playback" }, [
    element("span", { class: "gad-buttons" }, [first, back, play, forward, last]),
    slider,
    position,
    phase,
  ]);
  const stage = element("div", { class: "gad-stage" });
  const sizer = element("span", { class: "gad-sizer", "aria-hidden": "true" });
  const narration = element("span", { class: "gad-narration", role: "status", "aria-live": "polite" });
  const notice = element("p", { class: "gad-notice" });
  const fields = element("div", { class: "gad-fields" });
  const reason = element("p", { class: "gad-reason", id: `${view}-reason` });
  const legend = element("p", { class: "gad-legend" });
  const root = element("div", { class: "gad-explorer", tabindex: "0", role: "group" }, [
    toolbar,
    stage,
    element("div", { class: "gad-words" }, [sizer, narration]),
    notice,
    element("div", { class: "gad-inputs" }, [fields, reason]),
    legend,
  ]);

  // --- steps
  const step = () => clampStep(model.get("step"), payload.steps.length);

  /** @param {number} wanted */
  function move(wanted) {
    const target = clampStep(wanted, payload.steps.length);
    if (target === model.get("step")) return;
    model.set("step", target); // its change shows the step
    model.save_changes();
  }

  /** A person's step: it ends the automatic ones. @param {number} wanted */
  function go(wanted) {
    stop();
    move(wanted);
  }

  function stop() {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    showPlay();
  }

  function toggle() {
    if (timer !== null) {
      stop();
      return;
    }
    if (payload.steps.length === 0) return;
    if (step() >= payload.steps.length) move(0);
    const tick = () => {
      move(step() + 1);
      timer = step() < payload.steps.length ? setTimeout(tick, MILLISECONDS_PER_STEP) : null;
      showPlay();
    };
    timer = setTimeout(tick, MILLISECONDS_PER_STEP);
    showPlay();
  }

  function showPlay() {
    const label = timer === null ? "Play" : "Pause";
    if (play.getAttribute("aria-label") === label) return;
    play.setAttribute("aria-label", label);
    play.title = `${label} (space)`;
    play.replaceChildren(icon(timer === null ? ICONS.play : ICONS.pause));
  }

  function show() {
    const state = stateAt(payload, step());
    const steps = payload.steps.length;
    root.setAttribute("data-step", String(state.step));
    root.setAttribute("data-steps", String(steps));
    root.setAttribute("data-phase", state.phase);
    slider.max = String(steps);
    slider.value = String(state.step);
    slider.style.setProperty("--gad-played", steps ? `${(100 * state.step) / steps}%` : "100%");
    const where = `step ${state.step} of ${steps}`;
    slider.setAttribute("aria-valuetext", where);
    position.textContent = where;
    phase.textContent = state.phase;
    for (const [control, idle] of /** @type {[Element, boolean][]} */ ([
      [first, state.step === 0],
      [back, state.step === 0],
      [forward, state.step === steps],
      [last, state.step === steps],
    ])) {
      control.classList.toggle("gad-idle", idle);
    }
    if (narration.textContent !== state.narration) narration.textContent = state.narration;
    picture?.show(state);
    picture?.follow(state, stage);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.matches("input:not([type=range]), textarea, select, [contenteditable]")) return;
    const command = commandOf(event);
    if (command === null) return;
    // Also keeps the slider from moving a second time, and a button from being pressed by space.
    event.preventDefault();
    event.stopPropagation();
    if (command === "play") toggle();
    else if (command === "first") go(0);
    else if (command === "last") go(payload.steps.length);
    else go(step() + (command === "forward" ? 1 : -1));
  }
  root.addEventListener("keydown", onKey);

  // --- inputs
  /** @param {string} name */
  function send(name) {
    const input = inputs.get(name);
    if (!input) return;
    if (input.pending !== null) clearTimeout(input.pending);
    input.pending = null;
    if (input.field.disabled || input.field.value === input.sent) return;
    input.sent = input.field.value;
    root.setAttribute("aria-busy", "true");
    /** @type {Edit} */
    const edit = { name, text: input.field.value, nonce: Date.now() + Math.random() };
    awaited = edit.nonce;
    model.set("edit", edit);
    model.save_changes();
    expect();
  }

  /** @param {PayloadNode} node */
  function makeInput(node) {
    const id = `${view}-input-${node.id}`;
    const field = element("input", {
      type: "text",
      class: "gad-input",
      id,
      "data-node": node.name,
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": `${reason.id} ${id}-alert`,
    });
    const alert = element("span", { class: "gad-error", role: "alert", id: `${id}-alert` });
    const input = { field, alert, pending: /** @type {ReturnType<typeof setTimeout> | null} */ (null), sent: node.value ?? "" };
    field.value = node.value ?? "";
    field.addEventListener("input", () => {
      if (input.pending !== null) clearTimeout(input.pending);
      input.pending = looksFinished(field.value) ? setTimeout(() => send(node.name), TYPING_PAUSE) : null;
    });
    field.addEventListener("change", () => send(node.name));
    field.addEventListener("focus", ask); // a kernel restarted behind our back is noticed before anything is typed
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        send(node.name);
      } else if (event.key === "Escape") {
        if (input.pending !== null) clearTimeout(input.pending);
        input.pending = null;
        const current = payload.nodes.find((other) => other.name === node.name);
        field.value = current?.value ?? node.value ?? "";
        send(node.name); // takes a rejected text back
      }
    });
    inputs.set(node.name, input);
    return element("span", { class: "gad-field" }, [
      element("label", { for: id }, [element("var", {}, [node.name]), " ="]),
      field,
      alert,
    ]);
  }

  function showInputs() {
    const editable = payload.nodes.filter((node) => node.editable);
    const same = editable.length === inputs.size && editable.every((node) => inputs.has(node.name));
    if (!same) {
      for (const input of inputs.values()) if (input.pending !== null) clearTimeout(input.pending);
      inputs.clear();
      fields.replaceChildren(...editable.map(makeInput));
    }
    const rejected = String(model.get("error") ?? "");
    const edited = /** @type {Edit | null} */ (model.get("edit"))?.name;
    for (const node of editable) {
      const input = inputs.get(node.name);
      if (!input) continue;
      const wrong = rejected !== "" && node.name === edited;
      if (input.alert.textContent !== (wrong ? rejected : "")) input.alert.textContent = wrong ? rejected : "";
      setOrRemove(input.field, "aria-invalid", wrong ? "true" : null);
      // Never under the fingers of a person who is still typing, not by the answer to an older edit, and a
      // rejected text stays to be corrected.
      const typing =
        awaited !== null ||
        input.pending !== null ||
        (document.activeElement === input.field && input.field.value !== input.sent);
      if (!wrong && !typing && Number(input.field.value) !== Number(node.value)) input.field.value = node.value ?? "";
      if (!wrong && !typing) input.sent = input.field.value;
    }
    showReason();
  }

  function showReason() {
    const frozen = payload.frozen;
    const closed = frozen !== null || connection !== "live";
    for (const input of inputs.values()) input.field.disabled = closed;
    let words = "";
    if (inputs.size > 0) {
      if (frozen !== null) words = frozen;
      else if (connection === "silent") words = SILENT;
    }
    if (reason.textContent !== words) reason.textContent = words;
  }

  // --- is there a kernel? A saved widget, or one whose kernel was restarted, looks alive and is not: so ask.
  function ask() {
    if (!payload.live || payload.frozen !== null) return;
    expect();
    try {
      model.send({ kind: "hello" });
    } catch {
      // A closed connection says so by throwing; silence says the same.
    }
  }

  /** Gives the kernel some time; its silence closes the inputs, its next word opens them again. */
  function expect() {
    if (patience !== null) clearTimeout(patience);
    patience = setTimeout(() => {
      patience = null;
      connection = "silent";
      showReason();
    }, ANSWER_WITHIN);
  }

  function heard() {
    if (patience !== null) clearTimeout(patience);
    patience = null;
    connection = "live";
    showReason();
  }

  /** @param {{kind?: string}} message */
  function onMessage(message) {
    if (message?.kind === "live") heard();
  }

  function onAnswer() {
    if (model.get("answered") === awaited) awaited = null;
    if (awaited === null) root.removeAttribute("aria-busy");
    heard();
    showInputs();
  }

  // --- a new graph
  function onPayload() {
    payload = model.get("payload");
    draw();
  }

  function draw() {
    const svg = payload.svg ? parsePicture(payload.svg) : drawn;
    if (svg === null) throw new Error("There is no picture to play.");
    const scrolled = stage.scrollLeft;
    picture = new Picture(svg, payload);
    const width = Number(svg.getAttribute("width")) || svg.viewBox.baseVal.width;
    svg.style.setProperty("--gad-natural-width", `${width}px`);
    stage.replaceChildren(svg);
    stage.scrollLeft = scrolled;
    position.style.minWidth = `${`step ${payload.steps.length} of ${payload.steps.length}`.length}ch`;
    root.setAttribute("data-mode", payload.mode);
    root.classList.toggle("gad-many", payload.nodes.length > MANY_NODES);
    root.setAttribute("aria-label", payload.title ? `Graph of ${payload.title}` : "Graph");
    notice.textContent = payload.notice;
    // The longest sentence holds the place of all, so that nothing jumps while the story is told.
    let longest = payload.intro;
    for (const event of payload.steps) if (event.narration.length > longest.length) longest = event.narration;
    sizer.textContent = longest;
    const entries = [["gad-key-value", "▲ value"], ["gad-key-local", "∂ local derivative"]];
    const sent = payload.edges.some((edge) => edge.contribution !== null);
    if (payload.mode === "forward") {
      entries.push(["gad-key-tangent", "▶ tangent"]);
      if (sent) entries.push(["gad-key-tangent", "▶ on an edge: passed on, ∂ × tangent of the input"]);
    } else {
      entries.push(["gad-key-adjoint", "▼ adjoint"]);
      if (sent) entries.push(["gad-key-adjoint", "▼ on an edge: sent back, adjoint of the consumer × ∂"]);
      if (payload.nodes.some((node) => node.consumers > 1)) {
        entries.push(["gad-key-counter", "Σ 1/2: 1 of 2 consumers has reported"]);
      }
    }
    const colours = payload.scales.map(([kind, , end]) =>
      element("span", { class: `gad-key-${kind}` }, [
        `${SIGNS[kind]} \u2212${end} `,
        element("span", { class: "gad-colours", role: "img", "aria-label": "blue for negative, red for positive" }),
        ` ${end}`,
      ]),
    );
    legend.replaceChildren(...entries.map(([name, words]) => element("span", { class: name }, [words])), ...colours);
    showInputs();
    show();
  }

  model.on("change:payload", onPayload);
  model.on("change:step", show);
  model.on("change:error", onAnswer);
  model.on("change:answered", onAnswer);
  model.on("msg:custom", onMessage);
  model.on("comm_live_update", ask);

  draw();
  el.replaceChildren(root);
  ask();

  return () => {
    stop();
    if (patience !== null) clearTimeout(patience);
    for (const input of inputs.values()) if (input.pending !== null) clearTimeout(input.pending);
    model.off("change:payload", onPayload);
    model.off("change:step", show);
    model.off("change:error", onAnswer);
    model.off("change:answered", onAnswer);
    model.off("msg:custom", onMessage);
    model.off("comm_live_update", ask);
    root.removeEventListener("keydown", onKey);
    root.remove();
  };
}

// ---------------------------------------------------------------------------------------------------------------
// Without a kernel
// ---------------------------------------------------------------------------------------------------------------

/**
 * A model that lives in the page alone, with the few methods that `render` uses.
 * @param {Record<string, unknown>} values @returns {Model}
 */
export function standIn(values) {
  const state = { ...values };
  /** @type {Map<string, Set<(...args: any[]) => void>>} */
  const listeners = new Map();
  return {
    get: (key) => state[key],
    set: (key, value) => {
      if (Object.is(state[key], value)) return;
      state[key] = value;
      for (const callback of [...(listeners.get(`change:${key}`) ?? [])]) callback();
    },
    save_changes: () => {},
    send: () => {},
    on: (name, callback) => {
      listeners.set(name, (listeners.get(name) ?? new Set()).add(callback));
    },
    off: (name, callback) => {
      listeners.get(name)?.delete(callback);
    },
  };
}

/** Starts the kernel-free page, in which the payload stands as JSON beside the complete picture. */
export function startPage() {
  const el = document.getElementById("gad-root");
  const json = document.getElementById("gad-payload")?.textContent;
  if (!el || !json) throw new Error("This page carries no graph.");
  render({ model: standIn({ payload: JSON.parse(json), step: 0, edit: {}, error: "", answered: 0 }), el });
}

export default { render };
