// The text that a picture was made from: the same elements can become another picture of the same structure.

import { setOrRemove } from "./dom.js";
import { cutMarkup } from "./patch.js";

/** The name of the tag that a piece of a source opens. @param {string} piece @returns {string} */
const tagOf = (piece) => /^<[^\s/]*/.exec(piece)?.[0] ?? "";

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#10": "\n", "#13": "\r", "#9": "\t" }; // that render/svg.py writes

/** What stands for text in a source, as text. @param {string} markup @returns {string} */
const unescaped = (markup) => markup.replace(/&([^;]+);/g, (_, name) => ENTITIES[/** @type {"amp"} */ (name)]);

/** The attributes that a piece of a source writes. @param {string} piece @returns {Map<string, string>} */
const attributesOf = (piece) => new Map([...piece.matchAll(/([^\s=]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));

/** Takes an attribute from one value in a source to another. @param {Element} element @param {string} name @param {string} from @param {string | undefined} to */
function changeAttribute(element, name, from, to) {
  if (name === "class") {
    // the story has classes of its own there
    element.classList.remove(...from.split(" ").filter(Boolean));
    element.classList.add(...(to ?? "").split(" ").filter(Boolean));
  } else {
    setOrRemove(element, name, to === undefined ? null : unescaped(to));
  }
}

export class Source {
  /** @param {Element} root as it was just made from `text` @param {string} text */
  constructor(root, text) {
    this.pieces = cutMarkup(text.trimEnd());
    /** @type {(Node | null)[]} what each piece made: an element, a text, or nothing */
    this.made = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    /** @type {Node | null} */
    let next = root;
    let exact = true;
    for (const piece of this.pieces) {
      const opens = piece.startsWith("<") && piece[1] !== "/";
      const makes = opens || (piece.startsWith(">") && piece.length > 1);
      exact &&= !makes || next?.nodeType === (opens ? Node.ELEMENT_NODE : Node.TEXT_NODE);
      this.made.push(makes ? next : null);
      if (makes) next = walker.nextNode();
    }
    /** Whether every piece was found in the elements. */
    this.exact = exact && next === null;
  }

  /**
   * Makes the elements those of another source. What was added to them since goes, and so do the marks on
   * nodes, edges and frames; attributes that neither source writes stay.
   * @param {string} text @returns {boolean} false, and nothing is changed, where it has another structure
   */
  become(text) {
    const after = cutMarkup(text.trimEnd());
    const { pieces, made } = this;
    if (!this.exact || after.length !== pieces.length) return false;
    const changed = [...pieces.keys()].filter((at) => pieces[at] !== after[at]);
    for (const at of changed) {
      const same = made[at] !== null && (made[at]?.nodeType === Node.TEXT_NODE ? after[at].length > 1 : tagOf(after[at]) === tagOf(pieces[at]));
      if (!same) return false;
    }
    this.clean();
    for (const at of changed) {
      const part = /** @type {Node} */ (made[at]);
      if (part.nodeType === Node.TEXT_NODE) {
        part.nodeValue = unescaped(after[at].slice(1));
        continue;
      }
      const [from, to] = [attributesOf(pieces[at]), attributesOf(after[at])];
      for (const name of new Set([...from.keys(), ...to.keys()])) {
        if (from.get(name) !== to.get(name)) changeAttribute(/** @type {Element} */ (part), name, from.get(name) ?? "", to.get(name));
      }
    }
    this.pieces = after;
    return true;
  }

  /** Takes away what is not of the source: elements, and the marks on nodes, edges and frames. */
  clean() {
    const root = /** @type {Element} */ (this.made[0]);
    const own = new Set(this.made);
    for (const part of root.querySelectorAll("*")) if (!own.has(part)) part.remove();
    this.pieces.forEach((piece, at) => {
      const name = /^<g class="(gad-(?:node|edge|frame)\b[^"]*)"/.exec(piece)?.[1];
      const group = /** @type {Element} */ (this.made[at]);
      if (name !== undefined && group.getAttribute("class") !== name) group.setAttribute("class", name);
    });
  }
}
