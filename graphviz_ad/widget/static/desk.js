// Asks whoever stands behind the model, the kernel or the page's stand-in, and knows whether anybody answers.

import { WORDS } from "./words.js";

/** @import {Answer, Model} from "./types.js" */

const ANSWER_WITHIN = 2000; // silence of the kernel that is worth a word
const HIDDEN = 200; // a page that nobody looks at has no frames
const PATIENCE = 20000; // a question may need a computation; after this it is given up

/**
 * @typedef {object} Desk
 * @property {(question: string) => Promise<Answer>} ask
 * @property {() => void} forget What was asked and answered belongs to the payload before.
 * @property {() => void} hello Asks for a sign of life.
 * @property {() => void} expect Something was sent that will be answered.
 * @property {() => void} heard Something was answered.
 * @property {() => boolean} live
 * @property {() => void} close
 */

/** Until what was changed just now is seen; where nobody looks, no frame comes, and it is not waited for long. */
function seen() {
  return /** @type {Promise<void>} */ (new Promise((done) => {
    setTimeout(done, HIDDEN);
    globalThis.requestAnimationFrame?.(() => setTimeout(done));
  }));
}

/**
 * @param {Model} model @param {() => void} changed Called when the connection is lost or comes back. @returns {Desk}
 */
export function makeDesk(model, changed) {
  /** @type {ReturnType<typeof setTimeout> | null} */
  let patience = null;
  let silent = false;
  let asked = 0;
  const name = Math.random().toString(36).slice(2); // several views of one model hear the same answers
  /** @type {Map<string, Promise<Answer>>} */
  let known = new Map();
  /** Questions about a new graph wait until it is seen: the answers would hold it up. @type {Promise<void> | null} */
  let drawn = null;
  /** @type {Map<string, {resolve: (answer: Answer) => void, reject: (error: Error) => void, timer: ReturnType<typeof setTimeout>}>} */
  const waiting = new Map();

  function heard() {
    if (patience !== null) clearTimeout(patience);
    patience = null;
    if (silent) {
      silent = false;
      changed();
    }
  }

  function expect() {
    if (!model.get("payload").live) return; // no kernel that could fall silent
    if (patience !== null) clearTimeout(patience);
    patience = setTimeout(() => {
      patience = null;
      silent = true;
      changed();
    }, ANSWER_WITHIN);
  }

  /** @param {unknown} content */
  function post(content) {
    try {
      model.send(content);
    } catch {
      // A closed connection says so by throwing; silence says the same.
    }
  }

  /** @param {any} message @param {DataView[]} [buffers] */
  function onMessage(message, buffers) {
    if (typeof message !== "object" || message === null) return;
    if (message.kind === "live") heard();
    if (message.kind !== "answer" || typeof message.nonce !== "string") return;
    heard();
    const open = waiting.get(message.nonce);
    if (!open) return; // another view's question, or one that was given up
    waiting.delete(message.nonce);
    clearTimeout(open.timer);
    if (typeof message.error === "string" && message.error) open.reject(new Error(message.error));
    else if (!("data" in message)) open.reject(new Error(WORDS.kernel.malformed));
    else open.resolve({ data: message.data, buffers: buffers ?? [] });
  }
  model.on("msg:custom", onMessage);

  /** @param {string} words */
  function giveUp(words) {
    for (const [nonce, open] of [...waiting]) {
      waiting.delete(nonce);
      clearTimeout(open.timer);
      open.reject(new Error(words));
    }
  }

  return {
    ask(question) {
      let answer = known.get(question);
      if (!answer) {
        const nonce = `${name}-${++asked}`;
        const here = known;
        answer = new Promise((resolve, reject) => {
          const timer = setTimeout(() => {
            waiting.delete(nonce);
            reject(new Error(WORDS.kernel.late));
          }, PATIENCE);
          waiting.set(nonce, { resolve, reject, timer });
        });
        known.set(question, answer);
        answer.catch(() => here.delete(question)); // asked again, it may be answered
        const pose = () => post({ kind: "ask", question, nonce });
        if (drawn) void drawn.then(() => waiting.has(nonce) && pose());
        else pose();
      }
      return answer;
    },
    forget() {
      known = new Map();
      const now = (drawn = seen().then(() => {
        if (drawn === now) drawn = null;
      }));
      giveUp(WORDS.kernel.overtaken);
    },
    hello() {
      expect();
      post({ kind: "hello" });
    },
    expect,
    heard,
    live: () => !silent,
    close() {
      if (patience !== null) clearTimeout(patience);
      patience = null;
      giveUp(WORDS.kernel.closed);
      known = new Map();
      model.off("msg:custom", onMessage);
    },
  };
}
