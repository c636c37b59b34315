// The gradient flow panel's front end: controls, plots, and the explorer of the layer that is open.
//
// It computes nothing of what it shows. Python measures, draws and words; here a person's wishes are sent, one at a time
// and only the latest, and what comes back is shown.

import { makeDesk } from "./desk.js";
import { element, ownKeys } from "./dom.js";
import { showExplorer } from "./explorer.js";
import { makeFlowControls } from "./flow_controls.js";
import { makeFlowPlots } from "./flow_plots.js";
import { flowPageModel } from "./flow_standin.js";
import { tellHeight } from "./framed.js";
import { unpacked } from "./inflate.js";
import { payloadOf } from "./patch.js";
import { pageModel } from "./standin.js";
import { WORDS } from "./words.js";

/** @import {FlowPayload, FlowWish, Model} from "./types.js" */

let panels = 0; // makes the ids of labels unique in a document

/**
 * Shows the model in `el` and returns the function that takes everything down again.
 * @param {{model: Model, el: HTMLElement}} context @returns {() => void}
 */
export function showPanel({ model, el }) {
  const life = new AbortController();
  const { signal } = life;
  const id = `gad-flow-${++panels}-${Math.random().toString(36).slice(2, 8)}`;
  const words = WORDS.flow;

  /** What a person wants and has not been sent yet. @type {Record<string, string>} */
  let wanted = {};
  /** @type {number | null} */
  let layerWanted = null;
  /** The wish that is on its way. @type {FlowWish | null} */
  let sent = null;
  let kept = 0; // the layer that a person has opened, and that stays open in the next net
  /** @type {() => void} */
  let closeLayer = () => {};
  let turn = 0; // a layer that was asked for later comes in its place

  const desk = makeDesk(model, () => {
    if (desk.live()) return say("");
    sent = null;
    root.removeAttribute("aria-busy");
    say(WORDS.kernel.silent);
  });
  const controls = makeFlowControls({ id, signal }, (values) => {
    wanted = { ...wanted, ...values };
    send();
  });
  const plots = makeFlowPlots({ id, signal }, { open, shift: controls.shift, near: (places) => controls.near(places) });
  const title = element("p", { class: "gad-flow-title" });
  const notice = element("p", { class: "gad-notice", role: "alert" });

  // --- the layer that is open
  const heading = element("h2", { class: "gad-flow-heading" });
  const about = element("p", { class: "gad-flow-about" });
  const holder = element("div", { class: "gad-flow-explorer" });
  /** @param {string} label @param {() => void} act */
  const command = (label, act) => {
    const made = element("button", { type: "button", class: "gad-command" }, [label]);
    made.addEventListener("click", act, { signal });
    return made;
  };
  const before = command(words.before, () => open(kept - 1));
  const after = command(words.after, () => open(kept + 1));
  const close = command(words.close, () => open(0));
  const layer = element("section", { class: "gad-flow-layer", "aria-labelledby": `${id}-layer` }, [
    element("div", { class: "gad-flow-head" }, [heading, before, after, close]),
    about,
    holder,
  ]);
  heading.id = `${id}-layer`;
  layer.hidden = true;

  const root = element("div", { class: "gad-explorer gad-flow", role: "group", "aria-label": words.title }, [
    title,
    controls.element,
    notice,
    plots.element,
    layer,
  ]);
  ownKeys(root);

  /** @param {string} text */
  function say(text) {
    if (notice.textContent !== text) notice.textContent = text;
  }

  // --- wishes: one is on its way, the next one goes when that is answered, and holds only the latest
  function send() {
    if (sent !== null) return;
    /** @type {FlowWish} */
    const wish = { nonce: Date.now() + Math.random() };
    if (Object.keys(wanted).length > 0) wish.values = wanted;
    else if (layerWanted !== null) wish.layer = layerWanted;
    else return;
    if (wish.values) wanted = {};
    else layerWanted = null;
    sent = wish;
    root.setAttribute("aria-busy", "true");
    desk.expect();
    model.set("wish", wish);
    model.save_changes();
  }

  /** @param {number} number */
  function open(number) {
    kept = Math.min(Math.max(number, 0), payload.depth);
    layerWanted = kept;
    send();
  }

  function onAnswer() {
    if (sent === null || model.get("answered") !== sent.nonce) return;
    const turned = sent.values !== undefined;
    sent = null;
    desk.heard();
    if (Object.keys(wanted).length === 0) {
      root.removeAttribute("aria-busy");
      // the layer that was open is that of the net before: it opens again in this one
      if (turned && kept > 0 && layerWanted === null) layerWanted = Math.min(kept, payload.depth);
      show();
    }
    send();
  }

  // --- what is shown
  let payload = flowOf(model);

  /** @param {Model} from @returns {FlowPayload} */
  function flowOf(from) {
    return /** @type {FlowPayload} */ (/** @type {unknown} */ (payloadOf(from)));
  }

  function show() {
    payload = flowOf(model);
    title.textContent = payload.title;
    controls.show(payload, new Set([...Object.keys(wanted), ...Object.keys(sent?.values ?? {})]));
    plots.show(payload);
    plots.opened(Number(model.get("opened")?.layer ?? 0));
    root.setAttribute("data-depth", String(payload.depth));
  }

  function onError() {
    say(String(model.get("error") ?? ""));
  }

  async function onOpened() {
    const mine = ++turn;
    const opened = model.get("opened") ?? {};
    const number = Number(opened.layer ?? 0);
    closeLayer();
    closeLayer = () => {};
    holder.replaceChildren();
    layer.hidden = number === 0;
    plots.opened(number);
    if (number === 0) return;
    kept = number;
    heading.textContent = words.layer(number);
    about.textContent = String(opened.text);
    before.disabled = number === 1;
    after.disabled = number === payload.depth;
    const shown = opened.payload ?? null;
    const child = shown
      ? pageModel(shown, () => ({ svg: shown.svg, answers: opened.answers, variants: {} }))
      : await model.widget_manager?.get_model(String(opened.model));
    if (mine !== turn || signal.aborted) return;
    if (child) closeLayer = showExplorer({ model: child, el: holder });
    else say(words.nested);
  }

  /** @type {[string, () => void][]} */
  const heard = [
    ["change:payload", show],
    ["change:patch", show],
    ["change:error", onError],
    ["change:opened", () => void onOpened()],
    ["change:answered", onAnswer],
  ];
  for (const [name, callback] of heard) model.on(name, callback);
  show();
  onError();
  el.replaceChildren(root);
  void onOpened();
  if (payload.live) desk.hello();
  return () => {
    life.abort();
    turn += 1;
    closeLayer();
    desk.close();
    for (const [name, callback] of heard) model.off(name, callback);
    root.remove();
  };
}

/** Starts the page without a kernel. */
export function startPanel() {
  const el = document.getElementById("gad-root");
  const story = document.getElementById("gad-payload")?.textContent;
  if (!el || !story) throw new Error(WORDS.graph.empty);
  const packed = document.getElementById("gad-baked")?.textContent?.trim() ?? "";
  showPanel({ model: flowPageModel(unpacked(story), () => unpacked(packed)), el });
  tellHeight();
}

export default { render: showPanel };
