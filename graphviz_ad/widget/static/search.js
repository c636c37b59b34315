// Finds nodes by name, operation or role, marks them in the picture, and goes from one to the next.

import { element } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host, PayloadNode, Tool} from "./types.js" */

/** @param {PayloadNode} node @param {string} wanted in small letters @returns {boolean} */
export function isFound(node, wanted) {
  return [node.name, node.operation, node.role, node.kind].some((text) => (text ?? "").toLowerCase().includes(wanted));
}

/** @param {Host} host @returns {Tool} */
export function makeSearch(host) {
  const { signal } = host;
  const words = WORDS.search;
  const field = element("input", { type: "search", class: "gad-search", "aria-label": words.label, placeholder: words.hint, title: words.title, autocomplete: "off", spellcheck: "false" });
  const count = element("span", { class: "gad-found-count", "aria-live": "polite" });
  /** @type {number[]} */
  let found = [];
  let at = -1;

  function mark() {
    host.mark(found, "gad-found");
    count.textContent = field.value.trim() === "" ? "" : words.count(at + 1, found.length);
  }

  function look() {
    const wanted = field.value.trim().toLowerCase();
    found = wanted === "" ? [] : host.payload.nodes.filter((node) => isFound(node, wanted)).map((node) => node.id);
    at = -1;
    mark();
  }

  /** @param {number} by */
  function next(by) {
    if (found.length === 0) return;
    at = at < 0 && by < 0 ? found.length - 1 : (at + by + found.length) % found.length;
    const id = found[at];
    const group = host.picture.nodes.get(id);
    if (group) {
      host.picture.nearby.reach(group);
      group.scrollIntoView({ block: "nearest", inline: "center" });
    }
    host.select({ node: id });
    mark();
  }

  field.addEventListener("input", look, { signal });
  field.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
      else if (event.key === "Escape") {
        if (field.value === "") host.root.focus();
        field.value = "";
        look();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  host.keysTaken.push("/");
  host.keys.push((event) => {
    if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey) return false;
    /** @type {HTMLElement | null} */ (host.root.querySelector(".gad-more[aria-expanded='false']"))?.click();
    field.focus();
    field.select();
    return true;
  });

  return {
    element: element("span", { class: "gad-searching", role: "search" }, [field, count]),
    update(change) {
      if (change === "payload" && (field.value !== "" || found.length > 0)) look();
    },
  };
}
