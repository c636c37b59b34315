// The slider beside an input's text field: dragged, or moved by keys, it offers one number after another.

import { element } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Slider} from "./types.js" */

const SCRUB_STEPS = 100; // to each side of the first value
const SCRUB_PAGE = 10;

/**
 * The numbers around a first one that a slider offers: its own size twice to each side, in round steps.
 * @param {number} first @returns {{low: number, high: number, step: number}}
 */
export function scrubRange(first) {
  const size = Number.isFinite(first) && first !== 0 ? 2 * Math.abs(first) : 2;
  const power = 10 ** Math.floor(Math.log10(size));
  const reach = ([1, 2, 5].find((part) => part * power >= size * (1 - 1e-9)) ?? 10) * power;
  const middle = Number.isFinite(first) ? first : 0;
  return { low: roundOff(middle - reach), high: roundOff(middle + reach), step: roundOff(reach / SCRUB_STEPS) };
}

/** A number without what binary fractions add to it: 0.30000000000000004 is 0.3. @param {number} number */
export const roundOff = (number) => Number(number.toPrecision(12));

/** The position of the number in a list that is nearest. @param {number[]} numbers @param {number} wanted */
export function nearest(numbers, wanted) {
  let best = 0;
  numbers.forEach((number, position) => {
    if (Math.abs(number - wanted) < Math.abs(numbers[best] - wanted)) best = position;
  });
  return best;
}

/**
 * @param {{name: string, first: string, grid: Slider | null, describedBy: string, signal: AbortSignal}} about
 *   `grid`: the only values that can be had; else they lie around the first one
 * @param {(text: string) => void} move takes the number that the slider was moved to, exact
 * @returns {{element: HTMLInputElement, show: (text: string) => void}}
 */
export function makeScrub({ name, first, grid, describedBy, signal }, move) {
  const numbers = grid ? grid.values.map(Number) : [];
  const { low, high, step } = grid
    ? { low: Math.min(...numbers), high: Math.max(...numbers), step: 0 }
    : scrubRange(Number(first === "" ? "nan" : first));
  const range = element("input", {
    type: "range",
    class: "gad-scrub",
    "aria-label": name,
    "aria-describedby": describedBy,
    min: String(low),
    max: String(high),
    step: "any", // its own step would forbid the numbers that were typed
    title: WORDS.inputs.scrub,
  });

  let shown = NaN; // exactly: a browser shortens what a slider's value is set to

  /** @param {string} text */
  function show(text) {
    const number = Number(text);
    shown = number;
    if (!grid && Number.isFinite(number)) {
      // what was typed beyond the ends moves the end
      range.min = String(Math.min(low, number));
      range.max = String(Math.max(high, number));
    }
    range.value = String(number);
    range.setAttribute("aria-valuetext", (grid && grid.texts[numbers.indexOf(number)]) || text);
  }

  /** @param {number} wanted */
  function go(wanted) {
    const text = grid ? grid.values[nearest(numbers, wanted)] : String(roundOff(Math.min(Math.max(wanted, Number(range.min)), Number(range.max))));
    show(text);
    move(text);
  }

  /** @param {number} count of steps */
  function shift(count) {
    if (grid) {
      const order = [...numbers].sort((a, b) => a - b);
      go(order[Math.min(Math.max(nearest(order, shown) + count, 0), order.length - 1)]);
    } else {
      go((Number.isFinite(shown) ? shown : Number(range.value)) + count * step);
    }
  }

  range.addEventListener(
    "input",
    () => {
      const wanted = Number(range.value);
      // to a round number of steps from the first value, as the arrows do
      go(grid || !Number.isFinite(Number(first)) ? wanted : Number(first) + Math.round((wanted - Number(first)) / step) * step);
    },
    { signal },
  );
  range.addEventListener("dblclick", () => go(Number(first)), { signal });
  range.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      /** @type {Record<string, () => void>} */
      const keys = {
        ArrowRight: () => shift(1),
        ArrowUp: () => shift(1),
        ArrowLeft: () => shift(-1),
        ArrowDown: () => shift(-1),
        PageUp: () => shift(SCRUB_PAGE),
        PageDown: () => shift(-SCRUB_PAGE),
        Home: () => go(Number(range.min)),
        End: () => go(Number(range.max)),
      };
      if (!Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      event.stopPropagation(); // the arrows belong to the number here, not to the steps
      keys[event.key]();
    },
    { signal },
  );
  show(first);
  return { element: range, show };
}
