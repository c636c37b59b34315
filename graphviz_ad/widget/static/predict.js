// Predict before reveal: a step is held back until a person has said its number, or asked to be shown.

import { isClose, judged, noiseOf, numberOf, shapeOf } from "./answers.js";
import { element } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host, Payload, PayloadNode, Tool} from "./types.js" */

/**
 * @typedef {"value" | "seed" | "sent" | "sum" | "local" | "update"} About What is asked for.
 *
 * @typedef {object} Question
 * @property {About} about
 * @property {string} words
 * @property {string} right The number as Python writes it; JSON for arrays.
 * @property {string} rightText The same for people.
 * @property {import("./answers.js").Rounding} rounding What it has done to the number.
 * @property {number[] | null} shape The shape to be named, where the number is an array.
 * @property {[value: string | null, hint: string][]} fingerprints Numbers that easy mistakes give, and what to ask then.
 */

/** @param {string | null | undefined} text @returns {number[] | null} the shape of an array's JSON */
function shapeIn(text) {
  return text && text.startsWith("{") ? JSON.parse(text).shape : null;
}

/** A shape as Python writes it. @param {number[]} shape */
function shapeWords(shape) {
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

/**
 * What can be asked before a step is revealed, what is told best first; nothing for steps that reveal no number.
 * @param {Payload} payload @param {number} step how many steps are played @returns {Question[]}
 */
export function questionsAt(payload, step) {
  const event = payload.steps[step];
  if (!event) return [];
  const node = payload.nodes.find((other) => other.id === event.node);
  if (!node) return [];
  const { lead, hints } = WORDS.predict;
  /** @param {(string | null | undefined)[]} terms */
  const rounding = (terms) => ({ dtype: node.dtype, noise: noiseOf(terms.map(numberOf), node.dtype) });
  /**
   * @param {About} about @param {string} words @param {string | null | undefined} right @param {string | null | undefined} rightText
   * @param {(string | null | undefined)[]} terms numbers whose sum it is
   */
  const question = (about, words, right, rightText, terms = []) => {
    const shape = shapeIn(right);
    const asked = right !== null && right !== undefined && (shape !== null || right === "nan" || !Number.isNaN(numberOf(right)));
    const ending = (shape ? WORDS.predict.shape : WORDS.predict.number)[about];
    /** @type {Question[]} */
    const found = asked ? [{ about, words: `${words} ${ending}`, right, rightText: rightText ?? right, rounding: rounding(terms), shape, fingerprints: [] }] : [];
    return found; // none of True and False, and of a group with several values
  };
  /** @param {(a: number, b: number) => number} f @param {string | null} a @param {string | null} b */
  const made = (f, a, b) => (a === null || b === null || shapeIn(a) || shapeIn(b) ? null : String(f(numberOf(a), numberOf(b))));
  if (event.kind === "value") {
    const arriving = payload.edges.filter((edge) => edge.consumer === node.id);
    const inputs = [...new Set(arriving.map((edge) => payload.nodes.find((other) => other.id === edge.input)))];
    const from = inputs.map((input) => `${input?.name} = ${input?.value_text}`).join(", ");
    // How far the inputs' own last digits move it: of a sum these are its terms.
    const moves = arriving.map((edge) => made((a, b) => a * b, payload.nodes.find((other) => other.id === edge.input)?.value ?? null, edge.local));
    return question("value", lead.value(node.name, node.operation ?? "", inputs.length > 3 ? "" : from), node.value, node.value_text, moves);
  }
  if (event.kind === "seed") return question("seed", lead.seed(node.name), event.adjoint, event.adjoint_text);
  if (/** @type {string} */ (event.kind) === "update") {
    const { value, value_text } = /** @type {any} */ (event);
    return question("update", lead.update(node.name), value, value_text, [node.value]);
  }
  const edge = event.edge === null ? undefined : payload.edges[event.edge];
  // A contribution that the next step sums over broadcast axes has not been added yet.
  const isProduct = (/** @type {number} */ at) => payload.steps[at].kind === "contribution" && payload.steps[at + 1]?.kind === "sum";
  if (!edge || isProduct(step) || !["contribution", "sum", "tangent"].includes(event.kind)) return [];
  const forwards = payload.mode === "forward";
  const other = /** @type {PayloadNode} */ (
    payload.nodes.find((one) => one.id === (forwards ? edge.input : edge.consumer))
  );
  const earlier = payload.steps.slice(0, step).filter((one, at) => one.node === node.id && one.kind !== "value" && !isProduct(at));
  const before = earlier.length > 0 ? earlier[earlier.length - 1].adjoint : null;
  const arriving = (forwards ? lead.pushed : lead.sent)(node.name, other.name);
  const sent = question("sent", arriving, edge.contribution, edge.contribution_text);
  const terms = [...earlier.map((one) => one.adjoint), edge.contribution];
  const sum = before === null ? [] : question("sum", lead.sum(node.name, other.name), event.adjoint, event.adjoint_text, terms);
  const [end, start] = forwards ? [node.name, other.name] : [other.name, node.name];
  const plain = event.kind !== "sum" && !shapeIn(edge.local);
  const local = plain ? question("local", lead.local(start, end), edge.local, edge.local_text) : [];
  // The right number of another node is no mistake where the algorithm itself is wrong on purpose.
  if (!payload.wrong) {
    const upstream = forwards ? other.tangent : other.adjoint;
    /** @type {Question["fingerprints"]} */
    const values = [
      [node.value, hints.value(node.name)],
      [other.value, hints.value(other.name)],
    ];
    for (const one of sent) {
      one.fingerprints = [
        [edge.local, hints.local(start, end)],
        [upstream, forwards ? hints.moved(node.name, other.name) : hints.upstream(node.name, other.name)],
        [made((a, b) => a + b, upstream, edge.local), hints.added],
        [before === null ? null : event.adjoint, hints.total],
        ...values,
      ];
    }
    for (const one of sum) {
      one.fingerprints = [
        [edge.contribution, hints.overwritten(node.name)],
        [before, hints.kept(node.name)],
        [made((a, b) => a * b, before, edge.contribution), hints.multiplied],
        [edge.local, hints.local(start, end)],
        [upstream, forwards ? hints.moved(node.name, other.name) : hints.upstream(node.name, other.name)],
        ...values,
      ];
    }
    for (const one of local) one.fingerprints = [[edge.contribution, hints.contribution], ...values];
    const theirs = shapeIn(other.value);
    if (theirs) for (const one of sent) one.fingerprints = [[JSON.stringify(theirs), hints.consumer]];
  }
  return [...sum, ...sent, ...local];
}

/**
 * What an answer is worth: whether it is right, what was understood, and a question where an easy mistake fits.
 * @param {Question} question @param {string} text
 * @returns {{kind: "right" | "wrong" | "unread", given: string, right: string, hint: string}}
 */
export function assessed(question, text) {
  const given = text.trim();
  if (question.shape) {
    const shape = shapeOf(text);
    if (shape === null) return { kind: "unread", given, right: "", hint: WORDS.answers.shape };
    const right = shapeWords(question.shape);
    const ordered = (/** @type {number[]} */ lengths) => [...lengths].sort((a, b) => a - b).join();
    if (shape.join() === question.shape.join()) return { kind: "right", given: shapeWords(shape), right, hint: "" };
    const consumer = question.fingerprints.find(([theirs]) => theirs === JSON.stringify(shape));
    const reversed = ordered(shape) === ordered(question.shape) ? WORDS.predict.hints.reversed : "";
    return { kind: "wrong", given: shapeWords(shape), right, hint: consumer ? consumer[1] : reversed };
  }
  const number = numberOf(question.right);
  const { kind, value, why } = judged(text, number, question.rounding);
  if (kind === "unread" || kind === "close") return { kind: "unread", given, right: "", hint: why };
  if (kind === "right") return { kind, given, right: question.rightText, hint: "" };
  // Only what points to one mistake alone is worth a question.
  const fits = question.fingerprints.filter(
    ([other]) => other !== null && !shapeIn(other) && !isClose(numberOf(other), number) && isClose(value, numberOf(other)),
  );
  const found = new Set(fits.map(([, hint]) => hint));
  if (kind === "sign") found.add(WORDS.predict.hints.sign);
  return { kind: "wrong", given, right: question.rightText, hint: found.size === 1 ? [...found][0] : "" };
}

/**
 * The switch in the tools row, and the question under the picture.
 * @param {Host} host @returns {Tool}
 */
export function makePredict(host) {
  const { signal } = host;
  const toggle = element("button", { type: "button", class: "gad-command gad-ask", "aria-pressed": "false", title: WORDS.predict.askHint }, [
    WORDS.predict.ask,
  ]);
  const words = element("p", { class: "gad-question-words", id: `${host.id}-question` });
  const choice = element("select", { class: "gad-question-about", "aria-label": WORDS.predict.about });
  const field = element("input", {
    type: "text",
    class: "gad-answer",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": WORDS.predict.answer,
    "aria-describedby": `${host.id}-question ${host.id}-unread`,
  });
  const check = element("button", { type: "submit", class: "gad-command" }, [WORDS.predict.check]);
  const show = element("button", { type: "button", class: "gad-command" }, [WORDS.predict.show]);
  const unread = element("p", { class: "gad-error gad-unread", "aria-live": "assertive", id: `${host.id}-unread` });
  const form = element("form", { class: "gad-question-form" }, [choice, field, check, show]);
  const outcome = element("p", { class: "gad-outcome", "aria-live": "polite" });
  const hint = element("p", { class: "gad-hint" });
  const next = element("button", { type: "button", class: "gad-command gad-question-next" }, [WORDS.predict.next]);
  const after = element("div", { class: "gad-question-after" }, [outcome, hint, next]);
  const score = element("span", { class: "gad-score" });
  const card = element("section", { class: "gad-question", "aria-label": WORDS.predict.region }, [
    element("div", { class: "gad-question-head" }, [words, score]),
    form,
    unread,
    after,
  ]);
  card.hidden = true;

  let on = false;
  let letThrough = false; // the step that the answer reveals
  /** @type {Question[]} */
  let questions = [];
  let asked = 0; // the position among the questions
  let from = -1; // the step at which the question was asked; -1: none is open
  let told = -1; // the step that the outcome stands beside
  /** @type {About | null} */
  let preferred = null;
  let rightCount = 0;
  let answerCount = 0;

  host.gates.push((at, to) => {
    if (!on || letThrough || to !== at + 1) return false;
    const found = questionsAt(host.payload, at);
    if (found.length === 0) return false;
    open(at, found);
    return true;
  });

  /** @param {number} at @param {Question[]} found */
  function open(at, found) {
    questions = found;
    from = at;
    told = -1;
    const wanted = found.findIndex((question) => question.about === preferred);
    asked = Math.max(wanted, 0);
    choice.replaceChildren(
      ...found.map((question, position) => element("option", { value: String(position) }, [WORDS.predict.abouts[question.about]])),
    );
    choice.hidden = found.length < 2;
    field.value = "";
    pose();
    field.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  function pose() {
    const question = questions[asked];
    choice.value = String(asked);
    words.textContent = question.words;
    field.setAttribute("inputmode", question.shape ? "text" : "decimal");
    field.placeholder = question.shape ? "(2, 3)" : "0.75 or 3/4";
    unread.textContent = "";
    showCard();
  }

  function showCard() {
    const open = from >= 0;
    card.hidden = !open && told < 0;
    card.classList.toggle("gad-question-open", open);
    form.hidden = !open;
    after.hidden = open;
    score.textContent = answerCount > 0 ? WORDS.predict.score(rightCount, answerCount) : "";
  }

  function close() {
    from = told = -1;
    showCard();
  }

  /** Reveals the step, and says how the answer stands beside the number. @param {string} result @param {string} says @param {string} kind */
  function reveal(result, says, kind) {
    const at = from;
    unread.textContent = "";
    outcome.textContent = result;
    outcome.className = `gad-outcome gad-outcome-${kind}`;
    hint.textContent = says;
    hint.hidden = says === "";
    from = -1;
    told = at + 1;
    letThrough = true;
    try {
      host.go(at + 1);
    } finally {
      letThrough = false;
    }
    next.hidden = at + 1 >= host.payload.steps.length;
    showCard();
    (next.hidden ? host.root : next).focus({ preventScroll: true });
  }

  form.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      if (from < 0) return;
      const { kind, given, right, hint: says } = assessed(questions[asked], field.value);
      if (kind === "unread") {
        unread.textContent = says;
        field.focus();
        return;
      }
      answerCount += 1;
      rightCount += kind === "right" ? 1 : 0;
      reveal(WORDS.predict[kind](given, right), says, kind);
    },
    { signal },
  );
  show.addEventListener(
    "click",
    () => {
      const question = questions[asked];
      if (from >= 0) reveal(WORDS.predict.shown(question.shape ? shapeWords(question.shape) : question.rightText), "", "shown");
    },
    { signal },
  );
  choice.addEventListener(
    "change",
    () => {
      asked = Number(choice.value);
      preferred = questions[asked].about;
      pose();
      field.focus({ preventScroll: true });
    },
    { signal },
  );
  next.addEventListener("click", () => host.go(host.step + 1), { signal });
  card.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
      host.root.focus({ preventScroll: true });
    },
    { signal },
  );
  toggle.addEventListener(
    "click",
    () => {
      on = !on;
      toggle.setAttribute("aria-pressed", String(on));
      rightCount = answerCount = 0;
      close();
    },
    { signal },
  );

  return {
    element: toggle,
    update(change) {
      if (!card.isConnected) host.stage.after(card);
      if (change === "payload") close();
      // Somebody went elsewhere: the question is no longer about the next step.
      if (change === "step" && ((from >= 0 && host.step !== from) || (told >= 0 && host.step !== told))) close();
    },
  };
}
