// Mistakes: plays a backward pass that is wrong on purpose, and marks the first node that differs.

import { element, svgPart } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host, Panel, Tool} from "./types.js" */

/**
 * @typedef {object} Difference What the payload says of a node that a wrong pass gets wrong.
 * @property {number} node
 * @property {number} step It shows once so many steps are played.
 * @property {string | null} wrong
 * @property {string} wrong_text
 * @property {string} right
 * @property {string} right_text
 * @property {boolean} early
 */

const MOST_ROWS = 20;

/** The choice of a wrong algorithm, by its kind; "" for the right one. @param {Host} host @param {string} kind */
function playMistake(host, kind) {
  const { look, mode } = host.payload;
  /** @type {Record<string, any>} */
  const change = { mode: null, seed: null, wrong: kind || null };
  if (mode === "forward" && look.mode === undefined) change.mode = "reverse"; // the view itself goes forwards
  host.look(change);
}

/**
 * The banner over the picture, and the marks in it: there as long as a wrong algorithm plays, whatever tab is open.
 * @param {Host} host @returns {Tool}
 */
export function makeMistakeMarks(host) {
  const title = element("strong");
  const explanation = element("span");
  const back = element("button", { type: "button", class: "gad-command" }, [WORDS.wrong.back]);
  const banner = element("div", { class: "gad-mistake", role: "note" }, [
    element("span", { class: "gad-mistake-sign", "aria-hidden": "true" }, ["✗"]),
    element("span", { class: "gad-mistake-words" }, [WORDS.wrong.banner, " ", title, ". ", explanation]),
    back,
  ]);
  banner.hidden = true;
  back.addEventListener(
    "click",
    () => {
      host.root.focus({ preventScroll: true }); // the button goes with the banner
      playMistake(host, "");
    },
    { signal: host.signal },
  );
  let playing = "";
  /** @type {{difference: Difference, badge: SVGElement}[]} */
  let marks = [];
  let marked = false;
  let begun = false;

  function draw() {
    const { wrong } = host.payload;
    marks = [];
    const before = playing;
    playing = wrong ? wrong.kind : "";
    banner.hidden = !wrong;
    if (wrong) {
      title.textContent = wrong.title;
      explanation.textContent = wrong.explanation;
      wrong.differing.forEach((/** @type {Difference} */ difference, /** @type {number} */ position) => {
        const badge = badgeOf(difference, position === 0);
        if (badge) marks.push({ difference, badge });
      });
    }
    const opening = !begun; // a view opens at its first step, whatever it plays
    begun = true;
    if (opening || playing === before) return;
    host.say(wrong ? WORDS.wrong.said(wrong.title) : WORDS.wrong.backSaid);
    if (!wrong) return;
    // From where the two part ways: the values are those of the right story. Later, since a new payload may bring its step.
    const start = host.payload.steps.findIndex((event) => event.kind === "seed");
    queueMicrotask(() => host.go(start));
  }

  /** The right number, on the lower border of the node's box. @param {Difference} difference @param {boolean} first */
  function badgeOf(difference, first) {
    const box = host.picture.nodes.get(difference.node)?.querySelector("rect.gad-box");
    if (!box) return null;
    const { wrong, wrong_text, right_text, early } = difference;
    let says = first ? WORDS.wrong.badgeFirst(right_text) : WORDS.wrong.badge(right_text);
    if (early) says = WORDS.wrong.badgeEarly(wrong_text, right_text);
    if (wrong === null) says = WORDS.wrong.badgeNone;
    const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
    const wide = 7.2 * says.length + 12; // monospaced, as the numbers are
    const view = host.picture.svg.viewBox.baseVal;
    const left = Math.max(Math.min(x + width / 2 - wide / 2, view.x + view.width - wide - 2), view.x + 2);
    const top = Math.min(y + height - 4, view.y + view.height - 21);
    const badge = svgPart("g", { class: first ? "gad-wrong-badge gad-wrong-badge-first" : "gad-wrong-badge" });
    badge.append(
      svgPart("rect", { x: left, y: top, width: wide, height: 19, rx: 4 }),
      svgPart("text", { x: left + wide / 2, y: top + 14 }, says),
    );
    host.picture.svg.append(badge); // above everything else
    return badge;
  }

  function show() {
    if (marks.length === 0 && !marked) return;
    marked = marks.length > 0;
    const shown = marks.filter(({ difference }) => host.step >= difference.step);
    for (const { difference, badge } of marks) badge.classList.toggle("gad-hidden", host.step < difference.step);
    host.mark(shown.map(({ difference }) => difference.node), "gad-wrong-node");
    host.mark(shown.slice(0, 1).map(({ difference }) => difference.node), "gad-wrong-first");
  }

  const place = element("span");
  place.hidden = true;
  return {
    element: place,
    update(change) {
      if (!banner.isConnected) host.stage.before(banner);
      if (change === "payload") draw();
      if (change === "payload" || change === "step") show();
    },
  };
}

