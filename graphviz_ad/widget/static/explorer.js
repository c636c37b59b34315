// The explorer's front end: plays the steps of one graph, in a Jupyter widget and in a page without a kernel.
//
// It evaluates no function and no derivative. Python sends the finished picture, every number and every step;
// the front end only decides which of them are visible. anywidget loads one module from a Blob URL, where relative
// imports do not resolve, so graphviz_ad/widget/bundle.py joins these modules into one.

import { makeDesk } from "./desk.js";
import { ICONS, element, icon, ownKeys, setStyle } from "./dom.js";
import { tellHeight } from "./framed.js";
import { unpacked } from "./inflate.js";
import { makeInputs } from "./inputs.js";
import { commandOf } from "./keys.js";
import { legendEntries } from "./legend.js";
import { PANELS, VIEWS, WAYS } from "./panels.js";
import { payloadOf } from "./patch.js";
import { Picture, pictureOf } from "./picture.js";
import { makePlayer } from "./player.js";
import { makeSelecting, named, nameOf } from "./selection.js";
import { pageModel } from "./standin.js";
import { clampStep, stateAt } from "./story.js";
import { makeTabs } from "./tabs.js";
import { WORDS } from "./words.js";

/** @import {Change, Host, Model, Tool} from "./types.js" */

const MANY_NODES = 300; // above it transitions and flowing dashes cost more than they show

let views = 0; // makes the ids of labels unique in a document

/**
 * Shows the model in `el` and returns the function that takes everything down again.
 * @param {{model: Model, el: HTMLElement}} context @returns {() => void}
 */
