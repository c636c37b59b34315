// Who judges an exercise: the kernel in a notebook, this script in a page; a view cannot tell which.

import { EXERCISE } from "./exercisewords.js";
import { consequenceOf, isBlank, judgement } from "./judging.js";

/** @import {Model} from "./types.js" */
/** @import {Asked, Verdict} from "./judging.js" */

/**
 * @typedef {object} Part What came of one answer, with the hints that are due.
 * @property {"right" | "wrong" | "unread"} kind
 * @property {string} text
 * @property {string[]} hints
 * @property {boolean} more Whether there is another hint.
 *
 * @typedef {Record<string, any> & {answers: Record<string, any>}} Progress The state of `Exercise.state`.
 *
 * @typedef {object} Examiner
 * @property {() => Progress} state
 * @property {(answers: Record<string, any>, again?: boolean) => Promise<Record<string, Part>>} check Judges these
 *   answers; `again` where they were judged before, and nobody has tried anything.
 * @property {(key: string) => Promise<Record<string, Part>>} hint One more hint on the answer that was given last.
 * @property {(key: string, answer: string[]) => Promise<{text: string, hint: string} | null>} consequence
 * @property {(answers: Record<string, any>) => void} keep
 * @property {(heard: () => void) => void} onState The state was changed elsewhere.
 * @property {(heard: (parts: Record<string, Part>) => void) => void} onJudged Answers were checked elsewhere, in a cell.
 * @property {() => void} close
 */

const LATEST = 20000; // ms: a function of the user's may have to run

/** @param {Model} model @returns {Examiner} */
export function kernelExaminer(model) {
  const name = Math.random().toString(36).slice(2); // several views of one model hear the same answers
  let asked = 0;
  /** @type {Map<string, {resolve: (data: any) => void, reject: (error: Error) => void, timer: ReturnType<typeof setTimeout>}>} */
  const waiting = new Map();
  /** @type {() => void} */
  let changed = () => {};
  /** @type {(parts: Record<string, Part>) => void} */
  let judged = () => {};

  /** @param {any} message */
  function hear(message) {
    if (message?.kind === "judged") judged(message.data);
    const open = message?.kind === "answer" ? waiting.get(message.nonce) : undefined;
    if (!open) return;
    waiting.delete(message.nonce);
    clearTimeout(open.timer);
    if (message.error) open.reject(new Error(String(message.error)));
    else open.resolve(message.data);
  }

  /** @param {Record<string, unknown>} content @returns {Promise<any>} */
  function ask(content) {
    const nonce = `${name}-${++asked}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(nonce);
        reject(new Error(EXERCISE.kernel.late));
      }, LATEST);
      waiting.set(nonce, { resolve, reject, timer });
      try {
        model.send({ ...content, nonce });
      } catch {
        // A closed connection says so by throwing; silence says the same.
      }
    });
  }
  const onState = () => changed();
  model.on("msg:custom", hear);
  model.on("change:state", onState);
  return {
    state: () => model.get("state"),
    check: (answers, again = false) => ask({ kind: "check", answers, again }),
    hint: (key) => ask({ kind: "hint", key }),
    consequence: (key, answer) => ask({ kind: "consequence", key, answer }),
    keep: (answers) => void ask({ kind: "keep", answers }).catch(() => {}),
    onState(heard) {
      changed = heard;
    },
    onJudged(heard) {
      judged = heard;
    },
    close() {
      for (const { reject, timer } of waiting.values()) {
        clearTimeout(timer);
        reject(new Error(EXERCISE.kernel.closed));
      }
      waiting.clear();
      model.off("msg:custom", hear);
      model.off("change:state", onState);
    },
  };
}

/** What a page remembers; a browser may forbid that. @param {string} place @returns {any} */
function remembered(place) {
  try {
    return JSON.parse(localStorage.getItem(place) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} place @param {unknown} state */
function remember(place, state) {
  try {
    localStorage.setItem(place, JSON.stringify(state));
  } catch {
    // then it can still be copied
  }
}

/** @param {any} found @param {string[]} keys @returns {Record<string, any>} */
function ofThese(found, keys) {
  const known = typeof found === "object" && found !== null ? found : {};
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(known, key)).map((key) => [key, known[key]]));
}

/**
 * @param {Asked[]} questions with their answers
 * @param {Progress} begun the state as the page was written
 * @param {string} place where the browser remembers it
 * @returns {Examiner}
 */
export function pageExaminer(questions, begun, place) {
  const keys = questions.map(({ key }) => key);
  const found = remembered(place) ?? begun;
  const state = { ...begun };
  for (const part of ["answers", "tried", "attempts", "hints"]) state[part] = ofThese(found[part], keys);

  /** @param {string} key */
  const question = (key) => /** @type {Asked} */ (questions.find((one) => one.key === key));

  /** @param {string} key @param {Verdict} verdict @returns {Part} */
  function part(key, verdict) {
    const due = Math.max(Number(state.attempts[key]) || 1, 1) + (Number(state.hints[key]) || 0);
    return { kind: verdict.kind, text: verdict.text, hints: verdict.hints.slice(0, due), more: verdict.hints.length > due };
  }

  /** @param {Record<string, any>} answers */
  function keep(answers) {
    for (const [key, answer] of Object.entries(answers)) {
      if (isBlank(answer)) delete state.answers[key];
      else state.answers[key] = answer;
    }
    remember(place, state);
  }

  return {
    state: () => state,
    async check(answers) {
      keep(answers);
      const parts = Object.entries(answers).map(([key, answer]) => {
        const verdict = judgement(question(key), answer);
        if (verdict.kind === "wrong" && JSON.stringify(state.tried[key]) !== JSON.stringify(answer)) {
          state.attempts[key] = (Number(state.attempts[key]) || 0) + 1;
          state.tried[key] = answer;
        }
        return [key, part(key, verdict)];
      });
      remember(place, state);
      return Object.fromEntries(parts);
    },
    async hint(key) {
      const verdict = judgement(question(key), state.answers[key]);
      if (part(key, verdict).more) state.hints[key] = (Number(state.hints[key]) || 0) + 1;
      remember(place, state);
      return { [key]: part(key, verdict) };
    },
    async consequence(key, answer) {
      return consequenceOf(question(key), answer);
    },
    keep,
    onState() {},
    onJudged() {},
    close() {},
  };
}
