// How large the picture is and which part of it is seen: zoom, fit, panning, and following the story.

import { element, setStyle } from "./dom.js";
import { stepOf } from "./story.js";
import { WORDS } from "./words.js";

/** @import {Host, Tool} from "./types.js" */

const SMALLEST = 0.1; // of the natural size
const LARGEST = 8;
const NOTCH = 1.25; // one press of a button
const MARGIN = 8; // px kept free around what is followed
const DRAG = 4; // px before a press becomes a drag
const LINE = 16; // px to a line, where a wheel counts in lines
const TINY = 0.25; // of the natural size: below it text cannot be read, and is not drawn

/**
 * The next size of a picture, in natural sizes: the nearest of the round ones above (or below), or what was asked for.
 * @param {number} present @param {number} factor @returns {number}
 */
export function zoomed(present, factor) {
  const wanted = Math.min(Math.max(present * factor, SMALLEST), LARGEST);
  // Coming by full size, it is taken exactly.
  return (present - 1) * (wanted - 1) < 0 || Math.abs(wanted - 1) < 0.01 ? 1 : wanted;
}

/**
 * How far to scroll, along one axis, so that a span is seen; 0 where it is already. What has no room is centred.
 * @param {[start: number, end: number]} span @param {[start: number, end: number]} frame @returns {number}
 */
export function scrolledBy([start, end], [from, to]) {
  if (start >= from && end <= to) return 0;
  return (start + end) / 2 - (from + to) / 2;
}

/**
 * The nearest thing around an element that a wheel would scroll up or down.
 * @param {Element} start @returns {Element}
 */
function scroller(start) {
  for (let around = start.parentElement; around; around = around.parentElement) {
    const scrolls = /auto|scroll/.test(getComputedStyle(around).overflowY);
    if (scrolls && around.scrollHeight > around.clientHeight) return around;
  }
  return document.scrollingElement ?? document.documentElement;
}

