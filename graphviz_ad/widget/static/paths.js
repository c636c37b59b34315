// The panel "Paths": every way from an input to the output, a product along each, and their sum: the adjoint.

import { element, wordsOf } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host, Panel} from "./types.js" */

/**
 * @typedef {object} PathRow
 * @property {number[]} links
 * @property {string[]} inside
 * @property {string} route
 * @property {string} symbols
 * @property {string} factors
 * @property {string} product
 */

/** @param {Host} host @returns {Panel} */
export function makePaths(host) {
  const { signal } = host;
  const words = WORDS.paths;
  const start = element("select", { class: "gad-paths-start", "aria-label": words.start });
  const status = element("p", { class: "gad-paths-summary" });
  const list = element("ol", { class: "gad-paths-list" });
  const total = element("p", { class: "gad-paths-total" });
  const note = element("p", { class: "gad-note-text" });
  const box = element("div", { class: "gad-paths" }, [element("label", { class: "gad-option" }, [words.from, start]), status, list, total, note]);
  /** @type {PathRow[]} */
  let rows = [];
  let pinned = -1;
  let asked = 0;

  /** @param {number} at the path to light up; -1 for none */
  function light(at) {
    const path = rows[at];
    host.root.classList.toggle("gad-tracing", path !== undefined);
    host.markEdges(path ? path.links : [], "gad-lit");
    if (!path) {
      host.mark([], "gad-on-path");
      host.markEdges([], "gad-on-path");
      return;
    }
    const along = new Set(path.links);
    const ends = host.payload.edges.filter((edge) => along.has(edge.index)).flatMap((edge) => [edge.input, edge.consumer]);
    host.mark(ends.length > 0 ? ends : [Number(start.value)], "gad-on-path");
    host.markEdges(along, "gad-on-path");
  }

  /** @param {EventTarget | null} target @returns {number} */
  function rowOf(target) {
    const button = target instanceof Element ? target.closest("button.gad-path") : null;
    return button ? Number(button.getAttribute("data-path")) : -1;
  }
  for (const name of ["mouseover", "focusin"]) {
    list.addEventListener(name, (event) => {
      const at = rowOf(event.target);
      if (at >= 0) light(at);
    }, { signal });
  }
  for (const name of ["mouseleave", "focusout"]) list.addEventListener(name, () => light(pinned), { signal });
  list.addEventListener(
    "click",
    (event) => {
      const at = rowOf(event.target);
      if (at < 0) return;
      pinned = pinned === at ? -1 : at;
      for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", String(rowOf(button) === pinned));
      light(at);
    },
    { signal },
  );

  /** @param {PathRow} path @param {number} at @returns {HTMLElement} */
  function row(path, at) {
    const parts = [element("span", { class: "gad-path-route" }, [path.route])];
    if (path.symbols) parts.push(element("span", { class: "gad-path-symbols" }, [path.symbols]));
    const numbers = element("span", { class: "gad-path-numbers" }, path.factors && path.factors !== path.product ? [`${path.factors} = `] : [path.factors ? "" : "= "]);
    numbers.append(element("strong", { class: "gad-path-product" }, [path.product]));
    parts.push(numbers);
    if (path.inside.length > 0) parts.push(element("span", { class: "gad-path-inside" }, [words.inside(path.inside.join(", "))]));
    const button = element("button", { type: "button", class: "gad-path", "data-path": String(at), "aria-pressed": "false" }, parts);
    return element("li", {}, [button]);
  }

  function clear() {
    pinned = -1;
    rows = [];
    list.replaceChildren();
    status.textContent = "";
    total.textContent = "";
    note.textContent = "";
  }

  /** The inputs, and what is selected. */
  function offer() {
    const { nodes } = host.payload;
    const selected = host.selection && "node" in host.selection ? host.selection.node : null;
    const inputs = nodes.filter((node) => node.kind === "input" && node.differentiable);
    const options = inputs.map((node) => element("option", { value: String(node.id) }, [node.name]));
    const other = nodes.find((node) => node.id === selected && !inputs.includes(node));
    if (other) options.push(element("option", { value: String(other.id) }, [words.selected(other.name)]));
    const before = start.value;
    start.replaceChildren(...options);
    if (selected !== null && options.some((option) => option.value === String(selected))) start.value = String(selected);
    else if (options.some((option) => option.value === before)) start.value = before;
  }

  async function tell() {
    clear();
    if (start.value === "") {
      status.textContent = words.none;
      return;
    }
    const mine = ++asked;
    status.textContent = words.asking;
    try {
      const { data } = await host.ask(`paths:${start.value}`);
      if (mine !== asked) return;
      rows = data.paths;
      status.textContent = data.count === "0" || rows.length === 0 ? data.summary : data.comparison;
      list.replaceChildren(...rows.map(row));
      total.textContent = rows.length === 0 ? "" : data.complete ? words.total(data.name, data.total) : words.part(rows.length, data.total, data.name, data.adjoint);
      note.textContent = rows.length === 0 ? "" : [words.note, data.order].filter(Boolean).join(" ");
    } catch (error) {
      if (mine === asked) status.textContent = wordsOf(error);
    }
  }
  start.addEventListener("change", () => {
    light(-1);
    void tell();
  }, { signal });

  let shown = false;
  return {
    key: "paths",
    title: words.title,
    element: box,
    offered: () => host.payload.nodes.some((node) => node.kind === "input" && node.differentiable),
    update(change) {
      if (change === "payload") {
        asked += 1;
        clear();
        if (!shown) return;
      } else if (change === "open") shown = true;
      else if (change === "step") return;
      const before = start.value;
      offer();
      if (change !== "selection" || start.value !== before) {
        light(-1);
        void tell();
      }
    },
    leave() {
      shown = false;
      asked += 1;
      light(-1);
    },
  };
}
