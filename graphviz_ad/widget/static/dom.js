// Small helpers for the document: elements, icons and attributes.

export const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes] @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [words] @returns {SVGElement} */
export function svgPart(tag, attributes, words) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (words !== undefined) made.textContent = words;
  return made;
}

/** What an error says. @param {unknown} error @returns {string} */
export function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {string} path a path in a box of 24 × 24 @returns {SVGElement} */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["class", "gad-icon"]]) {
    svg.setAttribute(name, value);
  }
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/**
 * Keeps keys from the commands of JupyterLab, which looks for this mark on the way up from the focus, and takes a command
 * for what has the focus itself first: arrows would leave the cell, and a letter on a button could cut it.
 * @param {HTMLElement} root
 */
export function ownKeys(root) {
  const mark = "data-lm-suppress-shortcuts";
  root.setAttribute(mark, "true");
  root.addEventListener("focusin", ({ target }) => {
    if (target instanceof Element) target.setAttribute(mark, "true");
  });
  root.addEventListener("focusout", ({ target }) => {
    if (target instanceof Element && target !== root) target.removeAttribute(mark);
  });
}

export const ICONS = {
  first: "M5 5h2.6v14H5z M19 5v14L8.6 12z",
  back: "M17 5v14L6.6 12z",
  play: "M8 4.6v14.8L20 12z",
  pause: "M6.5 5h4v14h-4z M13.5 5h4v14h-4z",
  forward: "M7 5v14L17.4 12z",
  last: "M16.4 5H19v14h-2.6z M5 5v14l10.4-7z",
};

/** @param {Element} target @param {string} name @param {string | null} value */
export function setOrRemove(target, name, value) {
  if (value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/**
 * Sets a property of an element's style, where it is not so already: parts that inherit it would be styled again.
 * @param {HTMLElement | SVGElement} target @param {string} name @param {string} value
 */
export function setStyle(target, name, value) {
  if (target.style.getPropertyValue(name) !== value) target.style.setProperty(name, value);
}
