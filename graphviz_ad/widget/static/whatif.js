// The What if panel: a nudge of one number beside its adjoint, and the check of every edge by finite differences.
//
// Every number, also the error on the plot, was computed by Python; here they are chosen, placed and marked.

import { element, svgPart } from "./dom.js";
import { isAway, refusal } from "./refusal.js";
import { WORDS } from "./words.js";

/** @import {Host, Panel} from "./types.js" */

/**
 * @typedef {[text: string, agree: number, error: string, log: number | null]} Quotient As graphviz_ad/story/nudge.py tells it.
 *
 * @typedef {object} NudgeRow
 * @property {string} epsilon
 * @property {Quotient} right
 * @property {Quotient} left
 * @property {Quotient} central
 * @property {[string, string]} notes
 * @property {[number, number]} chains
 *
 * @typedef {"right" | "left" | "central"} Side
 *
 * @typedef {object} NudgeAnswer
 * @property {number} node
 * @property {string} name
 * @property {string} output
 * @property {string} value
 * @property {string} adjoint
 * @property {number | null} cell
 * @property {number} size
 * @property {NudgeRow[]} rows
 * @property {Record<Side, number>} best
 * @property {{nodes: Record<string, string>, sentence: string}[]} chains
 * @property {string} verdict
 * @property {string[]} notes
 *
 * @typedef {"agrees" | "kink" | "jump" | "coarse" | "unmeasured" | "differs"} VerdictKind
 * @typedef {{verdict: VerdictKind, claimed: string, measured: string, error: string, note: string}} Finding
 *
 * @typedef {object} CheckAnswer
 * @property {string} summary
 * @property {Record<VerdictKind, number>} counts
 * @property {(Finding & {edge: number})[]} edges
 * @property {(Finding & {node: number})[]} nodes
 */

const NUDGE_ROW = 3; // ε = 10⁻³: near enough for small errors, far enough to see them
const NUDGE_SIDES = /** @type {Side[]} */ (["right", "left", "central"]);

/** @type {Record<VerdictKind, string>} A sign for each verdict, told apart without colour. */
const VERDICT_SIGNS = { agrees: "✓", kink: "∧", jump: "⌐", coarse: "≈", unmeasured: "–", differs: "✗" };

