// Ways to look: reverse or forward mode and from which input, numbers or symbols, groups open or closed.

import { element } from "./dom.js";
import { makeGroups } from "./groups.js";
import { WORDS } from "./words.js";

/** @import {Host, Look, Tool} from "./types.js" */

const MENU_MARGIN = 8; // px between a menu and the explorer's edge

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
    },
  };
}
