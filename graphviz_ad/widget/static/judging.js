// Judges answers where there is no Python, from what Python has baked into the page, as exercises/questions.py does.

import { isClose, numberOf, readNumber, toleranceOf } from "./answers.js";
import { EXERCISE } from "./exercisewords.js";

/**
 * @typedef {object} Option
 * @property {string} key
 * @property {string} text
 * @property {string} [code]
 * @property {string[]} [hints]
 *
 * @typedef {object} Asked A question as Python sends it; with `right` and what follows only where it is baked.
 * @property {string} key
 * @property {"number" | "choice" | "several" | "order" | "checked" | "text"} kind
 * @property {string} prompt
 * @property {boolean} graded
 * @property {number[]} [shape]
 * @property {Option[]} [options]
 * @property {Option[]} [items]
 * @property {string} [expects]
 * @property {boolean} [written] Whether what Python alone judges is a text, which can be typed.
 * @property {any} [right]
 * @property {string} [text]
 * @property {string} [dtype]
 * @property {any[]} [wrong]
 * @property {string[]} [hints]
 * @property {Record<string, Option>} [missing]
 * @property {any[]} [before]
 * @property {string[]} [distractors]
 * @property {Record<string, {consumers: string[], texts: string[]}>} [early] What a node would send that comes too
 *   early: a text for every set of consumers that have reported, one bit for each.
 * @property {string} [model]
 *
 * @typedef {object} Verdict
 * @property {boolean} ok
 * @property {"right" | "wrong" | "unread"} kind
 * @property {string} text
 * @property {string[]} codes
 * @property {string[]} hints All of them; how many are shown depends on the attempts.
 *
 * @typedef {{shape: number[], values: number[], computed: boolean[]}} Numbers
 */

const DEEPEST = 30; // brackets in each other
const SAME = 1e-12; // as `alike` of exercises/fingerprints.py

/** @param {string} text @param {string[]} [codes] @param {string[]} [hints] @returns {Verdict} */
const isWrong = (text, codes = [], hints = []) => ({ ok: false, kind: "wrong", text, codes, hints });
/** @param {string} text @returns {Verdict} */
const isUnread = (text) => ({ ok: false, kind: "unread", text, codes: [], hints: [] });
/** @param {string} text @returns {Verdict} */
const isRight = (text) => ({ ok: true, kind: "right", text, codes: [], hints: [] });

/** @param {unknown} answer */
export function isBlank(answer) {
  return answer === null || answer === undefined || (typeof answer === "string" && answer.trim() === "");
}

/** A shape as Python writes it. @param {number[]} shape */
export function shapeText(shape) {
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

/** Baked numbers, nested lists of them, flat. @param {any} value @returns {number[]} */
function flat(value) {
  return Array.isArray(value) ? value.flatMap(flat) : [numberOf(value)];
}

/** @param {any} value @returns {number[]} */
function lengths(value) {
  return Array.isArray(value) ? [value.length, ...(value.length > 0 ? lengths(value[0]) : [])] : [];
}

/** One number, or a bracketed list of them. @param {string} text @param {number[]} shape @returns {Numbers | string} why not */
export function readNumbers(text, shape) {
  const plain = text.trim();
  if (!plain.startsWith("[")) {
    if (shape.length > 0 && plain.includes(",")) return EXERCISE.judged.brackets(shape.length > 1 ? EXERCISE.matrix : EXERCISE.vector);
    const { value, computed, why } = readNumber(text);
    return why ? why : { shape: [], values: [value], computed: [computed] };
  }
  let at = 0;
  /** @param {number} depth @returns {Numbers | string} */
  const list = (depth) => {
    if (depth > DEEPEST) return EXERCISE.judged.list;
    at += 1;
    /** @type {Numbers[]} */
    const rows = [];
    for (;;) {
      while (plain[at] === " ") at += 1;
      if (rows.length === 0 && plain[at] === "]") break;
      /** @type {Numbers | string} */
      let row;
      if (plain[at] === "[") row = list(depth + 1);
      else {
        const end = plain.slice(at).search(/[,\]]/);
        if (end < 0) return EXERCISE.judged.list;
        const { value, computed, why } = readNumber(plain.slice(at, at + end));
        row = why ? why : { shape: [], values: [value], computed: [computed] };
        at += end;
      }
      if (typeof row === "string") return row;
      rows.push(row);
      while (plain[at] === " ") at += 1;
      if (plain[at] !== ",") break;
      at += 1;
    }
    if (plain[at] !== "]") return EXERCISE.judged.list;
    at += 1;
    if (rows.some((row) => row.shape.join() !== rows[0].shape.join())) return EXERCISE.judged.rows;
    const inner = rows.length > 0 ? rows[0].shape : [];
    return { shape: [rows.length, ...inner], values: rows.flatMap((row) => row.values), computed: rows.flatMap((row) => row.computed) };
  };
  if (plain.length > 200) return readNumber(plain).why;
  const found = list(1);
  return typeof found !== "string" && at < plain.length ? EXERCISE.judged.list : found;
}

