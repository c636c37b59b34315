// Small curves over iterations: what is drawn are Python's numbers, and every text beside them is Python's too.

import { setOrRemove, svgPart } from "./dom.js";

/**
 * @typedef {object} Series
 * @property {(number | string)[]} numbers Those that are not finite are texts: "nan", "inf", "-inf".
 * @property {string[]} texts
 *
 * @typedef {object} Curve
 * @property {Series} series
 * @property {string} kind its class: "gad-curve-value", "gad-curve-adjoint", …
 *
 * @typedef {object} Chart
 * @property {number} width
 * @property {number} height
 * @property {Curve[]} curves
 * @property {{low: Series, high: Series} | null} [band]
 * @property {number} last the last iteration on the axis
 * @property {number} at the present iteration
 * @property {boolean} log
 * @property {string} label for people who do not see it
 */

const CHART_LEFT = 72;
const CHART_RIGHT = 8;
const CHART_TOP = 8;
const CHART_BOTTOM = 18;

/** The numbers that can stand on an axis. @param {Series} series @param {boolean} log @returns {(number | null)[]} */
function chartHeights(series, log) {
  return series.numbers.map((number) => (typeof number !== "number" || (log && number <= 0) ? null : log ? Math.log10(number) : number));
}

/** @param {number} number @returns {string} */
const rounded = (number) => number.toFixed(2).replace(/\.?0+$/, "");

/**
 * The lines through all points that are there; a gap where one is missing.
 * @param {(number | null)[]} ys @param {(iteration: number) => number} x @param {(height: number) => number} y
 * @param {number} from @param {number} to @returns {string}
 */
function linePath(ys, x, y, from, to) {
  let text = "";
  let open = false;
  for (let k = from; k <= Math.min(to, ys.length - 1); k += 1) {
    const height = ys[k];
    if (height === null) {
      open = false;
    } else {
      text += `${open ? "L" : "M"}${rounded(x(k))} ${rounded(y(height))}`;
      open = true;
    }
  }
  return text;
}

/**
 * One chart: what lies behind the present iteration is drawn strongly, what is known of later ones faintly.
 * @param {Chart} chart
 * @returns {{element: SVGElement, point: (iteration: number) => void, iterationAt: (clientX: number) => number}}
 */
export function makeChart(chart) {
  const { width, height, curves, last, log } = chart;
  const svg = svgPart("svg", { class: "gad-chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": chart.label });
  const x = (/** @type {number} */ k) => CHART_LEFT + ((width - CHART_LEFT - CHART_RIGHT) * k) / Math.max(last, 1);
  const lines = curves.map((curve) => chartHeights(curve.series, log));
  const band = chart.band ? [chartHeights(chart.band.low, log), chartHeights(chart.band.high, log)] : [];
  /** @type {{height: number, text: string}[]} */
  const marks = [];
  [...curves.map((curve) => curve.series), ...(chart.band ? [chart.band.low, chart.band.high] : [])].forEach((series, row) => {
    const ys = [...lines, ...band][row];
    ys.forEach((one, k) => {
      if (one !== null) marks.push({ height: one, text: series.texts[k] });
    });
  });
  const low = marks.reduce((best, mark) => (mark.height < best.height ? mark : best), marks[0] ?? { height: 0, text: "" });
  const high = marks.reduce((best, mark) => (mark.height > best.height ? mark : best), marks[0] ?? { height: 0, text: "" });
  const span = high.height - low.height;
  const floor = height - CHART_BOTTOM;
  const y = (/** @type {number} */ one) => (span > 0 ? floor - 4 - ((floor - CHART_TOP - 8) * (one - low.height)) / span : (CHART_TOP + floor) / 2);

  svg.append(svgPart("path", { class: "gad-chart-axis", d: `M${CHART_LEFT} ${CHART_TOP}V${floor}H${width - CHART_RIGHT}` }));
  if (marks.length > 0) {
    svg.append(svgPart("text", { class: "gad-chart-tick gad-chart-side", x: CHART_LEFT - 5, y: y(high.height) + 4 }, high.text));
    if (span > 0) svg.append(svgPart("text", { class: "gad-chart-tick gad-chart-side", x: CHART_LEFT - 5, y: y(low.height) + 4 }, low.text));
    if (low.height < 0 && high.height > 0 && !log) {
      svg.append(svgPart("path", { class: "gad-chart-zero", d: `M${CHART_LEFT} ${rounded(y(0))}H${width - CHART_RIGHT}` }));
    }
  }
  svg.append(svgPart("text", { class: "gad-chart-tick gad-chart-first", x: x(0), y: height - 4 }, "0"));
  if (last > 0) svg.append(svgPart("text", { class: "gad-chart-tick gad-chart-last", x: x(last), y: height - 4 }, String(last)));

  if (chart.band) {
    const known = band[0].map((one, k) => (one === null || band[1][k] === null ? null : k)).filter((k) => k !== null);
    const up = known.map((k) => `${rounded(x(k))} ${rounded(y(/** @type {number} */ (band[1][k])))}`);
    const down = known.map((k) => `${rounded(x(k))} ${rounded(y(/** @type {number} */ (band[0][k])))}`).reverse();
    if (known.length > 0) svg.append(svgPart("path", { class: "gad-chart-band", d: `M${[...up, ...down].join("L")}Z` }));
  }
  curves.forEach((curve, row) => {
    svg.append(svgPart("path", { class: `gad-curve gad-curve-later ${curve.kind}`, d: linePath(lines[row], x, y, chart.at, last) }));
    svg.append(svgPart("path", { class: `gad-curve ${curve.kind}`, d: linePath(lines[row], x, y, 0, chart.at) }));
    curve.series.numbers.forEach((number, k) => {
      // Where numbers begin that have no place on the axis, there is a cross at its end.
      if (typeof number === "string" && typeof curve.series.numbers[k - 1] !== "string") {
        const top = number === "inf" ? CHART_TOP + 4 : floor - 4;
        const cross = `M${rounded(x(k) - 3)} ${top - 3}l6 6m0 -6l-6 6`;
        svg.append(svgPart("path", { class: "gad-chart-lost", d: cross }));
      }
    });
  });
  const cursor = svgPart("path", { class: "gad-chart-cursor" });
  const points = curves.map((curve) => svgPart("circle", { class: `gad-chart-point ${curve.kind}`, r: 3.5 }));
  svg.append(cursor, ...points);

  /** @param {number} iteration */
  function point(iteration) {
    cursor.setAttribute("d", `M${rounded(x(iteration))} ${CHART_TOP}V${floor}`);
    points.forEach((dot, row) => {
      const one = lines[row][iteration];
      dot.classList.toggle("gad-hidden", one === null || one === undefined);
      if (one === null || one === undefined) return;
      setOrRemove(dot, "cx", rounded(x(iteration)));
      setOrRemove(dot, "cy", rounded(y(one)));
    });
  }
  point(chart.at);

  return {
    element: svg,
    point,
    /** Which iteration lies under the pointer. */
    iterationAt(clientX) {
      const frame = svg.getBoundingClientRect();
      const inside = ((clientX - frame.left) / Math.max(frame.width, 1)) * width;
      return Math.round(((inside - CHART_LEFT) / (width - CHART_LEFT - CHART_RIGHT)) * last);
    },
  };
}

