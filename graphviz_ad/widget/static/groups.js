// Groups open and close: by a sign in the picture, at a collapsed box and at an open frame, and from a menu.

import { element, svgPart } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host, Tool} from "./types.js" */

/** @typedef {{name: string, id: number, open: boolean, depth: number, text: string}} GroupChoice */

const SIGN = 9; // the radius of a sign in the picture

/** @param {Host} host @returns {Tool} */
export function makeGroups(host) {
  const { model, signal } = host;
  const words = WORDS.groups;
  const summary = element("summary", { class: "gad-command" }, [words.title]);
  const list = element("div", { class: "gad-menu-list", role: "group", "aria-label": words.title });
  const menu = element("details", { class: "gad-menu gad-groups" }, [summary, list]);
  /** @type {{name: string, open: boolean, box: DOMRect, focus: "sign" | "menu"} | null} */
  let held = null; // what was clicked, what it is to become, and where it stood
  /** @type {Map<string, SVGElement>} */
  let signs = new Map();

  /** @returns {GroupChoice[]} */
  const known = () => host.payload.looks?.groups ?? [];

  /** Where a group stands in the picture. @param {GroupChoice} group @returns {Element | null} */
  function placeOf(group) {
    if (group.open) return host.picture.svg.querySelector(`g.gad-frame[data-id="${group.id}"]`);
    const node = host.picture.nodes.get(group.id) ?? null;
    if (node) host.picture.nearby.reach(node);
    return node;
  }

  /** @param {GroupChoice} group @param {"sign" | "menu"} focus */
  function toggle(group, focus) {
    const look = model.get("look") ?? {};
    /** @param {unknown} names */
    const others = (names) => (Array.isArray(names) ? names.filter((name) => name !== group.name) : []);
    const open = host.payload.live ? others(look.open) : [];
    const closed = host.payload.live ? others(look.closed) : [];
    (group.open ? closed : open).push(group.name);
    const box = placeOf(group)?.getBoundingClientRect();
    held = box ? { name: group.name, open: !group.open, box, focus } : null;
    host.look({ open: open.length > 0 ? open : null, closed: closed.length > 0 ? closed : null });
  }

  /** The signs: + on a collapsed box, − on a frame. */
  function draw() {
    signs = new Map();
    const layer = svgPart("g", { class: "gad-signs" });
    for (const group of known()) {
      const rect = placeOf(group)?.querySelector(group.open ? "rect.gad-frame-box" : "rect.gad-box");
      if (!rect) continue;
      const [x, y, width] = ["x", "y", "width"].map((name) => Number(rect.getAttribute(name)));
      const [cx, cy] = group.open ? [x + width - 16, y + 14] : [x + width - 3, y + 3];
      const label = (group.open ? words.close : words.open)(group.name);
      const sign = svgPart("g", { class: "gad-sign-button", role: "button", tabindex: "0", "aria-label": label, "data-group": group.name, "aria-expanded": String(group.open) });
      const arm = SIGN - 4;
      sign.append(
        svgPart("title", {}, label),
        svgPart("circle", { class: "gad-sign-area", cx, cy, r: SIGN + 4 }),
        svgPart("circle", { class: "gad-sign-disc", cx, cy, r: SIGN }),
        svgPart("path", { class: "gad-sign-mark", d: `M${cx - arm} ${cy}h${2 * arm}${group.open ? "" : `M${cx} ${cy - arm}v${2 * arm}`}` }),
      );
      signs.set(group.name, sign);
      layer.append(sign);
    }
    for (const old of host.picture.svg.querySelectorAll("g.gad-signs")) old.remove();
    if (signs.size > 0) host.picture.svg.append(layer);
  }

  function fill() {
    const groups = known();
    menu.hidden = groups.length === 0;
    if (groups.length === 0) menu.open = false;
    list.replaceChildren(
      ...groups.map((group) => {
        const box = element("input", { type: "checkbox", "data-group": group.name });
        box.checked = group.open;
        const row = element("label", { class: "gad-option gad-menu-row" }, [box, element("span", {}, [group.name]), element("span", { class: "gad-menu-note" }, [group.text])]);
        row.style.setProperty("--gad-depth", String(group.depth));
        return row;
      }),
    );
  }

  /** What was clicked stays where it was, as far as the picture reaches. */
  function keep() {
    const was = held;
    held = null;
    const group = was && known().find((one) => one.name === was.name);
    const place = group && placeOf(group);
    if (!was || !place || group.open !== was.open) return;
    host.say((group.open ? words.opening : words.closing)(group.name));
    const box = place.getBoundingClientRect();
    // a box opens to the right from where it began, and a frame closes to where its sign was
    host.stage.scrollLeft += group.open ? box.left - was.box.left : box.right - was.box.right;
    host.stage.scrollTop += box.top - was.box.top;
    const sign = signs.get(was.name);
    const fits = box.width <= host.stage.clientWidth && box.height <= host.stage.clientHeight;
    (fits ? place : sign)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (was.focus === "sign") sign?.focus({ preventScroll: true });
    else for (const input of list.querySelectorAll("input")) if (input.getAttribute("data-group") === was.name) input.focus();
  }

  /** The group whose sign or box an event is about. @param {Event} event @param {string} what @returns {GroupChoice | undefined} */
  function meant(event, what) {
    const part = event.target instanceof Element ? event.target.closest(what) : null;
    return part ? known().find((group) => group.name === part.getAttribute("data-group")) : undefined;
  }

  /** Before the picture selects what was clicked. @param {MouseEvent | KeyboardEvent} event */
  function onSign(event) {
    if (event instanceof KeyboardEvent && event.key !== "Enter" && event.key !== " ") return;
    const group = meant(event, ".gad-sign-button");
    if (!group) return;
    event.preventDefault();
    event.stopPropagation();
    toggle(group, "sign");
  }
  host.stage.addEventListener("click", onSign, { signal, capture: true });
  host.stage.addEventListener("keydown", onSign, { signal, capture: true });
  list.addEventListener(
    "change",
    (event) => {
      const group = meant(event, "input");
      if (group) toggle(group, "menu");
    },
    { signal },
  );
  menu.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      menu.open = false;
      summary.focus();
    },
    { signal },
  );
  host.root.addEventListener(
    "click",
    (event) => {
      if (menu.open && event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
    },
    { signal },
  );

  const onLook = () => fill(); // a wish may have been refused
  model.on("change:look", onLook);
  signal.addEventListener("abort", () => model.off("change:look", onLook));

  return {
    element: menu,
    update(change) {
      if (change !== "payload") return;
      fill();
      draw();
      keep();
    },
  };
}