export function showExplorer({ model, el }) {
  const drawn = /** @type {SVGSVGElement | null} */ (el.querySelector("svg.gad-picture"));
  const life = new AbortController();
  const { signal } = life;

  // --- the document, top to bottom
  /** @param {keyof typeof ICONS} picture @param {string} label @param {string} key @param {() => void} act */
  const button = (picture, label, key, act) => {
    const made = element("button", { type: "button", class: "gad-button", "aria-label": label, title: `${label} (${key})` }, [
      icon(ICONS[picture]),
    ]);
    made.addEventListener("click", act, { signal });
    return made;
  };
  const first = button("first", WORDS.player.first, "Home", () => host.go(0));
  const back = button("back", WORDS.player.back, "←", () => host.go(host.step - 1));
  const forward = button("forward", WORDS.player.forward, "→", () => host.go(host.step + 1));
  const last = button("last", WORDS.player.last, "End", () => host.go(host.payload.steps.length));
  const slider = element("input", { type: "range", class: "gad-slider", "aria-label": WORDS.player.slider, min: "0", step: "1" });
  slider.addEventListener("input", () => host.go(Number(slider.value)), { signal });
  const position = element("span", { class: "gad-position" });
  const phase = element("span", { class: "gad-phase" });
  const stage = element("div", { class: "gad-stage" });
  const sizer = element("span", { class: "gad-sizer", "aria-hidden": "true" });
  const narration = element("span", { class: "gad-narration", role: "status", "aria-live": "polite" });
  const announcement = element("span", { class: "gad-announcement", "aria-live": "polite" });
  const notice = element("p", { class: "gad-notice" });
  const legend = element("p", { class: "gad-legend" });
  // JupyterLab's and Notebook's own keys (D D deletes a cell, B makes one) are not meant by who types in here.
  const root = element("div", { class: "gad-explorer", tabindex: "0", role: "group" });
  ownKeys(root);

  // --- what panels and tools may ask
  /** @type {Host} */
  const host = {
    payload: payloadOf(model),
    state: /** @type {any} */ (null), // both follow in draw()
    picture: /** @type {any} */ (null),
    step: 0,
    selection: null,
    model,
    id: `gad-view-${++views}-${Math.random().toString(36).slice(2, 8)}`,
    signal,
    root,
    stage,
    gates: [],
    beyond: [],
    keys: [],
    keysTaken: [],
    go(wanted) {
      player.stop();
      const outside = wanted < 0 || wanted > host.payload.steps.length;
      if (outside && host.beyond.some((takes) => takes(wanted))) return;
      const target = clampStep(wanted, host.payload.steps.length);
      if (host.gates.some((holds) => holds(host.step, target))) slider.value = String(host.step);
      else move(target);
    },
    select(selection) {
      const name = nameOf(host.payload, selection);
      if (name === model.get("selected")) return;
      model.set("selected", name);
      model.save_changes();
    },
    ask: (question) => desk.ask(question),
    look(change) {
      const wanted = { ...model.get("look"), ...change };
      for (const key of Object.keys(wanted)) if (wanted[key] === null) delete wanted[key];
      root.setAttribute("aria-busy", "true");
      desk.expect();
      model.set("look", wanted);
      model.save_changes();
    },
    edit: (name, text) => inputs.edit(name, text),
    say(words) {
      announcement.textContent = words;
    },
    mark: (ids, name) => markAll(host.picture.nodes, ids, name),
    markEdges: (indices, name) => markAll(host.picture.edges, indices, name),
    openTab: (key) => tabs.open(key),
  };

  /** @param {Map<number, Element>} groups @param {Iterable<number>} wanted @param {string} name */
  function markAll(groups, wanted, name) {
    const chosen = new Set(wanted);
    for (const [id, group] of groups) {
      if (group.classList.contains(name) !== chosen.has(id)) group.classList.toggle(name, chosen.has(id));
    }
  }

  const desk = makeDesk(model, () => inputs.update("open"));
  const inputs = makeInputs(host, desk);
  const player = makePlayer(host, move);
  const selecting = makeSelecting(host);
  const ways = WAYS.map((make) => make(host));
  const viewing = VIEWS.map((make) => make(host));
  /** @type {Tool[]} */
  const tools = [...ways, ...viewing];
  const panels = PANELS.map((make) => make(host));
  const tabs = makeTabs(host, panels);

  // Where there is little room the ways to look are behind a button.
  const more = element("button", { type: "button", class: "gad-command gad-more", "aria-expanded": "false" }, [WORDS.tools.ways]);
  more.addEventListener(
    "click",
    () => {
      const shown = root.classList.toggle("gad-ways-shown");
      more.setAttribute("aria-expanded", String(shown));
    },
    { signal },
  );

  root.append(
    element("div", { class: "gad-toolbar", role: "group", "aria-label": WORDS.player.group }, [
      element("span", { class: "gad-buttons" }, [first, back, player.play, forward, last]),
      slider,
      position,
      phase,
      player.rate,
      player.forks,
    ]),
    element("div", { class: "gad-tools" }, [
      more,
      element("div", { class: "gad-ways", role: "group", "aria-label": WORDS.tools.ways }, ways.map((tool) => tool.element)),
      element("div", { class: "gad-views", role: "group", "aria-label": WORDS.tools.view }, viewing.map((tool) => tool.element)),
    ]),
    stage,
    element("div", { class: "gad-words" }, [sizer, narration]),
    notice,
    inputs.element,
    legend,
    tabs.element,
    announcement,
  );

  // --- steps
  /** @param {number} wanted */
  function move(wanted) {
    const target = clampStep(wanted, host.payload.steps.length);
    if (target === model.get("step")) return;
    model.set("step", target); // its change shows the step
    model.save_changes();
  }

  /** @param {Change} change */
  function tell(change) {
    for (const tool of tools) tool.update(change);
    tabs.update(change);
    if (change === "payload") inputs.update(change);
  }

  function show() {
    const steps = host.payload.steps.length;
    host.step = clampStep(model.get("step"), steps);
    host.state = stateAt(host.payload, host.step);
    const { state } = host;
    root.setAttribute("data-step", String(state.step));
    root.setAttribute("data-steps", String(steps));
    root.setAttribute("data-phase", state.phase);
    slider.max = String(steps);
    slider.value = String(state.step);
    slider.style.setProperty("--gad-played", steps ? `${(100 * state.step) / steps}%` : "100%");
    const where = WORDS.player.where(state.step, steps);
    slider.setAttribute("aria-valuetext", where);
    position.textContent = where;
    phase.textContent = WORDS.phase[state.phase];
    for (const [control, idle] of /** @type {[Element, boolean][]} */ ([
      [first, state.step === 0],
      [back, state.step === 0],
      [forward, state.step === steps],
      [last, state.step === steps],
    ])) {
      control.classList.toggle("gad-idle", idle);
    }
    if (narration.textContent !== state.narration) narration.textContent = state.narration;
    host.picture.show(state);
    player.stepped();
  }

  function onStep() {
    show();
    tell("step");
  }

  function onSelected() {
    host.selection = named(host.payload, model.get("selected"));
    selecting.show();
    tell("selection");
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.matches("input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    if (event.key === " " && target.matches("input, [role=tab], summary")) return; // these have a use for it themselves
    const command = commandOf(event);
    if (command === null) {
      if (host.keys.some((answers) => answers(event))) {
        event.preventDefault();
        event.stopPropagation();
      }
      return;
    }
    // Also keeps the slider from moving a second time, and a button from being pressed by space.
    event.preventDefault();
    event.stopPropagation();
    if (command === "play") player.toggle();
    else if (command === "first") host.go(0);
    else if (command === "last") host.go(host.payload.steps.length);
    else host.go(host.step + (command === "forward" ? 1 : -1));
  }
  root.addEventListener("keydown", onKey, { signal });

  // --- a new graph
  function onPayload() {
    const payload = payloadOf(model);
    if (payload === host.payload) return; // told of both its parts
    host.payload = payload;
    desk.heard(); // whoever sent this is there
    desk.forget();
    root.removeAttribute("aria-busy");
    draw();
  }

  function draw() {
    const { payload } = host;
    if (host.picture) host.picture = host.picture.follow(payload);
    else if (payload.svg) host.picture = pictureOf(payload);
    else if (drawn) host.picture = new Picture(drawn, payload, null);
    else throw new Error(WORDS.graph.none);
    const { svg } = host.picture;
    // Its parts can be reached and its state changes: it is no longer one image with one description.
    svg.setAttribute("role", "group");
    for (const child of [...svg.children]) if (child.localName === "desc") child.remove();
    const width = Number(svg.getAttribute("width")) || svg.viewBox.baseVal.width;
    setStyle(svg, "--gad-natural-width", `${width}px`);
    if (svg.parentNode !== stage) {
      const scrolled = stage.scrollLeft;
      stage.replaceChildren(svg);
      stage.scrollLeft = scrolled;
    }
    setStyle(position, "min-width", `${WORDS.player.where(payload.steps.length, payload.steps.length).length}ch`);
    root.setAttribute("data-mode", payload.mode);
    root.classList.toggle("gad-many", payload.nodes.length > MANY_NODES);
    root.setAttribute("aria-label", payload.title ? WORDS.graph.of(payload.title) : WORDS.graph.plain);
    notice.textContent = payload.notice;
    // The longest sentence holds the place of all, so that nothing jumps while the story is told.
    let longest = payload.intro;
    for (const event of payload.steps) if (event.narration.length > longest.length) longest = event.narration;
    if (sizer.textContent !== longest) sizer.textContent = longest;
    legend.replaceChildren(...legendEntries(payload));
    host.selection = named(payload, model.get("selected"));
    selecting.draw();
    show();
    selecting.show();
    tell("payload");
    const opened = panels.find((panel) => panel.offered?.() ?? true);
    if (!begun && opened) tabs.open(opened.key);
    begun = true;
  }
  let begun = false;

  const greet = () => {
    if (host.payload.live) desk.hello();
  };
  /** @type {[string, () => void][]} */
  const heard = [
    ["change:payload", onPayload],
    ["change:patch", onPayload],
    ["change:step", onStep],
    ["change:selected", onSelected],
    ["comm_live_update", greet],
  ];
  for (const [name, callback] of heard) model.on(name, callback);

  function close() {
    life.abort();
    desk.close();
    for (const [name, callback] of heard) model.off(name, callback);
    root.remove();
  }
  try {
    draw();
  } catch (error) {
    close(); // of a graph that cannot be shown nothing stays, listening
    throw error;
  }
  el.replaceChildren(root);
  greet();
  return close;
}

// ---------------------------------------------------------------------------------------------------------------
// Without a kernel
// ---------------------------------------------------------------------------------------------------------------

/** Starts the kernel-free page, in which the payload stands packed beside the complete picture. */
export function startPage() {
  const el = document.getElementById("gad-root");
  const story = document.getElementById("gad-payload")?.textContent;
  if (!el || !story) throw new Error(WORDS.graph.empty);
  const packed = document.getElementById("gad-baked")?.textContent?.trim();
  const load = () => (packed ? unpacked(packed) : { svg: "", answers: {}, variants: {} });
  showExplorer({ model: pageModel(unpacked(story), load), el });
  tellHeight();
}

export default { render: showExplorer };