/**
 * The way of two parameters in their plane.
 * @param {{width: number, height: number, across: Series, up: Series, names: [string, string], at: number, label: string}} plane
 * @returns {{element: SVGElement, point: (iteration: number) => void}}
 */
export function makePlane({ width, height, across, up, names, at, label }) {
  const svg = svgPart("svg", { class: "gad-chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  const finite = across.numbers.map((one, k) => (typeof one === "number" && typeof up.numbers[k] === "number" ? k : -1)).filter((k) => k >= 0);
  const floor = height - CHART_BOTTOM;
  /** @param {Series} series @param {number} from @param {number} to */
  const axis = (series, from, to) => {
    const shown = finite.map((k) => Number(series.numbers[k]));
    const low = Math.min(...shown);
    const high = Math.max(...shown);
    const place = (/** @type {number} */ k) =>
      high > low ? from + ((to - from) * (Number(series.numbers[k]) - low)) / (high - low) : (from + to) / 2;
    return { place, low: series.texts[series.numbers.indexOf(low)] ?? "", high: series.texts[series.numbers.indexOf(high)] ?? "" };
  };
  const x = axis(across, CHART_LEFT + 6, width - CHART_RIGHT - 6);
  const y = axis(up, floor - 6, CHART_TOP + 6);
  svg.append(svgPart("path", { class: "gad-chart-axis", d: `M${CHART_LEFT} ${CHART_TOP}V${floor}H${width - CHART_RIGHT}` }));
  for (const [words, attributes] of /** @type {[string, Record<string, string | number>][]} */ ([
    [y.high, { class: "gad-chart-tick gad-chart-side", x: CHART_LEFT - 5, y: CHART_TOP + 10 }],
    [y.low, { class: "gad-chart-tick gad-chart-side", x: CHART_LEFT - 5, y: floor - 2 }],
    [names[1], { class: "gad-chart-tick gad-chart-side gad-chart-name", x: CHART_LEFT - 5, y: (CHART_TOP + floor) / 2 + 4 }],
    [x.low, { class: "gad-chart-tick gad-chart-first", x: CHART_LEFT, y: height - 4 }],
    [x.high, { class: "gad-chart-tick gad-chart-last", x: width - CHART_RIGHT, y: height - 4 }],
    [names[0], { class: "gad-chart-tick gad-chart-middle gad-chart-name", x: (CHART_LEFT + width - CHART_RIGHT) / 2, y: height - 4 }],
  ])) {
    svg.append(svgPart("text", attributes, words));
  }
  const place = (/** @type {number} */ k) => `${rounded(x.place(k))} ${rounded(y.place(k))}`;
  const before = finite.filter((k) => k <= at);
  const after = finite.filter((k) => k >= at);
  if (after.length > 1) svg.append(svgPart("path", { class: "gad-curve gad-curve-later gad-curve-value", d: `M${after.map(place).join("L")}` }));
  if (before.length > 0) svg.append(svgPart("path", { class: "gad-curve gad-curve-value", d: `M${before.map(place).join("L")}` }));
  for (const k of finite) {
    svg.append(svgPart("circle", { class: `gad-chart-stop${k > at ? " gad-curve-later" : ""}`, cx: rounded(x.place(k)), cy: rounded(y.place(k)), r: 1.8 }));
  }
  const dot = svgPart("circle", { class: "gad-chart-point gad-curve-value", r: 4 });
  svg.append(dot);
  /** @param {number} iteration */
  function point(iteration) {
    const known = finite.includes(iteration);
    dot.classList.toggle("gad-hidden", !known);
    if (!known) return;
    dot.setAttribute("cx", rounded(x.place(iteration)));
    dot.setAttribute("cy", rounded(y.place(iteration)));
  }
  point(at);
  return { element: svg, point };
}
