// What a panel shows where a question was refused: the words, and in a page the way back to where it can be answered.

import { element, wordsOf } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host} from "./types.js" */

/** Whether a page could tell it for the graph as it opened. @param {unknown} error @returns {boolean} */
export function isAway(error) {
  return wordsOf(error) === WORDS.page.elsewhere;
}

/** @param {Host} host @param {unknown} error @returns {(Node | string)[]} */
export function refusal(host, error) {
  if (!isAway(error)) return [wordsOf(error)];
  const home = element("button", { type: "button", class: "gad-command" }, [WORDS.page.home]);
  home.addEventListener(
    "click",
    () => {
      host.root.focus({ preventScroll: true }); // the button goes with what it leads back from
      host.model.send({ kind: "home" });
    },
    { signal: host.signal },
  );
  return [wordsOf(error), " ", home];
}
