// Playing: moves on by itself, at the speed that was chosen, and pauses at forks.

import { element, icon, ICONS } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host, Payload} from "./types.js" */

const MILLISECONDS_PER_STEP = 700;
export const SPEEDS = [0.25, 0.5, 1, 2, 4];

/**
 * Is this step one at which a fork still waits: some of its consumers have reported, not all?
 * @param {Payload} payload @param {number} step @returns {boolean}
 */
export function isFork(payload, step) {
  const event = payload.steps[step - 1];
  if (!event || event.kind === "value" || event.kind === "seed" || event.complete) return false;
  const node = payload.nodes.find((other) => other.id === event.node);
  return payload.mode === "reverse" && node !== undefined && node.consumers > 1;
}

/**
 * The timer behind `playing`, a trait: every view of one explorer keeps one, and each waits anew after a step,
 * whoever made it. So several views never play faster than one.
 * @param {Host} host @param {(step: number) => void} move
 */
export function makePlayer(host, move) {
  const { model, signal } = host;
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;
  let speed = 1;
  let pausing = true;

  const play = element("button", { type: "button", class: "gad-button gad-play" });
  play.addEventListener("click", () => toggle(), { signal });
  const rate = element(
    "select",
    { class: "gad-speed", "aria-label": WORDS.player.speed, title: WORDS.player.speed },
    SPEEDS.map((factor) => {
      const option = element("option", { value: String(factor) }, [WORDS.player.times(factor)]);
      option.selected = factor === speed;
      return option;
    }),
  );
  rate.addEventListener("change", () => {
    speed = Number(rate.value);
    wait();
  }, { signal });
  const box = element("input", { type: "checkbox", class: "gad-check" });
  box.checked = pausing;
  box.addEventListener("change", () => {
    pausing = box.checked;
  }, { signal });
  const waits = element("span", { class: "gad-waits" }, [WORDS.player.forks]);
  const forks = element("label", { class: "gad-option", title: WORDS.player.forksHint }, [box, " ", waits]);

  const playing = () => model.get("playing") === true;

  /** @param {boolean} wanted */
  function set(wanted) {
    if (playing() === wanted) return;
    model.set("playing", wanted);
    model.save_changes();
  }

  function wait() {
    if (timer !== null) clearTimeout(timer);
    timer = playing() ? setTimeout(tick, MILLISECONDS_PER_STEP / speed) : null;
  }

  function tick() {
    timer = null;
    const steps = host.payload.steps.length;
    const next = host.step + 1;
    if (next > steps && host.beyond.some((takes) => takes(next))) {
      wait(); // the story goes on in another payload
      return;
    }
    if (next > steps || host.gates.some((holds) => holds(host.step, next))) {
      set(false);
      return;
    }
    move(next);
    const over = host.step >= steps && host.beyond.length === 0;
    const paused = pausing && isFork(host.payload, host.step);
    if (over || paused) set(false);
    if (paused && !over) {
      waits.textContent = WORDS.player.paused;
      forks.classList.add("gad-paused");
      host.say(WORDS.player.pausedSaid);
    }
    wait();
  }

  function toggle() {
    if (playing()) {
      set(false);
      return;
    }
    if (host.payload.steps.length === 0) return;
    const steps = host.payload.steps.length;
    if (host.step >= steps && !host.beyond.some((takes) => takes(steps + 1))) move(0);
    set(true);
  }

  function show() {
    const label = playing() ? WORDS.player.pause : WORDS.player.play;
    if (play.getAttribute("aria-label") !== label) {
      play.setAttribute("aria-label", label);
      play.title = `${label} (${WORDS.player.space})`;
      play.replaceChildren(icon(playing() ? ICONS.pause : ICONS.play));
    }
    wait();
  }
  model.on("change:playing", show);
  signal.addEventListener("abort", () => {
    if (timer !== null) clearTimeout(timer);
    model.off("change:playing", show);
  });
  show();

  return {
    play,
    rate,
    forks,
    toggle,
    stop: () => set(false),
    /** A step was made, by whomever: the next one comes a full time later. */
    stepped() {
      if (forks.classList.contains("gad-paused")) {
        forks.classList.remove("gad-paused");
        waits.textContent = WORDS.player.forks;
      }
      wait();
    },
  };
}
