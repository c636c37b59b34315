// The control of an order: items that are not placed yet, and the list of those that are, by mouse and by keyboard.

import { element } from "./dom.js";
import { EXERCISE } from "./exercisewords.js";

/** @import {Asked} from "./judging.js" */

/**
 * @typedef {object} Ordering
 * @property {HTMLElement} element
 * @property {() => string[] | null} get
 * @property {(answer: any) => void} set
 * @property {(key: string) => boolean} place Places an item from elsewhere; whether it is one that can be placed.
 */

/**
 * @param {Asked} question @param {string} labelled the id of its prompt
 * @param {{changed: () => void, added: (answer: string[]) => void, say: (words: string) => void}} told
 * @param {boolean} clicks whether the picture's nodes can be clicked
 * @returns {Ordering}
 */
export function makeOrdering(question, labelled, told, clicks) {
  const words = EXERCISE.order;
  const items = question.items ?? [];
  const textOf = (/** @type {string} */ key) => items.find((one) => one.key === key)?.text ?? key;
  const coded = items.some(({ text }) => /[=()[\]]/.test(text));
  /** @type {string[]} */
  let order = [];
  const pool = element("ul", { class: "gad-ex-pool", "aria-label": words.pool });
  const list = element("ol", { class: "gad-ex-order", "aria-label": words.placed });
  const heading = (/** @type {string} */ text) => element("p", { class: "gad-ex-small" }, [text]);
  const empty = heading("");
  const whole = element("div", { class: `gad-ex-ordering${coded ? " gad-ex-coded" : ""}`, role: "group", "aria-labelledby": labelled }, [
    element("div", {}, [heading(words.pool), pool, ...(clicks ? [heading(words.click)] : [])]),
    element("div", {}, [heading(words.placed), list, empty]),
  ]);

  /** @param {string} sign @param {string} label @param {() => void} act @param {boolean} off */
  function button(sign, label, act, off) {
    const made = element("button", { type: "button", class: "gad-command gad-ex-move", "aria-label": label }, [sign]);
    made.disabled = off;
    made.addEventListener("click", act);
    return made;
  }

  /** After a change the focus stays with what was moved. @param {Element | null | undefined} at */
  function focus(at) {
    if (at instanceof HTMLElement) at.focus({ preventScroll: true });
  }

  /** @param {number} from @param {number} to */
  function move(from, to) {
    const [key] = order.splice(from, 1);
    order.splice(to, 0, key);
    draw();
    told.changed();
    told.say(words.added(textOf(key), to + 1));
    const moved = [...list.children[to].querySelectorAll("button")];
    const wanted = moved[to < from ? 0 : 1];
    focus(wanted.disabled ? moved.find((one) => !one.disabled) : wanted);
  }

  /** @param {string} key @param {boolean} stay whether the focus is to stay where it is */
  function add(key, stay) {
    const at = items.filter((one) => !order.includes(one.key)).findIndex((one) => one.key === key);
    order.push(key);
    draw();
    told.changed();
    told.say(words.added(textOf(key), order.length));
    told.added([...order]);
    const left = pool.querySelectorAll("button");
    if (!stay) focus(left[Math.min(at, left.length - 1)] ?? list.querySelector("li:last-child button:not(:disabled)"));
  }

  /** @param {string} key */
  function remove(key) {
    order = order.filter((one) => one !== key);
    draw();
    told.changed();
    told.say(words.removed(textOf(key)));
    const at = items.filter((one) => !order.includes(one.key)).findIndex((one) => one.key === key);
    focus(pool.querySelectorAll("button")[at]);
  }

  function draw() {
    pool.replaceChildren(
      ...items.filter(({ key }) => !order.includes(key)).map(({ key, text }) => {
        const made = element("button", { type: "button", class: "gad-command gad-ex-item", "aria-label": words.add(text) }, [text]);
        made.addEventListener("click", () => add(key, false));
        return element("li", {}, [made]);
      }),
    );
    list.replaceChildren(
      ...order.map((key, at) => {
        const text = textOf(key);
        return element("li", {}, [
          element("span", { class: "gad-ex-placed" }, [text]),
          button(words.upSign, words.up(text, at + 1), () => move(at, at - 1), at === 0),
          button(words.downSign, words.down(text, at + 1), () => move(at, at + 1), at === order.length - 1),
          button(words.removeSign, words.remove(text), () => remove(key), false),
        ]);
      }),
    );
    empty.textContent = order.length === 0 ? words.none : order.length === items.length ? words.all : "";
  }
  draw();
  return {
    element: whole,
    get: () => (order.length > 0 ? [...order] : null),
    set(answer) {
      const known = Array.isArray(answer) ? answer.map(String).filter((key) => items.some((one) => one.key === key)) : [];
      order = [...new Set(known)];
      draw();
    },
    place(key) {
      if (order.includes(key) || !items.some((one) => one.key === key)) return false;
      add(key, true);
      return true;
    },
  };
}
