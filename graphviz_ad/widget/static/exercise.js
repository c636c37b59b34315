// The exercises' front end: asks for answers and shows what came of them, in a Jupyter widget and in a page.
//
// It judges nothing itself: an examiner does, which is the kernel or a stand-in for it. Names and texts are data, never
// markup; JavaScript computes nothing but comparisons of typed numbers.

import { isOfNodes, makeAsking, saidOf } from "./asking.js";
import { element, ownKeys, setStyle, wordsOf } from "./dom.js";
import { kernelExaminer, pageExaminer } from "./examiner.js";
import { EXERCISE } from "./exercisewords.js";
import { tellHeight } from "./framed.js";
import { unpacked } from "./inflate.js";
import { isBlank } from "./judging.js";
import { svgOf } from "./markup.js";
import { makePictured } from "./pictured.js";
import { answersText, inPython, pythonOf } from "./pythonic.js";

/** @import {Model} from "./types.js" */
/** @import {Asking, Teller} from "./asking.js" */
/** @import {Asked} from "./judging.js" */
/** @import {Examiner, Part} from "./examiner.js" */

/**
 * @typedef {object} Sheet What Python sends of an exercise.
 * @property {string} title
 * @property {string} goal
 * @property {string} prompt
 * @property {string[]} code
 * @property {[key: string, text: string][]} given
 * @property {string} svg
 * @property {string[]} words The picture in words.
 * @property {boolean} arrays Whether the words have more than the picture.
 * @property {boolean} page
 * @property {string} again How Python goes on from a state.
 * @property {Asked[]} questions
 */

const KEEP_AFTER = 600; // ms without typing
let exerciseViews = 0; // makes the ids of labels unique in a document