/** Whether a typed answer cannot tell two numbers apart. @param {number} a @param {number} b @param {number} rtol */
function alike(a, b, rtol) {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  return a === b || Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= rtol * Math.max(Math.abs(a), Math.abs(b)) + SAME;
}

/** A wrong answer with the mistakes that fit: one is named, of several it is asked which. @param {string} text @param {any[]} found @param {string[]} hints */
function told(text, found, hints) {
  const codes = [...new Set(found.map((one) => one.code))];
  const [first, second] = codes.map((code) => found.find((one) => one.code === code));
  if (codes.length === 0) return isWrong(text, [], hints);
  if (codes.length === 1) return isWrong(text, codes, first.hints);
  const both = `${first.hints[1]} ${second.hints[1]}`;
  return isWrong(text, codes, [EXERCISE.judged.which(first.title, second.title), both, first.hints[2]]);
}

/** @param {Asked} question @param {string} answer @returns {Verdict} */
function judgedNumber(question, answer) {
  const words = EXERCISE.judged;
  const shape = question.shape ?? [];
  const given = answer.trim();
  const read = readNumbers(answer, shape);
  if (typeof read === "string") {
    const expression = /[-+*/()]/.test(given.slice(1)) && !/,/.test(given);
    return isUnread(expression && !/\/\s*0/.test(given) ? words.python : read);
  }
  const right = flat(question.right);
  const rounding = { dtype: question.dtype };
  const every = (/** @type {(value: number, place: number) => boolean} */ test) => read.values.every(test);
  const rtol = read.computed.every(Boolean) ? toleranceOf(true) : toleranceOf(false);
  const fits = (/** @type {any} */ one) =>
    lengths(one.value).join() === read.shape.join() && flat(one.value).every((other, place) => alike(read.values[place], other, rtol));
  const found = () => (question.wrong ?? []).filter(fits);
  const hints = [...(question.hints ?? []), words.shown(question.text ?? "", given)];
  if (read.shape.join() !== shape.join()) {
    const [got, wanted] = [shapeText(read.shape), shapeText(shape)];
    const text = read.shape.length === 0 ? words.alone(given, wanted) : shape.length === 0 ? words.one(got) : words.shape(got, wanted);
    return told(text, found(), hints);
  }
  const exactly = (/** @type {number} */ place) => toleranceOf(read.computed[place]);
  if (every((value, place) => isClose(value, right[place], exactly(place), rounding))) return isRight(words.right(given));
  if (every((value, place) => isClose(-value, right[place], exactly(place), rounding))) {
    const said = told(words.sign(given), found(), hints);
    return said.codes.join() === "sign" ? { ...said, hints: said.hints.slice(1) } : said; // the text has named it already
  }
  if (every((value, place) => isClose(value, right[place], toleranceOf(false), rounding))) return isUnread(words.close(given));
  return told(words.wrong(given), found(), hints);
}

/** @param {Option} option */
const codesOf = (option) => (option.code ? [option.code] : []);

