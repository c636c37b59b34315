// One question on the screen: its prompt, its control, and what came of the answer.

import { makeControl } from "./controls.js";
import { element } from "./dom.js";
import { EXERCISE } from "./exercisewords.js";
import { inPython } from "./pythonic.js";

/** @import {Asked} from "./judging.js" */
/** @import {Part} from "./examiner.js" */
/** @import {Control} from "./controls.js" */

/**
 * @typedef {object} Asking
 * @property {Asked} question
 * @property {Control} control
 * @property {HTMLElement} element
 * @property {() => string} kind "open", or what came of the answer
 * @property {(part: Part | null) => void} show
 * @property {(error: string) => void} fail
 * @property {(found: {text: string, hint: string} | null) => void} follow What an item's place leads to.
 *
 * @typedef {object} Teller
 * @property {(asking: Asking) => void} check
 * @property {(asking: Asking) => void} hint
 * @property {(asking: Asking) => void} changed
 * @property {(asking: Asking, answer: string[]) => void} added
 * @property {(words: string) => void} say
 */

/** What is said of an answer, as one text. @param {Part} part */
export function saidOf(part) {
  return [part.text, ...part.hints].join(" ");
}

/** Whether what is ordered are nodes of the picture; lines have letters for keys, and a node may be called like one. @param {Asked} question */
export function isOfNodes(question) {
  return question.kind === "order" && (question.items ?? []).some(({ key, text }) => key === text);
}

/** @param {Asked} question @param {string} id @param {Set<string>} clickable keys of the nodes that can be clicked @param {Teller} teller @returns {Asking} */
export function makeAsking(question, id, clickable, teller) {
  const about = {
    prompt: `${id}-prompt`,
    feedback: `${id}-feedback`,
    note: `${id}-note`,
    field: `${id}-field`,
    clicks: isOfNodes(question) && (question.items ?? []).some(({ key }) => clickable.has(key)),
    changed: () => {
      if (kind !== "open") show(null);
      teller.changed(asking);
    },
    added: (/** @type {string[]} */ answer) => {
      if (about.clicks) teller.added(asking, answer); // of what is built in any order nothing follows yet
    },
    say: teller.say,
  };
  const control = makeControl(question, about);
  const typed = question.kind === "number" || question.written;
  const written = typed || question.kind === "text"; // what one writes into is a field with a label
  const prompt = element(written ? "label" : "p", { class: "gad-ex-prompt", id: about.prompt, ...(written ? { for: about.field } : {}) }, [
    element("code", { class: "gad-ex-key" }, [question.key]),
    " ",
    element("span", {}, [question.prompt.startsWith(`${question.key} `) ? question.prompt.slice(question.key.length + 1) : question.prompt]),
  ]);
  const ungraded = question.kind === "text";
  const check = element("button", { type: "submit", class: "gad-command gad-ex-check", "aria-describedby": about.prompt }, [
    ungraded ? EXERCISE.keepIt : EXERCISE.check,
  ]);
  if (!ungraded) check.setAttribute("aria-label", EXERCISE.checkOf(question.key));
  const outcome = element("p", { class: "gad-ex-outcome" });
  const hints = element("ul", { class: "gad-ex-hints", "aria-label": EXERCISE.hints });
  const feedback = element("div", { class: "gad-ex-feedback", id: about.feedback }, [outcome, hints]);
  const more = element("button", { type: "button", class: "gad-command gad-ex-more", "aria-label": EXERCISE.hintOf(question.key) }, [EXERCISE.hint]);
  const row = element("div", { class: "gad-ex-row" }, inPython(question) ? [control.element] : [control.element, check]);
  const form = element("form", { class: `gad-ex-question${typed ? " gad-ex-typed" : ""}`, "data-kind": question.kind, "data-state": "open" }, [
    prompt,
    row,
    feedback,
    more,
  ]);
  form.setAttribute("data-key", question.key);
  form.noValidate = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    teller.check(asking);
  });
  form.addEventListener("keydown", (event) => {
    // A notebook may keep the key from submitting a form.
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    event.stopPropagation();
    teller.check(asking);
  });
  more.addEventListener("click", () => teller.hint(asking));
  let kind = "open";

  /** @param {string} next @param {string} text @param {string[]} lines */
  function write(next, text, lines) {
    kind = next;
    form.setAttribute("data-state", next);
    const sign = EXERCISE.signs[/** @type {keyof typeof EXERCISE.signs} */ (next)];
    outcome.replaceChildren(...(sign ? [element("span", { class: "gad-ex-sign", "aria-hidden": "true" }, [sign])] : []), text);
    hints.replaceChildren(...lines.map((line) => element("li", {}, [line])));
    hints.hidden = lines.length === 0;
    for (const field of form.querySelectorAll(".gad-answer")) field.setAttribute("aria-invalid", String(next === "wrong"));
  }

  /** @param {Part | null} part */
  function show(part) {
    if (part === null) write("open", "", []);
    else write(part.kind, part.text, part.hints);
    const focused = more === document.activeElement;
    more.hidden = !part?.more;
    if (focused && more.hidden) check.focus({ preventScroll: true });
  }

  /** @type {Asking} */
  const asking = {
    question,
    control,
    element: form,
    kind: () => kind,
    show,
    fail: (error) => write("unread", error, []),
    follow(found) {
      if (found) write("note", found.text, found.hint ? [found.hint] : []);
    },
  };
  show(null);
  return asking;
}
