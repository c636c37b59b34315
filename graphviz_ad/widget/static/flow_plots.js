// The plots of the gradient flow panel: Python draws them; here a layer or a place in them is chosen.

import { element, setOrRemove } from "./dom.js";
import { parsePicture } from "./picture.js";
import { WORDS } from "./words.js";

/** @import {FlowPayload} from "./types.js" */

const LAYERS_AT_ONCE = 10; // PageUp and PageDown
const PLACES_AT_ONCE = 5; // with Shift, in the diagram

/**
 * @param {{id: string, signal: AbortSignal}} about
 * @param {{open: (layer: number) => void, shift: (moves: Record<string, number>) => void, near: (places: Record<string, number>) => void}} acts
 * @returns {{element: HTMLElement, show: (payload: FlowPayload) => void, opened: (layer: number) => void}}
 */
export function makeFlowPlots({ id, signal }, acts) {
  const words = WORDS.flow;
  /** The layer that the arrows and the pointer are at. */
  let at = 1;
  let touched = false; // until then no layer is marked
  let depth = 1;
  /** @type {Map<string, {stage: HTMLElement, reading: HTMLElement, drawn: string}>} */
  const plots = new Map();

  /** @param {string} name @param {Record<string, string>} role */
  function make(name, role) {
    const reading = element("span", { id: `${id}-${name}-reading`, ...(name === "delta" ? { role: "status" } : {}) });
    const stage = element("div", { class: "gad-flow-stage", tabindex: "0", "data-plot": name, "aria-describedby": reading.id, ...role });
    plots.set(name, { stage, reading, drawn: "" });
    return element("figure", { class: "gad-flow-plot" }, [stage, element("figcaption", {}, [reading])]);
  }
  const figures = [
    make("delta", { role: "slider", "aria-label": words.delta }),
    make("weight", { role: "slider", "aria-label": words.weight }),
    make("phase", { role: "application", "aria-label": words.phase }),
  ];
  const curves = ["delta", "weight"].map((name) => /** @type {{stage: HTMLElement}} */ (plots.get(name)).stage);
  const plane = /** @type {{stage: HTMLElement}} */ (plots.get("phase")).stage;

  /** @param {number} layer */
  function go(layer) {
    touched = true;
    point(layer);
  }

  /** @param {number} layer */
  function point(layer) {
    at = Math.min(Math.max(layer, 1), depth);
    for (const stage of curves) {
      const group = stage.querySelector(`.gad-layer[data-layer="${at}"]`);
      for (const other of stage.querySelectorAll(".gad-flow-at")) if (other !== group) other.classList.remove("gad-flow-at");
      if (touched) group?.classList.add("gad-flow-at");
      stage.setAttribute("aria-valuenow", String(at));
      stage.setAttribute("aria-valuetext", group?.querySelector("title")?.textContent ?? words.layer(at));
    }
    const said = curves.map((stage) => stage.getAttribute("aria-valuetext"));
    readout.textContent = touched ? `${said[0]}; ${(said[1] ?? "").replace(/^[^:]*: /, "")}` : "";
  }

  /** @param {Event} event @returns {number} */
  function layerUnder(event) {
    const group = /** @type {Element} */ (event.target).closest(".gad-layer");
    return Number(group?.getAttribute("data-layer") ?? 0);
  }

  for (const stage of curves) {
    stage.setAttribute("aria-valuemin", "1");
    stage.addEventListener("pointermove", (event) => layerUnder(event) && go(layerUnder(event)), { signal });
    stage.addEventListener("click", (event) => layerUnder(event) && acts.open(layerUnder(event)), { signal });
    stage.addEventListener("focus", () => go(at), { signal });
    stage.addEventListener(
      "keydown",
      (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        /** @type {Record<string, () => void>} */
        const keys = {
          ArrowRight: () => go(at + 1),
          ArrowUp: () => go(at + 1),
          ArrowLeft: () => go(at - 1),
          ArrowDown: () => go(at - 1),
          PageUp: () => go(at + LAYERS_AT_ONCE),
          PageDown: () => go(at - LAYERS_AT_ONCE),
          Home: () => go(1),
          End: () => go(depth),
          Enter: () => acts.open(at),
          " ": () => acts.open(at),
        };
        take(event, keys);
      },
      { signal },
    );
  }

  /** @param {KeyboardEvent} event @param {Record<string, () => void>} keys */
  function take(event, keys) {
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  }

  /** @param {PointerEvent} event */
  function goThere(event) {
    const svg = plane.querySelector("svg");
    if (!svg) return;
    const frame = svg.getBoundingClientRect();
    const grain = svg.viewBox.baseVal.width / Math.max(frame.width, 1);
    acts.near({ weight_var: (event.clientX - frame.left) * grain, bias_var: (event.clientY - frame.top) * grain });
  }
  let dragged = false;
  plane.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || !/** @type {Element} */ (event.target).closest("svg")) return;
      dragged = true;
      plane.setPointerCapture(event.pointerId);
      goThere(event);
    },
    { signal },
  );
  plane.addEventListener("pointermove", (event) => dragged && goThere(event), { signal });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) plane.addEventListener(end, () => void (dragged = false), { signal });
  plane.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const by = event.shiftKey ? PLACES_AT_ONCE : 1;
      take(event, {
        ArrowRight: () => acts.shift({ weight_var: by }),
        ArrowLeft: () => acts.shift({ weight_var: -by }),
        ArrowUp: () => acts.shift({ bias_var: by }),
        ArrowDown: () => acts.shift({ bias_var: -by }),
      });
    },
    { signal },
  );

  const readout = element("span", { class: "gad-flow-readout", "aria-hidden": "true" }); // what the sliders say
  const hint = element("p", { class: "gad-reason gad-flow-hint" }, [readout, element("span", {}, [words.hint])]);
  return {
    element: element("div", {}, [element("div", { class: "gad-flow-plots" }, figures), hint]),
    show(payload) {
      depth = payload.depth;
      for (const [name, plot] of plots) {
        const text = payload.plots[name];
        if (plot.drawn !== text) {
          const svg = parsePicture(text);
          svg.setAttribute("aria-hidden", "true"); // what stands around it says it
          for (const part of [...svg.children]) if (["title", "desc"].includes(part.localName)) part.remove();
          plot.stage.replaceChildren(svg);
          plot.drawn = text;
        }
        if (plot.reading.textContent !== payload.readings[name]) plot.reading.textContent = payload.readings[name];
      }
      for (const stage of curves) stage.setAttribute("aria-valuemax", String(depth));
      point(at);
    },
    opened(layer) {
      for (const stage of curves) {
        for (const group of stage.querySelectorAll(".gad-layer")) {
          group.classList.toggle("gad-flow-open", Number(group.getAttribute("data-layer")) === layer);
        }
      }
      setOrRemove(plane.closest(".gad-flow") ?? plane, "data-open", layer > 0 ? String(layer) : null);
    },
  };
}