/** @param {Asked} question @param {string[]} answer @returns {Verdict} */
function judgedSeveral(question, answer) {
  const options = question.options ?? [];
  const given = new Set(answer);
  const right = new Set(question.right);
  const surplus = options.filter(({ key }) => given.has(key) && !right.has(key));
  const lacking = options.filter(({ key }) => right.has(key) && !given.has(key)).map((one) => question.missing?.[one.key] ?? one);
  const [first] = surplus.length > 0 ? surplus : lacking;
  if (!first) return isRight(EXERCISE.judged.all);
  const text = surplus.length > 0 ? EXERCISE.judged.surplus(first.text) : EXERCISE.judged.lacking(lacking.length);
  return isWrong(text, codesOf(first), first.hints);
}

/** @param {Asked} question @param {string[]} answer @returns {Verdict} */
function judgedPairs(question, answer) {
  const items = question.items ?? [];
  const nowhere = new Set(question.distractors);
  const stray = answer.find((key) => nowhere.has(key));
  const one = items.find(({ key }) => key === stray);
  if (one) return isWrong(EXERCISE.judged.nowhere(one.text), codesOf(one), one.hints);
  const place = (/** @type {string} */ key) => answer.indexOf(key);
  const broken = (question.before ?? []).filter(({ first, second }) => place(second) >= 0 && !answer.slice(0, place(second)).includes(first));
  if (broken.length > 0) {
    const said = broken.reduce((early, other) => (place(other.second) < place(early.second) ? other : early));
    return isWrong(said.text, codesOf(said), said.hints);
  }
  const left = items.map(({ key }) => key).filter((key) => !answer.includes(key) && !nowhere.has(key));
  if (left.length === 0) return isRight(EXERCISE.judged.order);
  return isWrong(EXERCISE.judged.left(left, nowhere.size > 0), [], question.hints);
}

/**
 * What a node would send that comes too early, where the numbers of a sweep are baked; undefined where they are not.
 * @param {Asked} question @param {string[]} answer
 */
function sentEarly(question, answer) {
  const last = answer[answer.length - 1];
  const sent = Object.hasOwn(question.early ?? {}, last) ? question.early?.[last] : undefined;
  if (!sent) return undefined;
  const there = sent.consumers.reduce((mask, one, place) => mask + (answer.includes(one) ? 2 ** place : 0), 0);
  return sent.texts[there] ?? null; // there is none for all of them
}

/** @param {Asked} question @param {string[]} answer @returns {Verdict} */
function judgedOrder(question, answer) {
  const verdict = judgedPairs(question, answer);
  if (verdict.ok || !question.early) return verdict;
  for (let place = 1; place <= answer.length; place += 1) {
    const text = sentEarly(question, answer.slice(0, place));
    const pair = question.before?.find(({ second }) => second === answer[place - 1]);
    if (text) return isWrong(text, codesOf(pair), pair.hints);
  }
  return verdict;
}

/** What happens if the last item of an order comes now; null for nothing. @param {Asked} question @param {string[]} answer */
export function consequenceOf(question, answer) {
  const last = answer[answer.length - 1];
  const stray = question.distractors?.includes(last) ? question.items?.find(({ key }) => key === last) : undefined;
  if (stray) return { text: EXERCISE.judged.nowhere(stray.text), hint: stray.hints?.[0] ?? "" };
  const early = question.before?.find(({ first, second }) => second === last && !answer.includes(first));
  const text = sentEarly(question, answer) ?? early?.text;
  return early ? { text, hint: early.hints?.[0] ?? "" } : null;
}

/** @param {Asked} question @param {any} answer @returns {Verdict} */
export function judgement(question, answer) {
  const words = EXERCISE.judged;
  if (isBlank(answer)) return isUnread(question.kind === "checked" ? words.checked : words.none);
  switch (question.kind) {
    case "number":
      return judgedNumber(question, String(answer));
    case "choice": {
      const option = question.options?.find(({ key }) => key === answer);
      if (!option) return isUnread(words.none);
      return option.key === question.right ? isRight(words.option(option.text)) : isWrong(words.notOption(option.text), codesOf(option), option.hints);
    }
    case "several":
      return judgedSeveral(question, answer);
    case "order":
      return judgedOrder(question, answer);
    case "text":
      return isRight(question.model ? words.compare(question.model) : words.kept);
    default:
      return isUnread(words.checked);
  }
}