/** @param {Sheet} sheet @param {SVGSVGElement | null} svg @param {Examiner} examiner @returns {{root: HTMLElement, close: () => void}} */
function makeExercise(sheet, svg, examiner) {
  const id = `gad-exercise-${++exerciseViews}-${Math.random().toString(36).slice(2, 8)}`;
  const announcement = element("p", { class: "gad-announcement", role: "status", "aria-live": "polite" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let saying;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let keeping;

  /** The same words twice are said twice. @param {string} words */
  function say(words) {
    announcement.textContent = "";
    clearTimeout(saying);
    saying = setTimeout(() => {
      announcement.textContent = words;
    }, 50);
  }

  /** @param {Asking[]} asked @returns {Record<string, any>} */
  const answersOf = (asked) => Object.fromEntries(asked.map(({ question, control }) => [question.key, control.get()]));

  /** @type {Teller} */
  const teller = {
    say,
    check: (asking) => void judge([asking]),
    async hint(asking) {
      try {
        take(await examiner.hint(asking.question.key), [asking]);
      } catch (error) {
        asking.fail(wordsOf(error));
      }
    },
    changed(asking) {
      pictured.show(asking.question.key, null);
      write();
      clearTimeout(keeping);
      keeping = setTimeout(keep, KEEP_AFTER);
    },
    async added(asking, answer) {
      const found = await examiner.consequence(asking.question.key, answer).catch(() => null);
      if (!found || asking.kind() !== "open" || asking.control.get()?.join() !== answer.join()) return; // overtaken
      asking.follow(found);
      say(`${found.text} ${found.hint}`);
    },
  };
  const keys = new Set(sheet.questions.filter(isOfNodes).flatMap(({ items }) => (items ?? []).map(({ key }) => key)));
  const pictured = makePictured(svg, keys, (key) => {
    const orders = askings.filter(({ question }) => isOfNodes(question));
    orders.some(({ control }) => control.place(key));
  });
  const askings = sheet.questions.map((question, place) => makeAsking(question, `${id}-${place}`, pictured.clickable, teller));

  // --- what is judged
  const typed = askings.filter(({ question }) => !inPython(question));

  function keep() {
    clearTimeout(keeping);
    examiner.keep(answersOf(typed));
  }

  /** @param {Record<string, Part>} parts @param {Asking[]} asked */
  function take(parts, asked) {
    for (const asking of asked) {
      const part = parts[asking.question.key];
      if (!part) continue;
      asking.show(part);
      const answer = asking.control.get(); // null of what was answered in Python
      pictured.show(asking.question.key, part.kind === "right" && answer !== null ? String(answer) : null);
    }
    write();
    if (asked.length === 1 && parts[asked[0].question.key]) say(saidOf(parts[asked[0].question.key]));
  }

  /** @param {Asking[]} asked @returns {Promise<boolean>} */
  async function judge(asked) {
    keep(); // the state that comes back has what stands in the other fields
    root.setAttribute("aria-busy", "true");
    try {
      take(await examiner.check(answersOf(asked)), asked);
      return true;
    } catch (error) {
      for (const asking of asked) asking.fail(wordsOf(error));
      say(wordsOf(error));
      return false;
    } finally {
      root.removeAttribute("aria-busy");
    }
  }

  // --- all of it
  const graded = askings.filter(({ question }) => question.graded);
  const score = element("span", { class: "gad-score" });
  const all = element("button", { type: "button", class: "gad-command gad-ex-all" }, [EXERCISE.checkAll]);
  const rightOnes = () => graded.filter((asking) => asking.kind() === "right").length;
  all.addEventListener("click", async () => {
    if (!(await judge(typed))) return;
    const open = graded.find((asking) => asking.kind() === "wrong") ?? graded.find((asking) => asking.kind() !== "right");
    const first = open ? `${open.question.key}: ${open.element.querySelector(".gad-ex-feedback")?.textContent ?? ""}` : EXERCISE.done;
    say(EXERCISE.summary(rightOnes(), graded.length, first));
  });

  /** @param {string} label @param {string} press @param {string} note @returns {[HTMLElement, HTMLTextAreaElement]} */
  function copied(label, press, note) {
    const place = `${id}-copy-${press.length}`;
    const field = element("textarea", { class: "gad-answer gad-ex-copy", readonly: "", id: place, rows: "2", spellcheck: "false" });
    const button = element("button", { type: "button", class: "gad-command" }, [press]);
    const done = element("span", { class: "gad-ex-small" }, []);
    button.addEventListener("click", async () => {
      write();
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        done.textContent = EXERCISE.copied;
      } catch {
        done.textContent = document.execCommand("copy") ? EXERCISE.copied : EXERCISE.copyByHand;
      }
      say(done.textContent);
    });
    const line = element("div", { class: "gad-ex-row" }, [element("label", { for: place }, [label]), button, done]);
    return [element("div", { class: "gad-ex-copied" }, [line, field, ...(note ? [element("p", { class: "gad-ex-small" }, [note])] : [])]), field];
  }
  const [answersBox, answersField] = copied(EXERCISE.answers, EXERCISE.copyAnswers, "");
  const [stateBox, stateField] = copied(EXERCISE.state, EXERCISE.copyState, EXERCISE.stateNote(sheet.again));

  /** What can be copied, and the score, as they are now. */
  function write() {
    answersField.value = answersText(sheet.questions, answersOf(askings));
    answersField.rows = answersField.value.split("\n").length;
    const state = { ...examiner.state() };
    const present = Object.entries(answersOf(askings)).filter(([, answer]) => !isBlank(answer));
    const python = sheet.questions.filter(inPython).map(({ key }) => key);
    const kept = Object.entries(state.answers ?? {}).filter(([key]) => python.includes(key));
    state.answers = Object.fromEntries([...kept, ...present]);
    stateField.value = `state = ${pythonOf(state)}`;
    score.textContent = graded.length > 0 ? EXERCISE.score(rightOnes(), graded.length) : "";
  }

  /** Fields as the state has them; one in which somebody writes stays as it is. */
  function fill() {
    const { answers } = examiner.state();
    for (const { question, control, element: form } of askings) {
      if (!form.contains(document.activeElement)) control.set(answers[question.key] ?? null);
    }
    write();
  }
  examiner.onState(fill);
  examiner.onJudged((parts) => take(parts, askings.filter(({ question }) => Object.hasOwn(parts, question.key))));

  /** @param {string} name @param {(Node | string)[]} children */
  const paragraph = (name, children) => element("p", { class: name }, children);
  const code = element("ol", { class: "gad-ex-code", "aria-label": EXERCISE.code }, sheet.code.map((line) => element("li", {}, [element("code", {}, [line])])));
  const inWords = element("details", { class: "gad-ex-words" }, [
    element("summary", {}, [EXERCISE.words]),
    element("ul", {}, sheet.words.map((line) => element("li", {}, [line]))),
  ]);
  inWords.open = sheet.arrays;
  const given = element("p", { class: "gad-ex-given" }, [
    `${EXERCISE.given}: `,
    ...sheet.given.flatMap(([key, text], place) => [...(place ? ["; "] : []), element("code", {}, [`${key} = ${text}`])]),
  ]);
  const stage = element("div", { class: "gad-stage", role: "group", "aria-label": EXERCISE.stage }, svg ? [svg] : []);
  const numbers = sheet.questions.some(({ kind }) => kind === "number");
  const material = [
    ...(sheet.code.length > 0 ? [code] : []),
    ...(sheet.given.length > 0 ? [given] : []),
    ...(sheet.words.length > 0 ? [inWords] : []),
  ];
  const questions = element("div", { class: "gad-ex-questions", role: "group", "aria-label": EXERCISE.questions }, [
    ...(numbers ? [paragraph("gad-ex-small", [sheet.page ? EXERCISE.notes.page : EXERCISE.notes.kernel])] : []),
    ...askings.map((asking) => asking.element),
    element("div", { class: "gad-ex-row gad-ex-foot" }, [...(askings.length > 1 ? [all] : []), score]),
    answersBox,
    stateBox,
  ]);
  const root = element("div", { class: "gad-explorer gad-exercise", role: "region" }, [
    element(sheet.page ? "h1" : "h2", { class: "gad-ex-title" }, [sheet.title]),
    ...(sheet.goal ? [paragraph("gad-ex-goal", [`${EXERCISE.goal}: ${sheet.goal}`])] : []),
    ...(sheet.prompt && sheet.questions.every(({ prompt }) => prompt !== sheet.prompt) ? [paragraph("gad-ex-task", [sheet.prompt])] : []),
    ...(svg ? [stage] : []),
    element("div", { class: `gad-ex-body${material.length > 0 ? "" : " gad-ex-plain"}` }, [
      ...(material.length > 0 ? [element("div", { class: "gad-ex-material" }, material)] : []),
      questions,
    ]),
    announcement,
  ]);
  root.setAttribute("aria-label", EXERCISE.region(sheet.title));
  ownKeys(root);
  root.addEventListener("focusin", ({ target }) => {
    const at = askings.find(({ element: form }) => form.contains(/** @type {Node} */ (target)));
    pictured.mark(at ? at.question.key : null);
  });

  // What is wider than its place is scrolled, with the keyboard too.
  const watched = new ResizeObserver(() => {
    if (stage.scrollWidth > stage.clientWidth) stage.setAttribute("tabindex", "0");
    else stage.removeAttribute("tabindex");
  });
  watched.observe(stage);
  if (svg) setStyle(svg, "--gad-natural-width", `${svg.getAttribute("width") ?? "0"}px`);

  fill();
  const answered = askings.filter(({ control }) => control.get() !== null);
  if (answered.length > 0) void examiner.check(answersOf(answered), true).then((parts) => take(parts, answered), () => {});
  return {
    root,
    close() {
      clearTimeout(saying);
      clearTimeout(keeping);
      watched.disconnect();
      examiner.close();
      root.remove();
    },
  };
}

/** @param {{model: Model, el: HTMLElement}} context @returns {() => void} */
function render({ model, el }) {
  const sheet = model.get("payload");
  const { root, close } = makeExercise(sheet, svgOf(sheet.svg), kernelExaminer(model));
  el.replaceChildren(root);
  return close;
}

/** Starts the page: the picture stands in it, and the exercise beside it, packed. */
export function startPage() {
  const el = document.getElementById("gad-root");
  const packed = document.getElementById("gad-payload")?.textContent;
  if (!el || !packed) throw new Error(EXERCISE.empty);
  const { sheet, state, place } = unpacked(packed);
  const svg = /** @type {SVGSVGElement | null} */ (el.querySelector("svg.gad-picture"));
  el.replaceChildren(makeExercise(sheet, svg, pageExaminer(sheet.questions, state, place)).root);
  tellHeight();
}

export default { render };