/** @param {Host} host @returns {Tool} */
export function makeViewport(host) {
  const { signal, stage, root } = host;
  /** @type {number | null} of the natural size; null: as large as there is room for */
  let zoom = null;
  let fit = false;

  const svg = () => host.picture.svg;
  const natural = () => Number(svg().getAttribute("width")) || svg().viewBox.baseVal.width || 1;
  const present = () => svg().getBoundingClientRect().width / natural();

  /** @param {string} label @param {string} text @param {string} key @param {() => void} act */
  function button(label, text, key, act) {
    const made = element("button", { type: "button", class: "gad-command gad-zoom", "aria-label": label, title: `${label} (${key})` }, [text]);
    made.addEventListener("click", act, { signal });
    return made;
  }
  const out = button(WORDS.viewport.out, "−", "-", () => set(zoomed(present(), 1 / NOTCH)));
  const whole = button(WORDS.viewport.fit, WORDS.viewport.fitShort, "f", () => set(null, !fit));
  const full = button(WORDS.viewport.full, "100%", "0", () => set(zoom === 1 ? null : 1));
  const into = button(WORDS.viewport.into, "+", "+", () => set(zoomed(present(), NOTCH)));
  whole.setAttribute("aria-pressed", "false");
  full.classList.add("gad-zoom-full");

  /**
   * Sets the size and keeps a point of the picture where it is on the screen; the middle of the stage if none is given.
   * @param {number | null} wanted @param {boolean} [fitted] @param {{x: number, y: number}} [point]
   */
  function set(wanted, fitted = false, point) {
    const frame = stage.getBoundingClientRect();
    const { x, y } = point ?? { x: frame.left + frame.width / 2, y: frame.top + frame.height / 2 };
    const before = svg().getBoundingClientRect();
    zoom = wanted;
    fit = fitted;
    apply();
    const after = svg().getBoundingClientRect();
    const [right, down] = [(x - before.left) / before.width, (y - before.top) / before.height];
    stage.scrollLeft += after.left + right * after.width - x;
    stage.scrollTop += after.top + down * after.height - y;
    if (!point) follow();
  }

  function apply() {
    layout = null;
    stage.classList.toggle("gad-stage-zoomed", zoom !== null);
    stage.classList.toggle("gad-stage-fit", fit);
    stage.classList.toggle("gad-stage-large", host.picture.nearby.large);
    setStyle(stage, "--gad-zoom-width", zoom === null ? "" : `${(zoom * natural()).toFixed(2)}px`);
    const { width, height } = svg().viewBox.baseVal;
    setStyle(stage, "--gad-ratio", height ? (width / height).toFixed(4) : "1");
    whole.setAttribute("aria-pressed", String(fit));
    told();
  }

  /** How large it is now. */
  function told() {
    if (!host.picture) return;
    const size = present();
    stage.classList.toggle("gad-stage-tiny", size > 0 && size < TINY);
    const percent = `${Math.round(100 * size)}%`;
    if (full.textContent !== percent && size > 0) full.textContent = percent;
    full.setAttribute("aria-label", WORDS.viewport.fullNow(percent));
    stage.classList.toggle("gad-pannable", stage.scrollWidth > stage.clientWidth + 1 || stage.scrollHeight > stage.clientHeight + 1);
  }

  /**
   * Where the picture stands on its stage, in px, and at what scale. Reading it makes the browser lay out everything
   * that a step has changed, so it is read again only when it may have changed.
   * @type {{scale: number, x: number, y: number, width: number, height: number} | null}
   */
  let layout = null;
  function laidOut() {
    if (!layout) {
      const [frame, picture] = [stage.getBoundingClientRect(), svg().getBoundingClientRect()];
      const { width, height } = svg().viewBox.baseVal;
      const scale = Math.min(picture.width / (width || 1), picture.height / (height || 1));
      layout = { scale, x: picture.left - frame.left, y: picture.top - frame.top, width: stage.clientWidth, height: stage.clientHeight };
    }
    return layout;
  }

  const paper = matchMedia("print");
  paper.addEventListener("change", uncover, { signal });

  /** Has the part of the picture laid out that can be seen: on the stage, and of it in the window. */
  function uncover() {
    const { nearby } = host.picture;
    if (!nearby.large) return;
    if (paper.matches) {
      nearby.all();
      return;
    }
    const laid = stage.clientWidth > 0; // else nobody knows yet: as if the picture filled the window
    const [frame, picture] = [stage.getBoundingClientRect(), svg().getBoundingClientRect()];
    const scale = laid ? laidOut().scale : 1;
    const [left, top] = laid ? [Math.max(frame.left, 0), Math.max(frame.top, 0)] : [0, 0];
    const right = laid ? Math.min(frame.right, window.innerWidth) : window.innerWidth;
    const bottom = laid ? Math.min(frame.bottom, window.innerHeight) : window.innerHeight;
    if (right <= left || bottom <= top || !scale) return; // out of sight
    const [x, y] = [picture.left, picture.top];
    nearby.show({ left: (left - x) / scale, top: (top - y) / scale, right: (right - x) / scale, bottom: (bottom - y) / scale });
  }

  let seen = false;
  const watched = new ResizeObserver(() => {
    layout = null;
    told();
    uncover();
    if (!seen && stage.clientWidth > 0) follow(true); // only now it has a size
    seen ||= stage.clientWidth > 0;
  });
  watched.observe(stage);
  signal.addEventListener("abort", () => watched.disconnect());
  stage.addEventListener("scroll", () => {
    layout = null;
    uncover();
  }, { signal, passive: true });
  document.addEventListener("scroll", (event) => event.target !== stage && uncover(), { signal, passive: true, capture: true });

  /**
   * Brings what happens into view, with the edge that it comes by where both have room.
   * @param {boolean} [arrived] at this step just now: before the first one, what will happen next is meant
   */
  function follow(arrived = false) {
    const { state, picture, payload } = host;
    const node = picture.nodes.get(state.activeNode ?? (arrived && state.step === 0 ? payload.steps[0]?.node : null) ?? -1);
    const box = node && picture.nearby.boxOf(node);
    if (!box || !stage.classList.contains("gad-pannable")) return;
    const along = state.activeEdge === null ? undefined : picture.edges.get(state.activeEdge);
    const edge = along && picture.nearby.boxOf(along);
    const boxes = edge ? [box, edge] : [box];
    const { scale, x, y, width, height } = laidOut();
    /** @param {"left" | "top"} start @param {"right" | "bottom"} end @param {number} origin @param {number} size */
    function by(start, end, origin, size) {
      const room = /** @type {[number, number]} */ ([MARGIN, size - MARGIN]);
      const [near, far] = boxes.map((one) => [origin + scale * one[start], origin + scale * one[end]]);
      const both = far ? [Math.min(near[0], far[0]), Math.max(near[1], far[1])] : near;
      const span = both[1] - both[0] <= room[1] - room[0] ? both : near;
      return scrolledBy(/** @type {[number, number]} */ (span), room);
    }
    const [right, down] = [by("left", "right", x, width), by("top", "bottom", y, height)];
    if (right === 0 && down === 0) return;
    stage.scrollBy({ left: right, top: down, behavior: "instant" });
    layout = null;
    uncover();
  }

  // --- wheel: with ctrl or cmd (a pinch on a trackpad is that too) it zooms; else up and down belong to the page
  stage.addEventListener(
    "wheel",
    (event) => {
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        set(zoomed(present(), Math.exp(-event.deltaY * lines * 0.005)), false, { x: event.clientX, y: event.clientY });
      } else if (!event.shiftKey && Math.abs(event.deltaY) > Math.abs(event.deltaX) && stage.scrollHeight > stage.clientHeight + 1) {
        event.preventDefault();
        scroller(stage).scrollBy({ top: event.deltaY * lines, behavior: "instant" });
      }
    },
    { signal, passive: false },
  );

  // --- dragging the background with a mouse; a finger scrolls by itself
  /** @type {{x: number, y: number} | null} */
  let drag = null;
  let moved = false;
  /** @param {EventTarget | null} target */
  const background = (target) => target instanceof Element && !target.closest("g.gad-node, g.gad-edge");
  stage.addEventListener("pointerdown", (event) => {
    const inside = event.target !== stage; // not the scrollbar
    if (event.pointerType === "touch" || event.button !== 0 || !inside || !background(event.target)) return;
    drag = { x: event.clientX, y: event.clientY };
    moved = false;
  }, { signal });
  stage.addEventListener("pointermove", (event) => {
    if (!drag || !stage.classList.contains("gad-pannable")) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!moved && Math.hypot(dx, dy) < DRAG) return;
    if (!moved) stage.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, y: event.clientY };
    moved = true;
    stage.classList.add("gad-panning");
    stage.scrollLeft -= dx;
    stage.scrollTop -= dy;
  }, { signal });
  for (const name of ["pointerup", "pointercancel"]) {
    stage.addEventListener(name, () => {
      stage.classList.remove("gad-panning");
      drag = null;
    }, { signal });
  }
  stage.addEventListener("click", (event) => {
    if (moved) event.stopPropagation(); // the end of a drag selects nothing
    moved = false;
  }, { signal, capture: true });

  // --- two fingers
  /** @type {{apart: number, size: number} | null} */
  let pinch = null;
  /** @param {TouchEvent} event */
  function fingers(event) {
    const [one, two] = event.touches;
    return {
      apart: Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY),
      point: { x: (one.clientX + two.clientX) / 2, y: (one.clientY + two.clientY) / 2 },
    };
  }
  stage.addEventListener("touchstart", (event) => {
    pinch = event.touches.length === 2 ? { apart: fingers(event).apart || 1, size: present() } : null;
  }, { signal, passive: true });
  stage.addEventListener("touchmove", (event) => {
    if (!pinch || event.touches.length !== 2) return;
    event.preventDefault();
    const { apart, point } = fingers(event);
    set(Math.min(Math.max((pinch.size * apart) / pinch.apart, SMALLEST), LARGEST), false, point);
  }, { signal, passive: false });
  stage.addEventListener("touchend", () => (pinch = null), { signal });

  // --- a node asks for its own step
  stage.addEventListener("dblclick", (event) => {
    const group = event.target instanceof Element ? event.target.closest("g.gad-node") : null;
    if (group) host.go(stepOf(host.payload, Number(group.getAttribute("data-id")), host.state));
  }, { signal });

  // --- keys
  /** @type {Record<string, () => void>} */
  const acts = { "+": () => into.click(), "=": () => into.click(), "-": () => out.click(), 0: () => full.click(), f: () => whole.click() };
  host.keysTaken.push("+", "-", "0", "f");
  host.keys.push((event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(acts, event.key)) return false;
    acts[event.key]();
    return true;
  });

  host.refit = () => {
    const [size, whole] = [zoom, fit];
    set(null);
    return () => set(size, whole);
  };
  const made = element("span", { class: "gad-zooms", role: "group", "aria-label": WORDS.viewport.group }, [out, whole, full, into]);
  root.classList.add("gad-has-viewport");
  return {
    element: made,
    update(change) {
      if (change === "payload") {
        apply();
        uncover();
      }
      if (change !== "selection") follow(change === "step");
    },
  };
}
