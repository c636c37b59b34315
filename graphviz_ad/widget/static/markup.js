// The only markup that the front ends read: pictures that Python has drawn.

import { SVG } from "./dom.js";

/**
 * A picture as elements of this document. Read as a page's own picture is, which takes a browser half as long as XML;
 * null where anything but one SVG image comes out: then nothing of it is used.
 * @param {string} text @returns {SVGSVGElement | null}
 */
export function svgOf(text) {
  const { head, body } = new DOMParser().parseFromString(text, "text/html");
  const parsed = body.firstElementChild;
  const pure = head.childElementCount === 0 && body.childElementCount === 1 && body.getElementsByTagNameNS(body.namespaceURI, "*").length === 0;
  if (!pure || parsed?.namespaceURI !== SVG || parsed.querySelector("script, foreignObject")) return null;
  return /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.adoptNode(parsed)));
}
