// Lecture mode: the explorer fills the window, for a room; and links to a step of a page.

import { element, icon } from "./dom.js";
import { linked, viewCommandOf } from "./keys.js";
import { WORDS } from "./words.js";

/** @import {Host, Tool} from "./types.js" */

const LECTURE_ICON = "M3 4h18v12h-7.2l3 4h-2.4l-2.4-3.2-2.4 3.2H7.2l3-4H3z M5 6v8h14V6z";
const LINK_ICON = "M10.6 13.4a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1.2 1.2 1.4 1.4 1.2-1.2a2 2 0 0 1 2.9 2.9l-3 3a2 2 0 0 1-2.9 0z" +
  " M13.4 10.6a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2-1.4-1.4-1.2 1.2a2 2 0 0 1-2.9-2.9l3-3a2 2 0 0 1 2.9 0z";

/** @param {Host} host @returns {Tool} */
export function makeLecture(host) {
  const { root, signal } = host;
  const words = WORDS.lecture;
  let on = false;
  let begun = false;
  /** @type {Element | null} what had the focus before */
  let before = null;
  /** @type {string | null} the panel that was open before */
  let opened = null;
  let refitted = () => {}; // brings back the size from before

  const button = element("button", { type: "button", class: "gad-button gad-lecture-button", "aria-pressed": "false" }, [icon(LECTURE_ICON)]);
  button.addEventListener("click", () => (on ? leave() : enter()), { signal });
  const number = element("span", { class: "gad-lecture-step", "aria-hidden": "true" });
  const made = element("span", { class: "gad-lecture-tool" }, [number, button]);

  function label() {
    const text = on ? words.leave : words.enter;
    button.setAttribute("aria-label", text);
    button.title = `${text} (L)`;
    button.setAttribute("aria-pressed", String(on));
  }

  /** Fills the screen where the browser lets us, else the window or the frame that we stand in. */
  async function enter() {
    if (on) return;
    on = true;
    before = document.activeElement;
    opened = root.querySelector('[role=tab][aria-selected="true"]')?.getAttribute("data-panel") ?? null;
    host.openTab(null); // it cannot be seen, so what it has marked in the picture would say nothing
    root.classList.add("gad-lecture");
    root.querySelector(".gad-words")?.setAttribute("data-hint", words.hint);
    label();
    count();
    root.focus({ preventScroll: true });
    host.say(words.entered);
    size();
    refitted = host.refit?.() ?? refitted;
    requestAnimationFrame(centre);
    // to ask where it is forbidden would be an error in the console
    const full = document.fullscreenEnabled && (await root.requestFullscreen({ navigationUI: "hide" }).then(() => true, () => false));
    if (!on) {
      if (full) void document.exitFullscreen(); // left again before it was there
    } else if (!full) {
      try {
        root.popover = "manual"; // above everything in the window, whatever stands around us
        root.showPopover();
        root.focus({ preventScroll: true });
      } catch {
        root.removeAttribute("popover");
      }
    }
  }

  /** The sizes that the stylesheet computes with. */
  function size() {
    const { width } = host.picture.svg.viewBox.baseVal;
    root.style.setProperty("--gad-natural", String(width));
  }

  /** Puts what the story is about into the middle, where the picture is larger than its stage. */
  function centre() {
    const node = host.state.activeNode === null ? undefined : host.picture.nodes.get(host.state.activeNode);
    if (!on || !node) return;
    const frame = host.stage.getBoundingClientRect();
    const box = node.getBoundingClientRect();
    host.stage.scrollBy({
      left: (box.left + box.right - frame.left - frame.right) / 2,
      top: (box.top + box.bottom - frame.top - frame.bottom) / 2,
      behavior: "instant",
    });
  }

  function leave() {
    if (!on) return;
    on = false;
    root.classList.remove("gad-lecture", "gad-numberless", "gad-blank");
    root.removeAttribute("popover");
    if (document.fullscreenElement === root) void document.exitFullscreen().catch(() => undefined);
    refitted();
    if (opened !== null) host.openTab(opened);
    label();
    const target = before instanceof HTMLElement && before.isConnected && root.contains(before) ? before : root;
    target.focus();
  }

  function count() {
    number.textContent = words.step(host.step, host.payload.steps.length);
  }

  document.addEventListener("fullscreenchange", () => {
    if (on && document.fullscreenElement === null && !root.hasAttribute("popover")) leave(); // Escape, which the browser takes
  }, { signal });
  signal.addEventListener("abort", () => {
    if (document.fullscreenElement === root) void document.exitFullscreen().catch(() => undefined);
  });

  host.keysTaken.push("l", "n", ".", "PageUp", "PageDown");
  host.keys.push((event) => {
    const command = viewCommandOf(event, on);
    if (command === null || command === "help") return false;
    if (command === "lecture") void enter();
    else if (command === "leave") leave();
    else if (command === "numbers") host.say(root.classList.toggle("gad-numberless") ? words.hidden : words.revealed);
    else if (command === "blank") root.classList.toggle("gad-blank");
    else if (root.classList.contains("gad-blank")) root.classList.remove("gad-blank");
    else host.go(host.step + (command === "forward" ? 1 : -1));
    return true;
  });

  // --- links: a page of its own, not a frame inside of another one nor a notebook
  /** @returns {boolean} */
  function isPage() {
    return !host.payload.live && document.getElementById("gad-root")?.contains(root) === true;
  }

  function follow() {
    const { step, lecture } = linked(location.hash);
    if (step !== null) host.go(step);
    if (lecture) void enter();
  }
  addEventListener("hashchange", () => {
    if (isPage()) follow();
  }, { signal });

  async function copy() {
    const hash = `#step=${host.step}${on ? "&lecture" : ""}`;
    try {
      await navigator.clipboard.writeText(location.href.replace(/#.*$/, "") + hash);
      host.say(words.copied);
      told(words.copied);
    } catch {
      location.hash = hash; // the address is the link then
      told(words.address);
    }
  }
  const link = element("button", { type: "button", class: "gad-button gad-link-button", "aria-label": words.link, title: words.link }, [icon(LINK_ICON)]);
  link.addEventListener("click", () => void copy(), { signal });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let telling;
  const answer = element("span", { class: "gad-link-answer", "aria-live": "polite" });
  /** @param {string} text */
  function told(text) {
    answer.textContent = text;
    clearTimeout(telling);
    telling = setTimeout(() => (answer.textContent = ""), 4000);
  }
  signal.addEventListener("abort", () => clearTimeout(telling));

  label();
  return {
    element: made,
    update(change) {
      if (change === "step") root.classList.remove("gad-blank");
      if (on) count();
      if (on && change === "payload") size();
      if (begun) return;
      begun = true;
      queueMicrotask(() => {
        if (!isPage()) return; // only now we stand in the document
        if (parent === window) made.append(link, answer);
        follow();
      });
    },
  };
}
