// The panel "Training": from iteration to iteration, with the curve of the loss and the way of every parameter.

import { makeChart, makePlane } from "./chart.js";
import { element } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Series} from "./chart.js" */
/** @import {Change, Host, Panel} from "./types.js" */

/**
 * @typedef {object} Way One parameter over the iterations.
 * @property {string} name
 * @property {number[]} shape
 * @property {Series} gradient norms
 * @property {Series} [value] of a scalar
 * @property {Series} [norm] of an array, as the next ones
 * @property {Series} [low]
 * @property {Series} [mean]
 * @property {Series} [high]
 * @property {(Series & {name: string})[]} [entries] of a small array
 *
 * @typedef {object} Training See `curves` of graphviz_ad/story/training.py.
 * @property {number} iteration
 * @property {number | null} carried How many iterations a page without kernel has.
 * @property {number} iterations
 * @property {string} optimizer
 * @property {boolean} zero Are the accumulators zeroed?
 * @property {boolean} made … in the loop as it was made?
 * @property {string} loss
 * @property {Series} losses
 * @property {Series} rival
 * @property {Way[]} ways
 * @property {string} words
 */

const TRAINING_WAYS = 12;
const TRAINING_LEAP = 10;

/** @param {Host} host @returns {Panel} */
export function makeTraining(host) {
  const { model, signal } = host;
  /** @type {Training | null} */
  let training = null;
  /** @type {"first" | "last" | null} Where the next payload opens; null: where the story stands. */
  let opening = null;
  /** @type {number | null} What was asked for while an answer was still to come. */
  let wish = null;
  let log = false;
  let stale = false; // what is drawn belongs to a payload before
  /** @type {((iteration: number) => void)[]} */
  let followers = [];

  const words = WORDS.training;

  /** @param {string} text @param {string} label @param {string} hint @param {() => void} act */
  const button = (text, label, hint, act) => {
    const made = element("button", { type: "button", class: "gad-plain-button", "aria-label": label, title: hint }, [text]);
    made.addEventListener("click", act, { signal });
    return made;
  };
  const back = button(words.back, words.backLabel, words.backHint, () => turn(present() - 1));
  const one = button(words.one, words.oneLabel, words.oneHint, () => turn(present() + 1));
  const ten = button(words.ten, words.ten, words.tenHint, () => turn(Math.min(present() + TRAINING_LEAP, count() - 1)));
  const slider = element("input", { type: "range", class: "gad-slider gad-training-slider", min: "0", step: "1", "aria-label": words.slider });
  slider.addEventListener("input", () => turn(Number(slider.value)), { signal });
  // Its arrows, Home and End move from iteration to iteration, not from step to step.
  slider.addEventListener("keydown", (event) => event.key !== " " && event.stopPropagation(), { signal });
  const where = element("span", { class: "gad-training-where" });
  const scale = element("input", { type: "checkbox", class: "gad-check" });
  scale.addEventListener("change", () => {
    log = scale.checked;
    draw();
  }, { signal });
  const forget = element("input", { type: "checkbox", class: "gad-check" });
  forget.addEventListener("change", () => host.look({ zero: forget.checked === training?.made ? !forget.checked : null }), { signal });
  const forgetting = element("label", { class: "gad-option", title: words.forgetHint }, [forget, ` ${words.forget}`]);
  const about = element("p", { class: "gad-training-about" });
  const warning = element("p", { class: "gad-training-warning", "aria-live": "polite" });
  const heads = element("div", { class: "gad-training-charts" });
  const charts = element("div", { class: "gad-training-charts" });
  const table = element("table", { class: "gad-training-table" });
  const numbers = element("details", { class: "gad-training-numbers" }, [
    element("summary", {}, [words.table]),
    element("div", { class: "gad-training-scroll", tabindex: "0", role: "group", "aria-label": words.table }, [table]),
  ]);
  numbers.addEventListener("toggle", () => draw(), { signal });
  const panel = element("div", { class: "gad-training" }, [
    element("div", { class: "gad-training-controls", role: "group", "aria-label": words.group }, [
      element("span", { class: "gad-training-buttons" }, [back, one, ten]),
      slider,
      where,
      element("label", { class: "gad-option" }, [scale, ` ${words.log}`]),
      forgetting,
    ]),
    about,
    warning,
    element("div", { class: "gad-training-board" }, [heads, charts]),
    numbers,
  ]);

  const present = () => training?.iteration ?? 0;
  /** How many iterations can be reached. */
  const count = () => (training === null ? 0 : (training.carried ?? training.iterations));

  /** @param {number} wanted @param {"first" | "last" | null} [open] @returns {boolean} whether there is that iteration */
  function turn(wanted, open = null) {
    if (training === null || wanted < 0 || wanted >= count()) return false;
    if (host.root.hasAttribute("aria-busy")) { // an answer is still to come
      if (open === null) wish = wanted;
      return true;
    }
    if (wanted === present()) return true;
    opening = open;
    wish = null;
    host.look({ iteration: wanted === 0 ? null : wanted });
    return true;
  }

  if (host.payload.training) host.beyond.push((to) => (to < 0 ? turn(present() - 1, "last") : turn(present() + 1, "first")));

  // What could not be shown is told under the picture; the panel says where the training stands.
  const onError = () => {
    if (!model.get("error")) return;
    opening = null;
    wish = null;
    if (training !== null) settle(training);
  };
  model.on("change:error", onError);
  signal.addEventListener("abort", () => model.off("change:error", onError));

  /** @param {Training} now */
  function settle(now) {
    slider.max = String(count() - 1);
    slider.value = String(now.iteration);
    slider.style.setProperty("--gad-played", count() > 1 ? `${(100 * now.iteration) / (count() - 1)}%` : "100%");
    const text = words.where(now.iteration, count() - 1);
    where.textContent = text;
    slider.setAttribute("aria-valuetext", `${text}: ${now.loss} = ${now.losses.texts[now.iteration] ?? ""}`);
    back.disabled = now.iteration === 0;
    one.disabled = ten.disabled = now.iteration >= count() - 1;
    about.textContent = [now.optimizer, now.zero ? "" : words.unzeroed, now.carried !== null && now.carried < now.iterations ? words.carried(now.carried, now.iterations) : ""]
      .filter(Boolean)
      .join(" · ");
    if (warning.textContent !== now.words) warning.textContent = now.words;
    warning.hidden = now.words === "";
    forget.checked = !now.zero;
    forgetting.hidden = !host.payload.live;
  }

  /** One chart with its heading, whose number follows the pointer. @param {string} name @param {Series} series @param {Element} chart @param {string} kind */
  function card(name, series, chart, kind) {
    const number = element("span", { class: `gad-training-number ${kind}` });
    const made = element("figure", { class: "gad-training-card" }, [
      element("figcaption", {}, [element("span", { class: "gad-training-name" }, [name]), " ", number]),
      chart,
    ]);
    followers.push((iteration) => {
      number.textContent = series.texts[iteration] ?? "";
    });
    return made;
  }

  /**
   * @param {{name: string, series: Series, kind: string, more?: {series: Series, kind: string}[],
   *   band?: {low: Series, high: Series} | null, large?: boolean, sign?: boolean}} wanted sign: of numbers that may be negative
   */
  function curve({ name, series, kind, more = [], band = null, large = false, sign = false }) {
    const now = /** @type {Training} */ (training);
    const made = makeChart({
      width: large ? 380 : 230,
      height: large ? 176 : 96,
      curves: [...more, { series, kind }],
      band,
      last: Math.max(count(), now.losses.numbers.length) - 1,
      at: now.iteration,
      log: log && !sign,
      label: words.chart(name, series.texts[0] ?? "", series.texts[now.iteration] ?? "", now.iteration),
    });
    made.element.addEventListener("pointermove", (event) => point(made.iterationAt(/** @type {PointerEvent} */ (event).clientX)), { signal });
    made.element.addEventListener("pointerleave", () => point(now.iteration), { signal });
    made.element.addEventListener("click", (event) => turn(made.iterationAt(/** @type {MouseEvent} */ (event).clientX)), { signal });
    followers.push(made.point);
    return card(name, series, made.element, kind);
  }

  /** Every chart and every number shows this iteration. @param {number} iteration */
  function point(iteration) {
    if (training === null) return;
    const known = training.losses.numbers.length - 1;
    const at = Math.min(Math.max(iteration, 0), known);
    for (const follow of followers) follow(at);
    const text = words.where(at, count() - 1);
    if (where.textContent !== text) where.textContent = text;
  }

  function draw() {
    const now = training;
    if (now === null) return;
    stale = false;
    followers = [];
    const rival = now.rival.numbers.length > 0 ? [{ series: now.rival, kind: "gad-curve-rival" }] : [];
    const loss = curve({ name: now.loss, series: now.losses, kind: "gad-curve-value", more: rival, large: true });
    if (rival.length > 0) loss.append(element("p", { class: "gad-training-key" }, [now.zero ? words.rivalForgets : words.rivalZeroes]));
    heads.replaceChildren(loss);
    charts.replaceChildren();
    const singles = now.ways.flatMap((way) => (way.value ? [{ name: way.name, series: way.value }] : (way.entries ?? []).map((entry) => ({ name: entry.name, series: entry }))));
    const plain = now.ways.every((way) => way.value || way.entries);
    if (plain && singles.length === 2) {
      const [first, second] = singles;
      const label = words.plane(first.name, second.name);
      const made = makePlane({ width: 230, height: 176, across: first.series, up: second.series, names: [first.name, second.name], at: now.iteration, label });
      followers.push(made.point);
      heads.append(element("figure", { class: "gad-training-card" }, [element("figcaption", {}, [label]), made.element]));
    }
    for (const way of now.ways.slice(0, TRAINING_WAYS)) {
      const shape = way.shape.length > 0 ? ` (${way.shape.join(", ")})` : "";
      const group = element("div", { class: "gad-training-way", role: "group", "aria-label": way.name });
      if (way.value) {
        group.append(curve({ name: way.name, series: way.value, kind: "gad-curve-value", sign: true }));
      } else if (way.entries) {
        const [first, ...others] = way.entries;
        const more = others.map((entry) => ({ series: entry, kind: "gad-curve-value" }));
        group.append(curve({ name: `‖${way.name}‖${shape}`, series: way.norm ?? first, kind: "gad-curve-norm", more: [{ series: first, kind: "gad-curve-value" }, ...more], sign: true }));
      } else if (way.mean && way.low && way.high) {
        group.append(curve({ name: words.mean(way.name + shape), series: way.mean, kind: "gad-curve-value", band: { low: way.low, high: way.high }, sign: true }));
      }
      const partial = way.shape.length > 0 ? `‖∂${now.loss}/∂${way.name}‖` : `|∂${now.loss}/∂${way.name}|`;
      group.append(curve({ name: partial, series: way.gradient, kind: "gad-curve-adjoint" }));
      charts.append(group);
    }
    if (now.ways.length > TRAINING_WAYS) charts.append(element("p", { class: "gad-training-key" }, [words.more(now.ways.length - TRAINING_WAYS)]));
    if (numbers.open) tabulate(now);
    point(now.iteration);
  }

  /** The same numbers as a table. @param {Training} now */
  function tabulate(now) {
    /** @type {{name: string, series: Series}[]} */
    const columns = [{ name: now.loss, series: now.losses }];
    for (const way of now.ways) {
      if (way.value) columns.push({ name: way.name, series: way.value });
      else if (way.entries) columns.push(...way.entries.map((entry) => ({ name: entry.name, series: entry })));
      else if (way.norm) columns.push({ name: `‖${way.name}‖`, series: way.norm });
      columns.push({ name: way.shape.length > 0 ? `‖∂${now.loss}/∂${way.name}‖` : `|∂${now.loss}/∂${way.name}|`, series: way.gradient });
    }
    const head = element("tr", {}, [words.iteration, ...columns.map((column) => column.name)].map((name) => element("th", { scope: "col" }, [name])));
    const rows = now.losses.texts.map((_, k) => {
      const row = element("tr", {}, [
        element("th", { scope: "row" }, [String(k)]),
        ...columns.map((column) => element("td", {}, [column.series.texts[k] ?? ""])),
      ]);
      if (k === now.iteration) row.setAttribute("aria-current", "true");
      return row;
    });
    table.replaceChildren(element("thead", {}, [head]), element("tbody", {}, rows));
  }

  /** @param {Change} change */
  function update(change) {
    if (change === "payload") {
      training = host.payload.training ?? null;
      if (training === null) return;
      host.root.setAttribute("data-iteration", String(training.iteration));
      host.root.setAttribute("data-iterations", String(count()));
      settle(training);
      stale = true;
      if (!panel.parentElement?.hidden) draw();
      const open = opening;
      opening = null;
      if (open !== null) {
        const step = open === "first" ? 0 : host.payload.steps.length;
        if (model.get("step") !== step) {
          model.set("step", step);
          model.save_changes();
        }
      }
      const next = wish;
      wish = null;
      if (next !== null) turn(next);
    } else if (change === "open" && stale) {
      draw();
    }
  }

  return { key: "training", title: words.title, element: panel, update, offered: () => Boolean(host.payload.training) };
}