/** @param {Host} host @returns {Panel} */
export function makeWhatIf(host) {
  const words = WORDS.whatif;
  const { signal } = host;
  let open = false;
  let turn = 0; // a later wish overtakes an earlier answer
  /** @type {NudgeAnswer | null} */
  let nudge = null;
  /** @type {CheckAnswer | null} */
  let check = null;
  let asked = ""; // the question whose answer is shown
  let row = NUDGE_ROW;
  /** @type {Side} */
  let side = "right";
  let early = false; // is shown before the story has come to the adjoint

  // --- the controls
  const node = element("select", { class: "gad-nudge-node", id: `${host.id}-nudge-node` });
  const cells = element("select", { class: "gad-nudge-cells", "aria-label": words.cells });
  for (const [value, text] of [["", words.largest], ["all", words.all]]) cells.append(element("option", { value }, [text]));
  const epsilon = element("input", { type: "range", class: "gad-nudge-epsilon", "aria-label": words.epsilon, min: "0", max: "14", step: "1" });
  const reading = element("span", { class: "gad-nudge-reading", "aria-live": "polite" });
  const sides = element("div", { class: "gad-nudge-sides", role: "radiogroup", "aria-label": words.sides });
  for (const one of NUDGE_SIDES) {
    const radio = element("input", { type: "radio", name: `${host.id}-side`, value: one });
    radio.checked = one === side;
    radio.addEventListener("change", () => choose(row, one), { signal });
    sides.append(element("label", { class: "gad-option" }, [radio, words.side[one]]));
  }
  node.addEventListener("change", () => host.select({ node: Number(node.value) }), { signal });
  cells.addEventListener("change", () => void askNudge(), { signal });
  // small steps to the right: the slider's direction is that of the plot
  epsilon.addEventListener("input", () => choose(Number(epsilon.value), side), { signal });
  epsilon.addEventListener("keydown", (event) => event.key !== "Tab" && event.key !== "Escape" && event.stopPropagation(), { signal });

  const result = element("div", { class: "gad-nudge-result", "aria-live": "polite" });
  const chain = element("p", { class: "gad-nudge-chain" });
  const between = element("p", { class: "gad-nudge-between" });
  const notes = element("ul", { class: "gad-nudge-notes" });
  const plot = element("div", { class: "gad-nudge-plot" });
  const problem = element("p", { class: "gad-nudge-problem" });
  const told = element("div", { class: "gad-nudge-told" }, [
    element("div", { class: "gad-nudge-numbers" }, [result, between, chain, notes]),
    plot,
  ]);
  const run = element("button", { type: "button", class: "gad-command" }, [words.check]);
  run.addEventListener("click", () => void askCheck(), { signal });
  const summary = element("p", { class: "gad-check-summary", "aria-live": "polite" });
  const findings = element("div", { class: "gad-check-findings" });
  const content = element("div", { class: "gad-whatif" }, [
    element("section", { "aria-label": words.nudge }, [
      element("div", { class: "gad-nudge-controls" }, [
        element("span", { class: "gad-option" }, [element("label", { for: node.id }, [words.node]), node, cells]),
        element("span", { class: "gad-option gad-nudge-step" }, [element("span", {}, ["ε ="]), reading, epsilon]),
        sides,
      ]),
      problem,
      told,
    ]),
    element("section", { class: "gad-check", "aria-label": words.checking }, [
      element("div", { class: "gad-check-head" }, [run, summary]),
      findings,
    ]),
  ]);

  // --- which number
  function offerNodes() {
    const able = host.payload.nodes.filter((one) => one.differentiable && one.value !== null);
    node.replaceChildren(...able.map((one) => element("option", { value: String(one.id) }, [one.name])));
  }

  /** The selected node, else the one that is chosen already. */
  function follow() {
    const wanted = host.selection && "node" in host.selection ? String(host.selection.node) : "";
    const able = [...node.options].some((option) => option.value === wanted);
    if (able) node.value = wanted;
    const { shape = "" } = host.payload.nodes.find((one) => String(one.id) === node.value) ?? {};
    cells.hidden = shape === "";
    if (wanted !== "" && !able) {
      asked = "";
      turn += 1;
      tell(words.unable(host.payload.nodes.find((one) => String(one.id) === wanted)?.name ?? ""));
    } else {
      void askNudge();
    }
  }

  async function askNudge() {
    if (node.value === "") return tell(words.none);
    const question = `nudge:${node.value}${!cells.hidden && cells.value ? `:${cells.value}` : ""}`;
    if (question === asked) return;
    asked = question;
    const mine = ++turn;
    try {
      const { data } = await host.ask(question);
      if (mine !== turn) return;
      nudge = /** @type {NudgeAnswer} */ (data);
      tell();
      drawPlot();
      compare();
    } catch (error) {
      if (mine !== turn) return;
      asked = ""; // it may be asked again
      tell(...refusal(host, error));
      node.disabled = isAway(error);
    }
  }

  /** @param {(Node | string)[]} wrong What is wrong, instead of numbers. */
  function tell(...wrong) {
    problem.replaceChildren(...wrong);
    told.hidden = wrong.length > 0;
    node.disabled = false;
    for (const control of [cells, epsilon, ...sides.querySelectorAll("input")]) control.disabled = wrong.length > 0;
    if (wrong.length === 0) return;
    nudge = null;
    mark();
  }

  // --- beside the adjoint, once the story has come to it
  /** The step that completes a node's adjoint; 0 in a story that has none. @param {number} id */
  function completedAt(id) {
    const { steps, mode } = host.payload;
    if (mode === "forward") return 0;
    const arrived = steps.map((event) => event.node === id && event.complete && ["seed", "contribution", "sum"].includes(event.kind));
    return arrived.includes(true) ? arrived.lastIndexOf(true) + 1 : steps.length;
  }

  function compare() {
    if (!nudge) return;
    early = host.step < completedAt(nudge.node);
    plot.hidden = notes.hidden = early;
    const kept = host.payload.wrong ? [words.compared, ...nudge.notes] : nudge.notes;
    notes.replaceChildren(...kept.map((note) => element("li", {}, [note])));
    choose(row, side);
  }

  // --- one ε
  /** @param {number} wanted @param {Side} to */
  function choose(wanted, to) {
    row = wanted;
    side = to;
    epsilon.value = String(row);
    if (!nudge) return;
    const here = nudge.rows[row];
    const sign = side === "left" ? "−" : "";
    const step = side === "central" ? `±${here.epsilon}` : `${sign}${here.epsilon}`;
    reading.textContent = step;
    epsilon.setAttribute("aria-valuetext", step);
    showQuotient(nudge, here[side]);
    const where = side === "right" ? [here.notes[0]] : side === "left" ? [here.notes[1]] : here.notes;
    between.textContent = where.filter(Boolean).join(" ");
    chain.textContent = nudge.chains[here.chains[side === "left" ? 1 : 0]].sentence;
    point();
    mark();
  }

  /** @param {NudgeAnswer} about @param {Quotient} quotient */
  function showQuotient(about, [text, agree, error]) {
    const { name, output, adjoint } = about;
    const alike = early ? 0 : agree;
    const digits = text.slice(0, alike).replace(/^[^1-9]*/, "").replace(/\D/g, "").length; // those before the first that counts are none
    const measured = element("span", { class: "gad-nudge-measured", "data-measured": text }, [
      element("mark", { class: "gad-agree" }, [text.slice(0, alike)]),
      text.slice(alike) || (text === "" ? words.nothing : ""),
    ]);
    if (digits > 0) measured.title = words.agreeing(digits);
    /** @param {string} term @param {Node | string} value @param {string} kind */
    const pair = (term, value, kind) => [element("dt", {}, [term]), element("dd", { class: kind }, [value])];
    const { wrong } = host.payload;
    const played = wrong ? host.payload.nodes.find((one) => one.id === about.node) : undefined;
    result.replaceChildren(
      element("dl", { class: "gad-nudge-facts" }, [
        ...pair(words.measured(name, output, side), measured, "gad-is-measured"),
        ...pair((wrong ? words.right : words.adjoint)(name, output), early ? later(about.node) : element("span", { "data-adjoint": adjoint }, [adjoint]), "gad-is-adjoint"),
        ...(played && !early ? pair(words.played(about.size > 1 || played.shape ? played.name : ""), played.adjoint_text ?? words.nowhere, "gad-is-played") : []),
        ...pair(words.error, early || error === "" ? "–" : error, "gad-is-error"),
        ...pair(words.digits, early || text === "" ? "–" : String(digits), "gad-is-digits"),
      ]),
    );
  }

  /** In an adjoint's place, before the story has come to it. @param {number} id */
  function later(id) {
    const step = completedAt(id);
    const go = element("button", { type: "button", class: "gad-link", title: WORDS.details.goTo(step) }, [words.later(step)]);
    go.addEventListener("click", () => host.go(step), { signal });
    return go;
  }

  // --- the plot: relative error against ε, both on log scales
  const PLOT = { width: 360, height: 210, left: 52, right: 10, top: 10, bottom: 40 };
  const FLOOR = -17;
  /** @param {number} at */
  const plotX = (at) => PLOT.left + ((PLOT.width - PLOT.left - PLOT.right) * at) / 14;
  /** @param {number} log */
  const plotY = (log) => PLOT.top + ((PLOT.height - PLOT.top - PLOT.bottom) * (1 - Math.min(Math.max(log, FLOOR), 1))) / (1 - FLOOR);
  /** @type {{line: SVGElement, points: Map<Side, SVGElement[]>} | null} */
  let drawn = null;

  function drawPlot() {
    if (!nudge) return;
    const { rows, best } = nudge;
    const svg = svgPart("svg", { class: "gad-nudge-chart", viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img" });
    svg.setAttribute("aria-label", words.plot(rows[best.right].epsilon, rows[best.right].right[2], rows[best.central].epsilon, rows[best.central].central[2]));
    const foot = PLOT.height - PLOT.bottom;
    for (let log = 0; log >= -16; log -= 4) {
      svg.append(svgPart("path", { class: "gad-plot-grid", d: `M${PLOT.left} ${plotY(log)}H${PLOT.width - PLOT.right}` }));
      svg.append(svgPart("text", { class: "gad-plot-tick gad-plot-up", x: PLOT.left - 6, y: plotY(log) + 4 }, log === 0 ? "1" : `10${raised(log)}`));
    }
    for (let at = 0; at <= 14; at += 2) {
      svg.append(svgPart("path", { class: "gad-plot-grid", d: `M${plotX(at)} ${PLOT.top}V${foot}` }));
      if (at % 4 === 0) svg.append(svgPart("text", { class: "gad-plot-tick", x: plotX(at), y: foot + 15 }, at === 0 ? "1" : `10${raised(-at)}`));
    }
    svg.append(svgPart("text", { class: "gad-plot-name", x: (PLOT.left + PLOT.width - PLOT.right) / 2, y: PLOT.height - 5 }, words.across));
    svg.append(svgPart("text", { class: "gad-plot-name", transform: `translate(11 ${(PLOT.top + foot) / 2}) rotate(-90)` }, words.up));
    const line = svgPart("path", { class: "gad-plot-chosen" });
    svg.append(line);
    const points = new Map();
    for (const one of NUDGE_SIDES) {
      let path = "";
      const made = rows.map((here, at) => {
        const log = here[one][3];
        if (log === null) return svgPart("g", {});
        path += `${path && rows[at - 1][one][3] !== null ? "L" : "M"}${plotX(at)} ${plotY(log)}`;
        const point = svgPart("path", { class: `gad-plot-point gad-plot-${one}`, d: shapeAt(one, plotX(at), plotY(log)) });
        point.append(svgPart("title", {}, `ε = ${here.epsilon}: ${here[one][2]}`));
        return point;
      });
      svg.append(svgPart("path", { class: `gad-plot-line gad-plot-${one}`, d: path }), ...made);
      points.set(one, made);
    }
    svg.addEventListener(
      "click",
      (event) => {
        const box = svg.getBoundingClientRect();
        const at = (((event.clientX - box.left) / box.width) * PLOT.width - PLOT.left) / (plotX(1) - plotX(0));
        choose(Math.round(Math.min(Math.max(at, 0), 14)), side);
      },
      { signal },
    );
    const legend = element("p", { class: "gad-plot-legend" }, NUDGE_SIDES.map((one) => {
      const key = svgPart("svg", { class: "gad-plot-key", viewBox: "0 0 14 12", "aria-hidden": "true" });
      key.append(svgPart("path", { class: `gad-plot-point gad-plot-${one}`, d: shapeAt(one, 7, 6) }));
      return element("span", {}, [key, words.side[one]]);
    }));
    plot.replaceChildren(svg, legend);
    drawn = { line, points };
  }

  /** @param {Side} one @param {number} x @param {number} y */
  function shapeAt(one, x, y) {
    if (one === "right") return `M${x - 3.5} ${y - 3.5}L${x + 4} ${y}L${x - 3.5} ${y + 3.5}Z`;
    if (one === "left") return `M${x + 3.5} ${y - 3.5}L${x - 4} ${y}L${x + 3.5} ${y + 3.5}Z`;
    return `M${x} ${y - 4.2}L${x + 4.2} ${y}L${x} ${y + 4.2}L${x - 4.2} ${y}Z`;
  }

  /** Marks the chosen ε on the plot. */
  function point() {
    if (!drawn) return;
    drawn.line.setAttribute("d", `M${plotX(row)} ${PLOT.top}V${PLOT.height - PLOT.bottom}`);
    for (const [one, points] of drawn.points) {
      points.forEach((made, at) => made.classList.toggle("gad-plot-here", one === side && at === row));
    }
  }

  // --- the check
  async function askCheck() {
    const mine = host.payload;
    let away = false;
    run.disabled = true;
    run.setAttribute("aria-busy", "true");
    summary.textContent = words.running;
    try {
      const { data } = await host.ask("check");
      if (mine !== host.payload) return;
      check = /** @type {CheckAnswer} */ (data);
      showCheck();
    } catch (error) {
      if (mine !== host.payload) return;
      summary.replaceChildren(...refusal(host, error));
      away = isAway(error);
    } finally {
      run.disabled = away;
      run.removeAttribute("aria-busy");
    }
  }

  function showCheck() {
    summary.textContent = check ? check.summary : "";
    findings.replaceChildren();
    if (check) {
      const odd = check.edges.filter((one) => one.verdict !== "agrees");
      const off = check.nodes.filter((one) => one.verdict !== "agrees");
      const counts = check.counts;
      findings.append(
        element("p", { class: "gad-check-counts" }, Object.keys(VERDICT_SIGNS).filter((kind) => counts[/** @type {VerdictKind} */ (kind)] > 0).map((kind) => {
          const which = /** @type {VerdictKind} */ (kind);
          return element("span", { class: `gad-check-count gad-verdict-${kind}`, "data-verdict": kind }, [sign(which), ` ${counts[which]} ${words.counted[which]}`]);
        })),
      );
      if (odd.length + off.length > 0) {
        const order = Object.keys(VERDICT_SIGNS);
        const rows = [...odd, ...off].sort((one, other) => order.indexOf(other.verdict) - order.indexOf(one.verdict)).map(finding);
        findings.append(
          element("table", { class: "gad-check-table" }, [
            element("thead", {}, [element("tr", {}, words.heads.map((head) => element("th", { scope: "col" }, [head])))]),
            element("tbody", {}, rows),
          ]),
        );
      }
    }
    mark();
  }

  /** @param {VerdictKind} kind */
  function sign(kind) {
    return element("span", { class: "gad-verdict-sign", "aria-hidden": "true" }, [VERDICT_SIGNS[kind]]);
  }

  /** @param {Finding & {edge?: number, node?: number}} one */
  function finding(one) {
    const about = one.edge === undefined ? nameOfNode(/** @type {number} */ (one.node)) : nameOfEdge(one.edge);
    const go = element("button", { type: "button", class: "gad-link" }, [about]);
    const target = one.edge === undefined ? { node: /** @type {number} */ (one.node) } : { edge: one.edge };
    go.addEventListener("click", () => host.select(target), { signal });
    return element("tr", { "data-verdict": one.verdict, [one.edge === undefined ? "data-node" : "data-edge"]: about }, [
      element("td", { class: `gad-verdict-${one.verdict}` }, [sign(one.verdict), ` ${words.verdict[one.verdict]}`]),
      element("th", { scope: "row" }, [go]),
      element("td", {}, [one.claimed || "–"]),
      element("td", {}, [one.measured || "–"]),
      element("td", {}, [one.error || "–"]),
      element("td", {}, [one.note]),
    ]);
  }

  /** @param {number} id */
  const nameOfNode = (id) => host.payload.nodes.find((one) => one.id === id)?.name ?? "";
  /** @param {number} index */
  function nameOfEdge(index) {
    const edge = host.payload.edges.find((one) => one.index === index);
    return edge ? `${nameOfNode(edge.input)} → ${nameOfNode(edge.consumer)}` : "";
  }

  // --- in the picture: ratios on nodes, verdicts on edges; they are there while the panel is
  /** @type {SVGElement[]} */
  let marks = [];

  function mark() {
    for (const made of marks) made.remove();
    marks = [];
    if (!open) return;
    if (nudge) {
      const { nodes } = nudge.chains[nudge.rows[row].chains[side === "left" ? 1 : 0]];
      for (const [id, ratio] of Object.entries(nodes)) ratioAt(Number(id), ratio, Number(id) === nudge.node);
    }
    for (const one of check?.edges ?? []) badgeAt(one);
  }

  /** @param {number} id @param {string} ratio @param {boolean} start */
  function ratioAt(id, ratio, start) {
    const group = host.picture.nodes.get(id);
    const box = group?.querySelector("rect.gad-box");
    if (!group || !box) return;
    const [x, y, width] = ["x", "y", "width"].map((name) => Number(box.getAttribute(name)));
    const text = start ? "ε" : ratio;
    const wide = 7.3 * text.length + 10; // monospaced, as the numbers are
    const made = svgPart("g", { class: start ? "gad-ratio gad-ratio-start" : "gad-ratio", "data-ratio": ratio });
    made.append(
      svgPart("title", {}, start ? words.start(nameOfNode(id)) : words.moves(nameOfNode(id), ratio)),
      svgPart("rect", { x: x + width - wide + 6, y: y - 11, width: wide, height: 18, rx: 9 }),
      svgPart("text", { x: x + width - wide / 2 + 6, y: y + 2 }, text),
    );
    host.picture.svg.append(made); // above everything else
    marks.push(made);
  }

  /** @param {Finding & {edge: number}} one */
  function badgeAt(one) {
    const line = host.picture.edges.get(one.edge)?.querySelector("path.gad-line");
    if (!(line instanceof SVGGeometryElement)) return;
    // towards the consumer, clear of the local derivative in the middle and of the arrow's head
    const length = line.getTotalLength();
    const { x, y } = line.getPointAtLength(Math.max(length - 17, length * 0.7));
    const says = words.badge(nameOfEdge(one.edge), words.verdict[one.verdict], one.measured, one.claimed);
    const made = svgPart("g", { class: `gad-verdict gad-verdict-${one.verdict}`, "data-verdict": one.verdict, "data-edge": one.edge, role: "img", "aria-label": says });
    made.append(
      svgPart("title", {}, one.note ? `${says} ${one.note}` : says),
      svgPart("circle", { cx: x, cy: y, r: 8 }),
      svgPart("text", { x, y: y + 4.2 }, VERDICT_SIGNS[one.verdict]),
    );
    host.picture.svg.append(made);
    marks.push(made);
  }

  return {
    key: "whatif",
    title: words.title,
    element: content,
    offered: () => host.payload.nodes.some((one) => one.differentiable && one.value !== null),
    update(change) {
      if (change === "payload") {
        nudge = check = null;
        asked = "";
        turn += 1;
        marks = []; // they went with the picture
        run.disabled = false;
        offerNodes();
        showCheck();
        if (open) follow();
      } else if (change === "open") {
        open = true;
        asked = "";
        follow();
        mark();
      } else if (change === "selection") {
        follow();
      } else if (nudge && early !== host.step < completedAt(nudge.node)) {
        compare();
      }
    },
    leave() {
      open = false;
      mark();
    },
  };
}

/** A whole number small and raised. @param {number} number */
const raised = (number) => String(number).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]);
