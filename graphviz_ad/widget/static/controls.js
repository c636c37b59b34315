// One control for each kind of question: it holds an answer, and knows nothing of what is right.

import { element } from "./dom.js";
import { EXERCISE } from "./exercisewords.js";
import { shapeText } from "./judging.js";
import { makeOrdering } from "./ordering.js";
import { pythonOf } from "./pythonic.js";

/** @import {Asked} from "./judging.js" */

/**
 * @typedef {object} Control
 * @property {HTMLElement} element
 * @property {() => any} get The answer as JSON; null for none.
 * @property {(answer: any) => void} set
 * @property {(key: string) => boolean} place
 *
 * @typedef {object} About
 * @property {string} prompt the id of the prompt
 * @property {string} feedback the id of the feedback
 * @property {string} note the id of the remark on how to write it
 * @property {string} field the id of what one writes into
 * @property {boolean} clicks
 * @property {() => void} changed
 * @property {(answer: string[]) => void} added
 * @property {(words: string) => void} say
 */

const nowhere = () => false;

/** @param {Asked} question @param {About} about @returns {Control} */
function numberControl(question, about) {
  const shape = question.shape ?? [];
  const example = shape.length > 1 ? EXERCISE.matrix : EXERCISE.vector;
  const field = element("input", {
    type: "text",
    class: `gad-answer gad-ex-number${shape.length > 0 ? " gad-ex-array" : ""}`,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: shape.length > 0 ? example : EXERCISE.number,
    id: about.field,
    "aria-describedby": `${about.note} ${about.feedback}`,
  });
  field.addEventListener("input", about.changed);
  const note = element("span", { class: "gad-ex-small", id: about.note }, shape.length > 0 ? [EXERCISE.shape(shapeText(shape), example)] : []);
  return {
    element: element("div", { class: "gad-ex-field" }, [field, note]),
    get: () => (field.value.trim() === "" ? null : field.value),
    set(answer) {
      field.value = answer === null || answer === undefined ? "" : typeof answer === "string" ? answer : JSON.stringify(answer);
    },
    place: nowhere,
  };
}

/** @param {Asked} question @param {About} about @returns {Control} */
function optionControl(question, about) {
  const single = question.kind === "choice";
  const options = question.options ?? [];
  let touched = false;
  const boxes = options.map(({ text }, place) => {
    const id = `${about.prompt}-${place}`;
    const box = element("input", { type: single ? "radio" : "checkbox", id, name: about.prompt });
    box.addEventListener("change", () => {
      touched = true;
      about.changed();
    });
    return { box, line: element("div", { class: "gad-ex-option" }, [box, element("label", { for: id }, [text])]) };
  });
  const role = single ? "radiogroup" : "group";
  const coded = options.some(({ text }) => /[=[\]{}]/.test(text));
  const attributes = { class: `gad-ex-options${coded ? " gad-ex-coded" : ""}`, role, "aria-labelledby": about.prompt, "aria-describedby": about.feedback };
  const chosen = () => options.filter((_, place) => boxes[place].box.checked).map(({ key }) => key);
  return {
    element: element("div", attributes, boxes.map(({ line }) => line)),
    get: () => (single ? (chosen()[0] ?? null) : touched ? chosen() : null), // no box at all may be what is meant
    set(answer) {
      const keys = new Set(single ? [answer] : Array.isArray(answer) ? answer.map(String) : []);
      touched = Array.isArray(answer);
      options.forEach(({ key }, place) => {
        boxes[place].box.checked = keys.has(key);
      });
    },
    place: nowhere,
  };
}

/** @param {About} about @returns {Control} */
function textControl(about) {
  const field = element("textarea", {
    class: "gad-answer gad-ex-text",
    rows: "3",
    maxlength: "5000",
    id: about.field,
    "aria-describedby": `${about.note} ${about.feedback}`,
  });
  field.addEventListener("input", about.changed);
  return {
    element: element("div", { class: "gad-ex-field" }, [field, element("span", { class: "gad-ex-small", id: about.note }, [EXERCISE.text])]),
    get: () => (field.value.trim() === "" ? null : field.value),
    set(answer) {
      field.value = typeof answer === "string" ? answer : "";
    },
    place: nowhere,
  };
}

/** A text that Python judges, in one line. @param {Asked} question @param {About} about @returns {Control} */
function writtenControl(question, about) {
  const field = element("input", {
    type: "text",
    class: "gad-answer gad-ex-number gad-ex-array",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: question.expects ?? "",
    id: about.field,
    "aria-describedby": about.feedback,
  });
  field.addEventListener("input", about.changed);
  return {
    element: element("div", { class: "gad-ex-field" }, [field]),
    get: () => (field.value.trim() === "" ? null : field.value),
    set(answer) {
      field.value = typeof answer === "string" ? answer : "";
    },
    place: nowhere,
  };
}

/** What only Python can judge. @param {Asked} question @returns {Control} */
function checkedControl(question) {
  return {
    element: element("p", { class: "gad-ex-python" }, [EXERCISE.checked.how(question.expects ?? "", pythonOf(question.key))]),
    get: () => null,
    set() {},
    place: nowhere,
  };
}

/** @param {Asked} question @param {About} about @returns {Control} */
export function makeControl(question, about) {
  switch (question.kind) {
    case "number":
      return numberControl(question, about);
    case "choice":
    case "several":
      return optionControl(question, about);
    case "order":
      return makeOrdering(question, about.prompt, about, about.clicks);
    case "text":
      return textControl(about);
    default:
      return question.written ? writtenControl(question, about) : checkedControl(question);
  }
}
