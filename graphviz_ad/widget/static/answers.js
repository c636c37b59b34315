// A student's answer: reads a decimal or a fraction and judges it, as graphviz_ad/story/answers.py does.

import { WORDS } from "./words.js";

/**
 * @typedef {object} Judgement
 * @property {"right" | "wrong" | "sign" | "close" | "unread"} kind "close": a fraction that would do as a decimal.
 * @property {number} value What was read; NaN where nothing could be.
 * @property {string} why Why it could not be read, or how to write it; "" where it counts.
 *
 * @typedef {object} Rounding What rounding has done to the right number.
 * @property {string} [dtype]
 * @property {number} [noise] What it may have made of a 0, such as the last digit of the numbers that were summed.
 */

const LONGEST_ANSWER = 200;
const TYPED_TOLERANCE = 1e-3; // a decimal: four digits are enough
const COMPUTED_TOLERANCE = 1e-9; // a fraction: nobody rounded it
const ROUNDED_ZERO = 1e-12; // how far an answer may be off where the right number is 0
const DTYPE_EPS = new Map([["float16", 2 ** -10], ["float32", 2 ** -23]]); // the last digit of 1; else that of float64
const ROUNDINGS = 4; // the right number may be off by so many of its last digits
const DECIMAL_TEXT = "[+-]?\\s*(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?";
const NUMBER_TEXT = new RegExp(`^${DECIMAL_TEXT}$`);
const FRACTION_TEXT = new RegExp(`^(${DECIMAL_TEXT})\\s*/\\s*(${DECIMAL_TEXT})$`);
const SPECIAL_NUMBER = /^([+-]?)\s*(inf|infinity|∞|nan)$/i;
const THOUSANDS = /^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?$/;
const DECIMAL_COMMA = /^([+-]?[0-9]+),([0-9]+)$/;

/** A number as Python's `repr` and our JSON write it. @param {unknown} text @returns {number} */
export function numberOf(text) {
  const special = SPECIAL_NUMBER.exec(String(text));
  if (special === null) return Number(text);
  return special[2].toLowerCase() === "nan" ? NaN : special[1] === "-" ? -Infinity : Infinity;
}

/** @param {string | undefined} dtype */
function lastDigit(dtype) {
  return DTYPE_EPS.get(dtype ?? "") ?? Number.EPSILON;
}

/** What rounding may leave of terms that cancel. @param {number[]} terms @param {string | undefined} dtype */
export function noiseOf(terms, dtype) {
  const sizes = terms.map(Math.abs).filter(Number.isFinite);
  return ROUNDINGS * lastDigit(dtype) * sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Whether a number is near enough; nan is near nan, and a right number that may be nothing but noise is 0, too.
 * @param {number} value @param {number} right @param {number} [rtol] @param {Rounding} [rounding]
 */
export function isClose(value, right, rtol = TYPED_TOLERANCE, { dtype, noise = 0 } = {}) {
  if (Number.isNaN(right) || Number.isNaN(value)) return Number.isNaN(right) && Number.isNaN(value);
  if (!Number.isFinite(right) || !Number.isFinite(value)) return value === right;
  const size = Math.abs(right);
  const slack = size === 0 ? Math.max(ROUNDED_ZERO, noise) : size <= noise ? noise : 0;
  return Math.abs(value - right) <= (rtol + ROUNDINGS * lastDigit(dtype)) * size + slack;
}

/**
 * Reads a decimal or a fraction, and says what keeps it from being read.
 * @param {string} text @returns {{value: number, computed: boolean, why: string}} NaN with a `why` where it cannot be read
 */
export function readNumber(text) {
  const plain = text.replace(/[−–]/g, "-").trim();
  const unread = (/** @type {string} */ why) => ({ value: NaN, computed: false, why });
  if (plain === "") return unread(WORDS.answers.empty);
  if (text.length > LONGEST_ANSWER) return unread(WORDS.answers.long);
  if (THOUSANDS.test(plain)) return unread(WORDS.answers.thousands(plain.replaceAll(",", "")));
  const comma = DECIMAL_COMMA.exec(plain);
  if (comma) return unread(WORDS.answers.comma(`${comma[1]}.${comma[2]}`));
  const fraction = FRACTION_TEXT.exec(plain);
  if (fraction) {
    const [above, below] = [fraction[1], fraction[2]].map((part) => Number(part.replace(/\s/g, "")));
    return below === 0 ? unread(WORDS.answers.zero) : { value: above / below, computed: true, why: "" };
  }
  if (NUMBER_TEXT.test(plain)) return { value: Number(plain.replace(/\s/g, "")), computed: false, why: "" };
  if (SPECIAL_NUMBER.test(plain)) return { value: numberOf(plain), computed: false, why: "" };
  return unread(WORDS.answers.unread);
}

/** How far an answer may be off: nobody rounded a fraction. @param {boolean} computed */
export function toleranceOf(computed) {
  return computed ? COMPUTED_TOLERANCE : TYPED_TOLERANCE;
}

/** @param {string} text @param {number} right @param {Rounding} [rounding] @returns {Judgement} */
export function judged(text, right, rounding = {}) {
  const { value, computed, why } = readNumber(text);
  if (why !== "") return { kind: "unread", value: NaN, why };
  const rtol = toleranceOf(computed);
  if (isClose(value, right, rtol, rounding)) return { kind: "right", value, why: "" };
  if (isClose(-value, right, rtol, rounding)) return { kind: "sign", value, why: "" };
  if (isClose(value, right, TYPED_TOLERANCE, rounding)) return { kind: "close", value, why: WORDS.answers.close };
  return { kind: "wrong", value, why: "" };
}

/**
 * A shape as people write it: "(2, 3)", "2,3", "2 x 3", "2×3", "()"; null where it is none.
 * @param {string} text @returns {number[] | null}
 */
export function shapeOf(text) {
  const plain = text.trim().replace(/^[([]|[)\]]$/g, "").trim();
  if (plain === "") return text.trim() === "" ? null : [];
  const parts = plain.replace(/,$/, "").split(/\s*[,x×*]\s*|\s+/i);
  return parts.every((part) => /^[0-9]{1,9}$/.test(part)) ? parts.map(Number) : null;
}