/**
 * The panel: which mistakes there are, why some have no place in this graph, and what the one that plays does.
 * @param {Host} host @returns {Panel}
 */
export function makeMistakes(host) {
  const { signal } = host;
  const list = element("fieldset", { class: "gad-mistakes" }, [element("legend", {}, [WORDS.wrong.choose])]);
  const verdict = element("p", { class: "gad-verdict" });
  const jump = element("button", { type: "button", class: "gad-command" }, [WORDS.wrong.jump]);
  const question = element("p", { class: "gad-mistake-question" });
  const rows = element("tbody");
  const table = element("table", { class: "gad-differing" }, [
    element("caption", {}, [WORDS.wrong.table]),
    element("thead", {}, [
      element("tr", {}, [WORDS.wrong.node, WORDS.wrong.here, WORDS.wrong.truth].map((words) => element("th", { scope: "col" }, [words]))),
    ]),
    rows,
  ]);
  const rest = element("p");
  const result = element("div", { class: "gad-mistake-result", "aria-live": "polite" }, [verdict, jump, question, table, rest]);
  /** @type {Map<string, {radio: HTMLInputElement, words: HTMLElement}>} */
  const radios = new Map();
  jump.addEventListener("click", () => host.go(host.payload.wrong?.differing[0]?.step ?? host.step), { signal });

  /** @param {string} kind @param {string} title */
  function makeRadio(kind, title) {
    const id = `${host.id}-mistake-${kind || "none"}`;
    const radio = element("input", { type: "radio", name: `${host.id}-mistake`, value: kind, id, "aria-describedby": `${id}-words` });
    radio.addEventListener("change", () => playMistake(host, kind), { signal });
    const words = element("span", { class: "gad-mistake-why", id: `${id}-words` });
    list.append(element("div", { class: "gad-mistake-choice" }, [radio, element("label", { for: id }, [title]), words]));
    const found = { radio, words };
    radios.set(kind, found);
    return found;
  }

  /** The radios say what plays, also after a choice that was refused. */
  function settle() {
    for (const [kind, { radio }] of radios) radio.checked = kind === (host.payload.wrong?.kind ?? "");
  }
  host.model.on("change:error", settle);
  signal.addEventListener("abort", () => host.model.off("change:error", settle));

  function draw() {
    const { wrong, looks } = host.payload;
    const none = radios.get("") ?? makeRadio("", WORDS.wrong.right);
    none.words.textContent = WORDS.wrong.rightWords;
    for (const choice of looks?.wrong ?? []) {
      const { radio, words } = radios.get(choice.kind) ?? makeRadio(choice.kind, choice.title);
      radio.disabled = !choice.applies && wrong?.kind !== choice.kind;
      words.textContent = choice.applies ? choice.explanation : choice.why;
    }
    settle();
    result.hidden = !wrong;
    if (!wrong) return;
    verdict.textContent = wrong.verdict;
    question.replaceChildren(element("strong", {}, [WORDS.wrong.ask]), " ", wrong.question);
    jump.hidden = table.hidden = wrong.differing.length === 0;
    const shown = wrong.differing.slice(0, MOST_ROWS);
    rest.textContent = WORDS.wrong.more(wrong.differing.length - shown.length);
    rest.hidden = shown.length === wrong.differing.length;
    rows.replaceChildren(
      ...shown.map((/** @type {Difference} */ one, /** @type {number} */ position) => {
        const name = host.payload.nodes.find((node) => node.id === one.node)?.name ?? "";
        const first = position === 0 ? [" ", element("span", { class: "gad-first" }, [`✗ ${WORDS.wrong.first}`])] : [];
        return element("tr", { "data-node": name }, [
          element("th", { scope: "row" }, [name, ...first]),
          element("td", { class: "gad-wrong-number" }, [one.early ? WORDS.wrong.early(one.wrong_text) : one.wrong_text]),
          element("td", { class: "gad-right-number" }, [one.right_text]),
        ]);
      }),
    );
  }

  return {
    key: "mistakes",
    title: WORDS.wrong.title,
    element: element("div", { class: "gad-mistake-panel" }, [list, result]),
    offered: () => (host.payload.looks?.wrong ?? []).length > 0,
    update(change) {
      if (change === "payload") draw();
    },
  };
}
