// Writes answers and states as Python that can be pasted into a cell.

import { EXERCISE } from "./exercisewords.js";

// What a text may not hold as it is: controls, and what turns or hides other letters.
const UNSEEN_LETTER = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const PLAIN_NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;

/** @param {string} text */
function quoted(text) {
  return JSON.stringify(text).replace(UNSEEN_LETTER, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Whether an answer is a function, which is given in a cell. @param {{kind: string, written?: boolean}} question */
export function inPython({ kind, written }) {
  return kind === "checked" && !written;
}

/** A JSON value as a Python literal. @param {unknown} value @returns {string} */
export function pythonOf(value) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([key, one]) => `${quoted(key)}: ${pythonOf(one)}`).join(", ")}}`;
  return String(value);
}

/** A typed number as Python writes it, where it is one; else the text, which the checker reads. @param {string} text */
function numberLiteral(text) {
  const plain = text.trim().replace(/[−–]/g, "-");
  if (PLAIN_NUMBER.test(plain)) return plain;
  if (plain.startsWith("[")) {
    const tokens = plain.match(/[[\],]|[^[\],\s]+/g) ?? [];
    try {
      if (tokens.every((token) => "[],".includes(token) || PLAIN_NUMBER.test(token))) return pythonOf(JSON.parse(tokens.join("")));
    } catch {
      // no list yet
    }
  }
  return quoted(plain);
}

/**
 * The dictionary of answers, an entry to a line.
 * @param {{key: string, kind: string, written?: boolean}[]} questions @param {Record<string, any>} answers @returns {string}
 */
export function answersText(questions, answers) {
  const lines = questions.map((question) => {
    const { key, kind } = question;
    const answer = answers[key] ?? null;
    const literal = kind === "number" && typeof answer === "string" ? numberLiteral(answer) : pythonOf(answer);
    return `    ${quoted(key)}: ${literal},${inPython(question) ? `  # ${EXERCISE.checked.comment}` : ""}`;
  });
  return `ans = {\n${lines.join("\n")}\n}`;
}
