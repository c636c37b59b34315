// The memory ledger: bytes at every step as a chart, and what is held now, and why.

import { element, svgPart } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host} from "./types.js" */

/**
 * @typedef {object} LedgerItem
 * @property {number} node
 * @property {string} name
 * @property {string} group
 * @property {number} count
 * @property {"value" | "adjoint" | "tangent" | "product"} what
 * @property {number} bytes
 * @property {string} text
 * @property {number} made
 * @property {number} last
 * @property {boolean} caller
 * @property {boolean} result
 * @property {[number, string][]} uses
 *
 * @typedef {object} Memory
 * @property {number[]} totals
 * @property {Record<string, string>} texts
 * @property {number[]} operations
 * @property {number[]} evaluations
 * @property {string} caller
 * @property {number} peak
 * @property {number} peak_step
 * @property {string} alone
 * @property {string | null} together
 * @property {LedgerItem[]} items
 */

const LEDGER_WIDTH = 600;
const LEDGER_HEIGHT = 96;
const LEDGER_BASE = 82;
const LEDGER_TOP = 16;

/** @param {Host} host */
export function makeLedger(host) {
  const { signal } = host;
  const words = WORDS.ledger;
  const summary = element("p", { class: "gad-ledger-summary" });
  const now = element("p", { class: "gad-ledger-now", "aria-live": "off" });
  const holder = element("div", { class: "gad-ledger-chart" });
  const body = element("tbody");
  const head = element("thead", {}, [element("tr", {}, [words.name, words.what, words.bytes, words.why].map((name) => element("th", { scope: "col" }, [name])))]);
  const table = element("table", { class: "gad-ledger-table" }, [element("caption", {}, [words.held]), head, body]);
  const caller = element("p", { class: "gad-note-text" });
  const box = element("section", { class: "gad-ledger", "aria-label": words.title }, [element("h3", {}, [words.title]), summary, holder, now, table, caller]);
  /** @type {Memory | null} */
  let memory = null;
  /** @type {SVGElement | null} */
  let cursor = null;
  let span = 1; // of one step in the chart

  /** Bytes at every step, of the items that `wanted` chooses. @param {(item: LedgerItem) => boolean} wanted @returns {number[]} */
  function sums(wanted) {
    const steps = memory ? memory.totals.length : 0;
    const change = new Array(steps + 1).fill(0);
    for (const item of memory?.items ?? []) {
      if (item.caller || !wanted(item)) continue;
      change[item.made] += item.bytes;
      change[item.last + 1] -= item.bytes;
    }
    let sum = 0;
    return change.slice(0, steps).map((by) => (sum += by));
  }

  /** The area under steps. @param {number[]} low @param {number[]} high @param {(bytes: number) => number} y */
  function area(low, high, y) {
    const up = high.map((bytes, step) => `L${(step * span).toFixed(2)} ${y(bytes).toFixed(2)}H${((step + 1) * span).toFixed(2)}`).join("");
    const down = low.map((bytes, step) => `L${((step + 1) * span).toFixed(2)} ${y(bytes).toFixed(2)}H${(step * span).toFixed(2)}`).reverse().join("");
    return `M0 ${y(low[0]).toFixed(2)}${up}${down}Z`;
  }

  function draw() {
    holder.replaceChildren();
    cursor = null;
    if (!memory) return;
    const { totals, peak, peak_step: peakStep } = memory;
    span = LEDGER_WIDTH / totals.length;
    /** @param {number} bytes */
    const y = (bytes) => LEDGER_BASE - ((LEDGER_BASE - LEDGER_TOP) * bytes) / Math.max(1, peak);
    const values = sums((item) => item.what === "value");
    const none = totals.map(() => 0);
    const label = words.chart(totals.length - 1, memory.texts[String(peak)], peakStep);
    const svg = svgPart("svg", { viewBox: `0 0 ${LEDGER_WIDTH} ${LEDGER_HEIGHT}`, role: "img", "aria-label": label, class: "gad-ledger-svg" });
    cursor = svgPart("rect", { class: "gad-ledger-cursor", y: 2, width: Math.max(span, 3).toFixed(2), height: LEDGER_BASE, rx: 1.5 });
    const middle = (peakStep + 0.5) * span;
    const anchor = middle < 60 ? "start" : middle > LEDGER_WIDTH - 60 ? "end" : "middle";
    svg.append(
      svgPart("path", { class: "gad-ledger-values", d: area(none, values, y) }),
      svgPart("path", { class: `gad-ledger-${host.payload.mode === "forward" ? "tangents" : "adjoints"}`, d: area(values, totals, y) }),
      cursor,
      svgPart("path", { class: "gad-ledger-axis", d: `M0 ${LEDGER_BASE}H${LEDGER_WIDTH}` }),
      svgPart("path", { class: "gad-ledger-peak", d: `M${(middle - 3.5).toFixed(2)} ${LEDGER_TOP - 6}h7l-3.5 5z` }),
      svgPart("text", { class: "gad-ledger-text", x: middle.toFixed(2), y: LEDGER_TOP - 8, "text-anchor": anchor }, words.peak(memory.texts[String(peak)])),
      svgPart("text", { class: "gad-ledger-text", x: 0, y: LEDGER_HEIGHT - 3 }, words.from),
      svgPart("text", { class: "gad-ledger-text", x: LEDGER_WIDTH, y: LEDGER_HEIGHT - 3, "text-anchor": "end" }, words.to(totals.length - 1)),
    );
    const second = host.payload.mode === "forward" ? "tangents" : "adjoints";
    const legend = element("p", { class: "gad-ledger-legend" }, [
      element("span", { class: "gad-ledger-key gad-ledger-key-values" }, [words.values]),
      element("span", { class: `gad-ledger-key gad-ledger-key-${second}` }, [words[/** @type {"adjoints" | "tangents"} */ (second)]]),
    ]);
    holder.append(svg, legend);
  }
  holder.addEventListener(
    "click",
    (event) => {
      const svg = holder.querySelector("svg");
      if (!svg || !memory || !(event.target instanceof Node) || !svg.contains(event.target)) return;
      const frame = svg.getBoundingClientRect();
      host.go(Math.floor(((event.clientX - frame.left) / frame.width) * memory.totals.length));
    },
    { signal },
  );

  /** Why an array is held at a step. @param {LedgerItem} item @param {number} step @returns {string} */
  function reason(item, step) {
    const next = item.uses.find(([at]) => at >= step);
    if (item.what === "product") return step === item.last ? words.summed : words.product;
    if (!next) return item.result ? (item.what === "value" ? words.result : words.gradient) : words.made;
    const [at, by] = next;
    const derivative = by.startsWith("∂");
    const use = (at === step ? (derivative ? words.usedNow : words.takenNow) : derivative ? words.neededFor : words.inputOf)(by);
    return item.last === step && !item.result ? words.free(use) : use;
  }

  function show() {
    if (!memory) return;
    const step = Math.min(host.step, memory.totals.length - 1);
    cursor?.setAttribute("x", (step * span).toFixed(2));
    const held = memory.items.filter((item) => !item.caller && item.made <= step && step <= item.last);
    now.textContent = words.now(step, memory.texts[String(memory.totals[step])], memory.evaluations[step], memory.operations[step]);
    body.replaceChildren(
      ...held.map((item) => {
        const name = item.count > 1 ? words.many(item.count, item.group) : item.group ? words.inside(item.name, item.group) : item.name;
        const cells = [words.kinds[item.what], item.text, reason(item, step)].map((text) => element("td", {}, [text]));
        return element("tr", { "data-held": item.name, "data-what": item.what }, [element("th", { scope: "row" }, [name]), ...cells]);
      }),
    );
    table.hidden = held.length === 0;
    host.root.classList.add("gad-ledger-open");
    host.mark(held.map((item) => item.node), "gad-held");
    host.mark(held.filter((item) => item.what !== "value").map((item) => item.node), "gad-held-more");
    host.mark(memory.items.filter((item) => item.caller).map((item) => item.node), "gad-held-caller");
  }

  function leave() {
    host.root.classList.remove("gad-ledger-open");
    for (const mark of ["gad-held", "gad-held-more", "gad-held-caller"]) host.mark([], mark);
  }

  return {
    element: box,
    show,
    leave,
    forget() {
      memory = null;
      leave();
    },
    /** @param {Memory | null} data */
    fill(data) {
      memory = data;
      box.hidden = data === null;
      if (!data) {
        leave();
        return;
      }
      summary.textContent = words.summary(data.texts[String(data.peak)], data.peak_step, data.alone, host.payload.mode === "forward" ? data.together : null);
      caller.textContent = words.caller(data.caller);
      draw();
      show();
    },
  };
}
