// The tabs under the picture: one panel is open at a time, or none.

import { element } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Change, Host, Panel} from "./types.js" */

/**
 * A tab list by the ARIA pattern: arrows move and open, Enter or a click on the open tab closes it.
 * @param {Host} host @param {Panel[]} panels
 * @returns {{element: HTMLElement, update: (change: Change) => void, open: (key: string | null) => void}}
 */
export function makeTabs(host, panels) {
  const { signal } = host;
  /** @type {Panel | null} */
  let opened = null;
  const list = element("div", { class: "gad-tabs", role: "tablist", "aria-label": WORDS.tabs.list });
  const holder = element("div", { class: "gad-panels" });
  const heading = element("h2", { class: "gad-unseen" }, [WORDS.tabs.list]); // above those of the panels
  const side = element("div", { class: "gad-side" }, [heading, list, holder]);
  /** @type {Map<Panel, {tab: HTMLButtonElement, pane: HTMLElement}>} */
  const parts = new Map();
  for (const panel of panels) {
    const id = `${host.id}-${panel.key}`;
    const tab = element("button", {
      type: "button",
      class: "gad-tab",
      role: "tab",
      id: `${id}-tab`,
      "aria-controls": `${id}-panel`,
      "aria-selected": "false",
      "data-panel": panel.key,
      tabindex: "-1",
    });
    tab.textContent = panel.title;
    const pane = element(
      "div",
      { class: `gad-panel gad-panel-${panel.key}`, role: "tabpanel", id: `${id}-panel`, "aria-labelledby": `${id}-tab`, tabindex: "0" },
      [panel.element],
    );
    pane.hidden = true;
    parts.set(panel, { tab, pane });
    list.append(tab);
    holder.append(pane);
    tab.addEventListener("click", () => open(opened === panel ? null : panel.key), { signal });
  }
  list.addEventListener(
    "keydown",
    (event) => {
      const shown = panels.filter((panel) => !parts.get(panel)?.tab.hidden);
      const at = shown.findIndex((panel) => parts.get(panel)?.tab === event.target);
      const moves = /** @type {Record<string, number>} */ ({ ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 });
      const to = moves[event.key];
      if (at < 0 || to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation(); // the arrows belong to the tabs here, not to the steps
      const panel = shown[(to + shown.length) % shown.length];
      open(panel.key);
      parts.get(panel)?.tab.focus();
    },
    { signal },
  );

  /** @param {string | null} key */
  function open(key) {
    const wanted = panels.find((panel) => panel.key === key && offered(panel)) ?? null;
    if (wanted === opened) return;
    const left = opened;
    opened = wanted;
    left?.leave?.();
    show();
    opened?.update("open");
  }

  /** @param {Panel} panel */
  const offered = (panel) => panel.offered?.() ?? true;

  function show() {
    let reachable = opened;
    for (const panel of panels) {
      const { tab, pane } = /** @type {{tab: HTMLButtonElement, pane: HTMLElement}} */ (parts.get(panel));
      tab.hidden = !offered(panel);
      if (!reachable && !tab.hidden) reachable = panel;
      tab.setAttribute("aria-selected", String(panel === opened));
      tab.title = panel === opened ? WORDS.tabs.close : "";
      pane.hidden = panel !== opened;
    }
    for (const [panel, { tab }] of parts) tab.tabIndex = panel === reachable ? 0 : -1;
    side.classList.toggle("gad-side-closed", opened === null);
  }

  show();
  return {
    element: side,
    open,
    update(change) {
      if (change === "payload") {
        if (opened && !offered(opened)) open(null);
        show();
        for (const panel of panels) panel.update("payload");
      } else {
        opened?.update(change);
      }
    },
  };
}
