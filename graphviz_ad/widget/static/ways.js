// Ways to look: reverse or forward mode and from which input, numbers or symbols; and what stays when that changes.

import { element } from "./dom.js";
import { makeGroups } from "./groups.js";
import { WORDS } from "./words.js";

/** @import {Host, Look, Payload, Tool} from "./types.js" */

const MENU_MARGIN = 8; // px between a menu and the explorer's edge

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

/** @param {string} words @param {HTMLElement} control @returns {HTMLElement} */
function lookLabel(words, control) {
  return element("label", { class: "gad-option" }, [words, control]);
}

/** @param {string} value @param {string} words @param {string} why not, if it cannot be chosen @returns {HTMLOptionElement} */
function lookOption(value, words, why = "") {
  const made = element("option", { value }, [words]);
  made.disabled = why !== "";
  if (why) made.title = why;
  return made;
}

/** The tool: mode, labels and groups. @param {Host} host @returns {Tool} */
export function makeWays(host) {
  const { model, signal } = host;
  const words = WORDS.ways;
  /** @type {{payload: Payload, step: number} | null} */
  let asked = null; // this view has asked for another look, and waits

  // Whoever changes the look, a panel too, finds the story where it was.
  const { look } = host;
  host.look = (change) => {
    // the iteration of a training is another story, and whoever turns to it says where it opens
    asked = "iteration" in change ? null : { payload: host.payload, step: host.step };
    look(change);
  };

  const mode = element("select", { class: "gad-mode", "aria-label": words.mode });
  const labels = element("select", { class: "gad-labels", "aria-label": words.labels });
  const groups = makeGroups(host);

  mode.addEventListener(
    "change",
    () => {
      const wanted = /** @type {Look} */ (model.get("look") ?? {});
      const turned = "mode" in wanted;
      if (mode.value === "reverse") {
        host.look(turned || host.payload.mode === "reverse" ? { mode: null, seed: null } : { mode: "reverse", seed: null });
      } else {
        const seed = mode.value.slice("forward:".length);
        // an explorer that was made in forward mode needs the seed alone
        host.look(host.payload.mode === "forward" && !turned ? { seed } : { mode: "forward", seed, wrong: null });
      }
    },
    { signal },
  );
  labels.addEventListener("change", () => host.look({ labels: labels.value }), { signal });

  // The menu of groups opens below its button, moved in from an edge that it would cross.
  const list = /** @type {HTMLElement} */ (groups.element.querySelector(".gad-menu-list"));
  const kept = new ResizeObserver(() => {
    list.style.setProperty("--gad-shift", "0px");
    const over = list.getBoundingClientRect().right - host.root.getBoundingClientRect().right + MENU_MARGIN;
    list.style.setProperty("--gad-shift", `${Math.min(-over, 0)}px`);
  });
  for (const sized of [list, host.root]) kept.observe(sized);
  signal.addEventListener("abort", () => kept.disconnect());

  /** What can be chosen, and what is. */
  function show() {
    const { payload } = host;
    const { modes = [], seeds = [], seed = "", labels: kinds = [] } = payload.looks ?? {};
    const [reverse, forward] = modes;
    /** @type {Node[]} */
    const options = [lookOption("reverse", words.reverse, reverse?.why ?? "")];
    if (seeds.length > 0) {
      const ahead = element("optgroup", { label: words.forward });
      for (const one of seeds) ahead.append(lookOption(`forward:${one.seed}`, words.from(one.text), forward?.why ?? ""));
      if (payload.mode === "forward" && !seeds.some((/** @type {any} */ one) => one.seed === seed)) {
        ahead.prepend(lookOption(`forward:${seed}`, words.own));
      }
      options.push(ahead);
    }
    mode.replaceChildren(...options);
    mode.value = payload.mode === "forward" ? `forward:${seed}` : "reverse";
    labels.replaceChildren(...kinds.map((/** @type {string} */ kind) => lookOption(kind, words.kinds[/** @type {"numbers"} */ (kind)] ?? kind)));
    const chosen = (model.get("look") ?? {}).labels;
    labels.value = kinds.includes(chosen) ? chosen : (payload.looks?.label ?? "numbers");
    box.hidden = modes.length === 0;
  }

  const box = element("span", { class: "gad-looking" }, [lookLabel(words.mode, mode), lookLabel(words.labels, labels), groups.element]);
  const settle = () => show(); // a look that was refused: the controls say what is
  model.on("change:look", settle);
  signal.addEventListener("abort", () => model.off("change:look", settle));

  return {
    element: box,
    update(change) {
      if (change !== "payload") return;
      show();
      groups.update(change);
      const before = asked;
      asked = null;
      if (!before || before.payload === host.payload) return;
      const { step } = sameStep(before.payload, before.step, host.payload);
      // once whoever sent the graph has had its own say about the step
      queueMicrotask(() => {
        if (signal.aborted || step === model.get("step")) return;
        model.set("step", step);
        model.save_changes();
      });
    },
  };
}
