// A student's answer: reads a decimal or a fraction and judges it, as graphviz_ad/story/answers.py does.

import { WORDS } from "./words.js";

/**
 * @typedef {object} Judgement
 * @property {"right" | "wrong" | "sign" | "unread"} kind
 * @property {number} value What was read; NaN where nothing could be.
 * @property {string} why Why it could not be read; "" where it could.
 */

const LONGEST_ANSWER = 200;
const TYPED_TOLERANCE = 1e-3; // a decimal: three digits are enough
const COMPUTED_TOLERANCE = 1e-9; // a fraction: nobody rounded it
const ROUNDED_ZERO = 1e-12; // what rounding leaves of a zero, on either side
const DECIMAL_TEXT = "[+-]?\\s*(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?";
const NUMBER_TEXT = new RegExp(`^${DECIMAL_TEXT}$`);
const FRACTION_TEXT = new RegExp(`^(${DECIMAL_TEXT})\\s*/\\s*(${DECIMAL_TEXT})$`);
const SPECIAL_NUMBER = /^([+-]?)\s*(inf|infinity|∞|nan)$/i;
const DECIMAL_COMMA = /^([+-]?[0-9]+),([0-9]+)$/;

/** A number as Python's `repr` and our JSON write it. @param {unknown} text @returns {number} */
export function numberOf(text) {
  const special = SPECIAL_NUMBER.exec(String(text));
  if (special === null) return Number(text);
  return special[2].toLowerCase() === "nan" ? NaN : special[1] === "-" ? -Infinity : Infinity;
}

/** Like `np.isclose`, with nan equal to nan. @param {number} value @param {number} right @param {number} [rtol] */
export function isClose(value, right, rtol = TYPED_TOLERANCE) {
  if (Number.isNaN(right) || Number.isNaN(value)) return Number.isNaN(right) && Number.isNaN(value);
  if (!Number.isFinite(right) || !Number.isFinite(value)) return value === right;
  return Math.abs(value - right) <= ROUNDED_ZERO + rtol * Math.abs(right);
}

/** @param {string} text @param {number} right @returns {Judgement} */
export function judged(text, right) {
  const plain = text.replace(/[−–]/g, "-").trim();
  /** @param {string} why @returns {Judgement} */
  const unread = (why) => ({ kind: "unread", value: NaN, why });
  if (plain === "") return unread(WORDS.answers.empty);
  if (text.length > LONGEST_ANSWER) return unread(WORDS.answers.long);
  const comma = DECIMAL_COMMA.exec(plain);
  if (comma) return unread(WORDS.answers.comma(`${comma[1]}.${comma[2]}`));
  const fraction = FRACTION_TEXT.exec(plain);
  let value = NaN;
  if (fraction) {
    const [above, below] = [fraction[1], fraction[2]].map((part) => Number(part.replace(/\s/g, "")));
    if (below === 0) return unread(WORDS.answers.zero);
    value = above / below;
  } else if (NUMBER_TEXT.test(plain)) {
    value = Number(plain.replace(/\s/g, ""));
  } else if (SPECIAL_NUMBER.test(plain)) {
    value = numberOf(plain);
  } else {
    return unread(WORDS.answers.unread);
  }
  const rtol = fraction ? COMPUTED_TOLERANCE : TYPED_TOLERANCE;
  const kind = isClose(value, right, rtol) ? "right" : isClose(-value, right, rtol) ? "sign" : "wrong";
  return { kind, value, why: "" };
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
