// The Cells panel: an array as a heat map that can be read cell by cell, its statistics, and from where each cell comes.
//
// Arrays are asked for only while this panel is open; large ones come as binary buffers.

import { element, svgPart, wordsOf } from "./dom.js";
import { refusal } from "./refusal.js";
import { WORDS } from "./words.js";

/** @import {Answer, Host, Panel, PayloadNode} from "./types.js" */

/** @typedef {"value" | "adjoint" | "tangent"} Which */

/**
 * @typedef {object} CellArray An array as it can be drawn: rows and columns of entries in C order.
 * @property {number[]} shape
 * @property {number} rows
 * @property {number} columns
 * @property {number} slices How many matrices there are.
 * @property {number} across How many of them stand beside each other.
 * @property {(flat: number) => number} at The number of an entry.
 * @property {(flat: number) => string} text The exact number of an entry.
 * @property {boolean} bools
 * @property {boolean} reduced Its cells are means of blocks: nothing finer is known here.
 * @property {number} scale
 */

const MOST_CELLS = 64; // rows or columns of one map; more are drawn as means of blocks, with a close-up
const CLOSE_UP = 17; // rows and columns around the cell
const LEVELS = 5;
const SIGN_CLASSES = new Set(["gad-cell-minus", "gad-cell-minus-strong", "gad-cell-nan", "gad-cell-inf"]);

/** The level of a number on a scale, as `_level` of graphviz_ad/story/cells.py has it; null for what is not finite.
 * @param {number} number @param {number} scale @returns {number | null} */
export function heatLevel(number, scale) {
  if (!Number.isFinite(number)) return null;
  const share = scale ? Math.abs(number) / scale : 0;
  const level = share > 1e-13 ? Math.min(Math.ceil(LEVELS * Math.sqrt(share) - 1e-9), LEVELS) : 0;
  return number < 0 ? -level : level;
}

/**
 * @typedef {object} CellTable
 * @property {number} rows Of all matrices together.
 * @property {number} columns
 * @property {number} slices
 * @property {number} across
 */

/** Rows, columns and matrices of a shape: of more than two axes those of length 1 go first, as in the picture. The last
 * axis but two runs to the right, as far as there is room. @param {number[]} shape @returns {CellTable} */
export function tableOf(shape) {
  const axes = shape.length > 2 ? shape.filter((length) => length !== 1) : shape;
  const columns = axes.length === 0 ? 1 : axes[axes.length - 1];
  const size = shape.reduce((product, length) => product * length, 1);
  const rows = columns === 0 ? 0 : size / columns;
  const height = axes.length > 1 ? axes[axes.length - 2] : 1;
  const slices = axes.length > 2 && height > 0 ? rows / height : 1;
  const across = slices > 1 ? Math.max(Math.min(axes[axes.length - 3], Math.floor(MOST_CELLS / columns)), 1) : 1;
  return { rows, columns, slices, across };
}

/** Where the cells of a table stand, its matrices laid out: down and to the right, counted in cells. @param {CellTable} table */
export function cellPlaces({ rows, columns, slices, across }) {
  const high = rows / slices;
  return {
    high,
    down: Math.ceil(slices / across) * high,
    right: across * columns,
    /** @param {number} flat @returns {[down: number, right: number]} */
    of(flat) {
      const row = Math.floor(flat / columns);
      const slice = Math.floor(row / high);
      return [Math.floor(slice / across) * high + (row % high), (slice % across) * columns + (flat % columns)];
    },
    /** Which entry stands there; null for none. @param {number} down @param {number} right @returns {number | null} */
    at(down, right) {
      const slice = Math.floor(down / high) * across + Math.floor(right / columns);
      const there = down >= 0 && right >= 0 && right < across * columns && slice < slices;
      return there ? (slice * high + (down % high)) * columns + (right % columns) : null;
    },
  };
}

/** The index of an entry: "[1, 0]" of the second row. @param {number} flat @param {number[]} shape @returns {string} */
export function indexText(flat, shape) {
  const index = [];
  for (const length of [...shape].reverse()) {
    index.unshift(flat % length);
    flat = Math.floor(flat / length);
  }
  return `[${index.join(", ")}]`;
}

/** A shape as Python writes it. @param {number[]} shape @returns {string} */
export function cellShape(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

/** Reads what the desk has answered. @param {Answer} answer @returns {CellArray} */
export function cellArray(answer) {
  const { data, buffers } = answer;
  const bools = data.dtype === "bool";
  /** @param {unknown} entry */
  const read = (entry) => (typeof entry === "string" ? Number(entry.replace("inf", "Infinity")) : Number(entry));
  const common = { shape: /** @type {number[]} */ (data.shape), bools, scale: bools ? 1 : Number(data.scale) };
  if (data.entries === null && buffers.length > 0) {
    const view = buffers[0];
    const at = (/** @type {number} */ flat) => view.getFloat64(8 * flat, true);
    return { ...common, ...tableOf(data.shape), reduced: false, at, text: (flat) => exactText(at(flat), bools) };
  }
  const reduced = data.entries === null;
  const entries = reduced ? data.means.entries : data.entries;
  const table = reduced ? { rows: data.means.rows, columns: data.means.columns, slices: 1, across: 1 } : tableOf(data.shape);
  const at = (/** @type {number} */ flat) => read(entries[flat]);
  // Complex entries are drawn by their magnitudes and read out as they are.
  return { ...common, ...table, reduced, at, text: (flat) => data.texts?.[flat] ?? exactText(at(flat), bools) };
}

/** @param {number} number @param {boolean} bools */
function exactText(number, bools) {
  if (bools) return number ? "True" : "False";
  if (Number.isNaN(number)) return "nan";
  return Number.isFinite(number) ? String(number) : number > 0 ? "inf" : "-inf";
}

/**
 * @typedef {object} HeatMap
 * @property {HTMLElement} element
 * @property {SVGSVGElement} svg
 * @property {(flats: Iterable<number>) => void} frame Frames these cells.
 * @property {(flat: number | null) => void} point Marks the one cell that is read out.
 */

/**
 * Draws the numbers of a table.
 * @param {CellTable & {scale: number, bools: boolean}} table
 * @param {(row: number, column: number) => number} numberAt
 * @param {string} label @param {number} largest the side that it may fill, in pixels
 * @returns {HeatMap & {cellAt: (event: MouseEvent) => number | null}}
 */
function drawHeat(table, numberAt, label, largest) {
  const { rows, columns, slices } = table;
  const places = cellPlaces(table);
  const cell = Math.max(4, Math.min(largest > 200 ? 36 : 26, Math.floor(largest / Math.max(places.down, places.right, 1))));
  const gap = cell > 7 ? 1 : 0;
  const apart = slices > 1 ? Math.max(3, Math.round(cell / 4)) : 0;
  /** Where so many cells begin, of which the first `each` stand together. @param {number} cells @param {number} each */
  const px = (cells, each) => 1 + cells * cell + (each > 0 ? Math.floor(cells / each) * apart : 0);
  /** @param {number} flat @returns {[x: number, y: number]} */
  const corner = (flat) => {
    const [down, right] = places.of(flat);
    return [px(right, columns), px(down, places.high)];
  };
  const width = px(places.right, columns) - (columns > 0 ? apart : 0) + 1;
  const height = px(places.down, places.high) - (places.high > 0 ? apart : 0) + 1;
  const svg = /** @type {SVGSVGElement} */ (svgPart("svg", { class: "gad-cells", width, height, viewBox: `0 0 ${width} ${height}`, "aria-label": label, role: "img" }));

  /** @type {Map<string, string[]>} */
  const drawn = new Map();
  /** @param {string} name @param {string} path */
  const add = (name, path) => void (drawn.get(name)?.push(path) ?? drawn.set(name, [path]));
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const number = numberAt(row, column);
      const [x, y] = corner(row * columns + column);
      const side = cell - gap;
      const square = `M${x} ${y}h${side}v${side}h${-side}z`;
      const level = heatLevel(number, table.scale);
      const [middle, half] = [y + side / 2, Math.max(side / 4, 1)];
      if (level === null) {
        add("gad-cell-odd", square);
        const a = side * 0.2;
        if (Number.isNaN(number)) add("gad-cell-nan", `M${x + a} ${y + a}l${side - 2 * a} ${side - 2 * a}m0 ${2 * a - side}l${2 * a - side} ${side - 2 * a}`);
        else if (number > 0) add("gad-cell-inf", `M${x + a} ${y + side - a}h${side - 2 * a}L${x + side / 2} ${y + a}z`);
        else add("gad-cell-inf", `M${x + a} ${y + a}h${side - 2 * a}L${x + side / 2} ${y + side - a}z`);
      } else if (table.bools) {
        add(number ? "gad-cell-on" : "gad-cell-off", square);
      } else {
        add(level === 0 ? "gad-cell-zero" : `gad-cell-${level < 0 ? "n" : "p"}${Math.abs(level)}`, square);
        if (level < 0 && cell > 5) add(level < -3 ? "gad-cell-minus-strong" : "gad-cell-minus", `M${x + side / 2 - half} ${middle}h${2 * half}`);
      }
    }
  }
  // signs stand on their squares, whatever came first
  const layers = [...drawn].sort(([one], [other]) => Number(SIGN_CLASSES.has(one)) - Number(SIGN_CLASSES.has(other)));
  for (const [name, paths] of layers) svg.append(shape(name, paths.join("")));
  const halo = shape("gad-cell-halo", ""); // a frame is seen on any colour
  const used = shape("gad-cell-used", "");
  const pointed = shape("gad-cell-pointed", "");
  svg.append(halo, used, pointed);
  const frames = ["", ""];

  /** @param {number} which @param {string} path */
  function outlined(which, path) {
    frames[which] = path;
    [used, pointed][which].setAttribute("d", path);
    halo.setAttribute("d", frames.join(""));
  }

  /** @param {string} name @param {string} path */
  function shape(name, path) {
    return svgPart("path", { class: name, d: path });
  }
  /** @param {number} flat */
  const outline = (flat) => `M${corner(flat).join(" ")}h${cell - gap}v${cell - gap}h${gap - cell}z`;

  return {
    element: element("div", { class: "gad-cells-holder" }, [svg]),
    svg,
    frame(flats) {
      outlined(0, [...flats].map(outline).join(""));
    },
    point(flat) {
      outlined(1, flat === null ? "" : outline(flat));
    },
    cellAt(event) {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) * width) / box.width - 1;
      const y = ((event.clientY - box.top) * height) / box.height - 1;
      /** How many cells lie before it; a gap belongs to the cell before. @param {number} length @param {number} each */
      const cells = (length, each) => {
        const slice = Math.floor(length / (each * cell + apart));
        return slice * each + Math.min(Math.floor((length - slice * (each * cell + apart)) / cell), each - 1);
      };
      return places.at(cells(y, places.high), cells(x, columns));
    },
  };
}

/**
 * A heat map of an array of any size. Where it has more than 64 rows or columns, it shows means of blocks, and beside
 * them the cells around the one that is read out.
 * @param {CellArray} array @param {string} label @param {number} largest
 * @returns {{element: HTMLElement, frame: (flats: number[]) => void, point: (flat: number | null) => void,
 *   listen: (target: Host, point: (flat: number | null) => void, reach: boolean) => void}}
 */
function mapOf(array, label, largest) {
  const { rows, columns } = array;
  const laidOut = cellPlaces(array);
  const small = laidOut.down <= MOST_CELLS && laidOut.right <= MOST_CELLS;
  const places = small ? laidOut : cellPlaces({ ...array, slices: 1, across: 1 }); // where the arrows lead
  const high = Math.min(rows, MOST_CELLS);
  const wide = Math.min(columns, MOST_CELLS);
  /** The first row (or column) of a block. @param {number} block @param {number} length @param {number} blocks */
  const start = (block, length, blocks) => Math.floor((block * length) / blocks);
  const holder = element("div", { class: "gad-map" });

  /** @param {number} row @param {number} column */
  function mean(row, column) {
    let [sum, count] = [0, 0];
    for (let r = start(row, rows, high); r < start(row + 1, rows, high); r += 1) {
      for (let c = start(column, columns, wide); c < start(column + 1, columns, wide); c += 1) {
        sum += array.at(r * columns + c);
        count += 1;
      }
    }
    return sum / count;
  }

  const shown = small ? array : { ...array, rows: high, columns: wide, slices: 1, across: 1, bools: false };
  const overview = drawHeat(shown, small ? (row, column) => array.at(row * columns + column) : mean, label, largest);
  holder.append(overview.element);
  const near = element("div", { class: "gad-close-up" });
  if (!small) holder.append(near);
  /** The block of an entry. @param {number} flat */
  const blockOf = (flat) => {
    const [row, column] = [Math.floor(flat / columns), flat % columns];
    const at = (/** @type {number} */ place, /** @type {number} */ length, /** @type {number} */ blocks) =>
      Math.min(Math.floor(((place + 1) * blocks - 1) / length), blocks - 1);
    return at(row, rows, high) * wide + at(column, columns, wide);
  };
  let framed = /** @type {number[]} */ ([]);

  /** @param {number | null} flat */
  function closeUp(flat) {
    if (flat === null) return near.replaceChildren();
    const [row, column] = [Math.floor(flat / columns), flat % columns];
    const [tall, broad] = [Math.min(CLOSE_UP, rows), Math.min(CLOSE_UP, columns)];
    const top = Math.min(Math.max(row - (CLOSE_UP >> 1), 0), rows - tall);
    const left = Math.min(Math.max(column - (CLOSE_UP >> 1), 0), columns - broad);
    const table = { ...array, rows: tall, columns: broad, slices: 1, across: 1 };
    const inside = drawHeat(table, (r, c) => array.at((top + r) * columns + left + c), WORDS.tensor.closeUp, 200);
    inside.point((row - top) * broad + column - left);
    inside.frame(
      framed
        .map((one) => [Math.floor(one / columns) - top, (one % columns) - left])
        .filter(([r, c]) => r >= 0 && r < tall && c >= 0 && c < broad)
        .map(([r, c]) => r * broad + c),
    );
    near.replaceChildren(inside.element, element("p", { class: "gad-small" }, [WORDS.tensor.closeUp]));
    return undefined;
  }

  let pointed = /** @type {number | null} */ (null);
  return {
    element: holder,
    frame(flats) {
      framed = flats;
      overview.frame(small ? flats : new Set(flats.map(blockOf)));
      if (!small) closeUp(pointed ?? flats[0] ?? null);
    },
    point(flat) {
      pointed = flat;
      overview.point(flat === null ? null : small ? flat : blockOf(flat));
      if (!small) closeUp(flat);
    },
    listen(host, point, reach) {
      const { svg } = overview;
      const { signal } = host;
      /** @param {MouseEvent} event */
      const pointAt = (event) => {
        const cell = overview.cellAt(event);
        if (cell === null) return point(null);
        if (small) return point(cell);
        const middle = (/** @type {number} */ block, /** @type {number} */ length, /** @type {number} */ blocks) =>
          (start(block, length, blocks) + start(block + 1, length, blocks) - 1) >> 1;
        return point(middle(Math.floor(cell / wide), rows, high) * columns + middle(cell % wide, columns, wide));
      };
      svg.addEventListener("pointermove", pointAt, { signal });
      svg.addEventListener("pointerdown", pointAt, { signal });
      if (!reach) {
        svg.addEventListener("pointerleave", () => point(null), { signal });
        return;
      }
      svg.setAttribute("tabindex", "0");
      svg.setAttribute("role", "application"); // its arrows walk through the cells
      svg.addEventListener("focus", () => point(pointed ?? 0), { signal });
      svg.addEventListener(
        "keydown",
        (event) => {
          const at = pointed ?? 0;
          const [down, right] = places.of(at);
          const to = /** @type {Record<string, [number, number]>} */ ({
            ArrowLeft: [down, right - 1],
            ArrowRight: [down, right + 1],
            ArrowUp: [down - 1, right],
            ArrowDown: [down + 1, right],
            Home: [down, 0],
            End: [down, places.right - 1],
            PageUp: [0, right],
            PageDown: [places.down - 1, right],
          })[event.key];
          if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
          event.preventDefault();
          event.stopPropagation(); // here the arrows belong to the cells, not to the steps
          point(places.at(...to) ?? at);
        },
        { signal },
      );
    },
  };
}

/** @param {Host} host @returns {Panel} */
export function makeTensor(host) {
  const words = WORDS.tensor;
  const body = element("div", { class: "gad-tensor" });
  const chooser = element("select", { "aria-label": words.array });
  const kinds = element("span", { class: "gad-kinds", role: "group", "aria-label": words.which });
  const head = element("div", { class: "gad-tensor-head" }, [chooser, kinds]);
  const main = element("div", { class: "gad-tensor-main" });
  body.append(head, main);
  let turn = 0;
  let node = /** @type {number | null} */ (null);
  let which = /** @type {Which} */ ("value");
  let shown = ""; // what is drawn: the array and how much of the story is known

  const isArray = (/** @type {PayloadNode} */ one) => Boolean(one.value?.startsWith("{"));
  const nodeOf = (/** @type {number} */ id) => host.payload.nodes.find((one) => one.id === id);

  chooser.addEventListener(
    "change",
    () => {
      node = Number(chooser.value);
      host.select({ node });
    },
    { signal: host.signal },
  );

  /** Whether the story has come to these numbers. @param {number} id @param {Which} kind */
  function isKnown(id, kind) {
    const now = host.state.nodes.get(id);
    return Boolean(now && now[kind]);
  }

  /** What the panel is about: the selection, or what the step is about, where that is an array. */
  function choose() {
    const { selection, payload, state } = host;
    let wanted = /** @type {number | null} */ (null);
    if (selection && "node" in selection) wanted = selection.node;
    else if (selection) wanted = payload.edges.find((edge) => edge.index === selection.edge)?.input ?? null;
    else wanted = state.activeNode;
    const found = wanted === null ? undefined : nodeOf(wanted);
    if (found && (isArray(found) || selection)) node = found.id;
    if (node === null || !nodeOf(node)) node = payload.nodes.find(isArray)?.id ?? null;
  }

  function drawHead() {
    const arrays = host.payload.nodes.filter(isArray);
    chooser.replaceChildren(
      ...arrays.map((one) => {
        const option = element("option", { value: String(one.id) }, [one.name]);
        option.selected = one.id === node;
        return option;
      }),
    );
    const present = node === null ? undefined : nodeOf(node);
    if (present && !isArray(present)) chooser.selectedIndex = -1;
    const offered = /** @type {Which[]} */ (["value", "adjoint", "tangent"]).filter((kind) => kind === "value" || present?.[kind] != null);
    if (!offered.includes(which)) which = "value";
    if ([...kinds.children].map((one) => /** @type {HTMLElement} */ (one).dataset.which).join() !== offered.join()) {
      kinds.replaceChildren(
        ...offered.map((kind) => {
          const button = element("button", { type: "button", class: `gad-command gad-tells-${kind}`, "data-which": kind }, [`${WORDS.signs[kind]} ${words[kind]}`]);
          button.addEventListener("click", () => {
            which = kind;
            void show();
          }, { signal: host.signal });
          return button;
        }),
      );
    }
    for (const button of kinds.children) button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.which === which));
  }

  /** @param {(Node | string)[]} words */
  const say = (...words) => main.replaceChildren(element("p", { class: "gad-details-hint" }, words));

  async function show() {
    choose();
    drawHead();
    const about = node === null ? undefined : nodeOf(node);
    const known = about ? isKnown(about.id, which) : false;
    const inputs = about ? host.payload.edges.filter((edge) => edge.consumer === about.id).map((edge) => isKnown(edge.input, "value")) : [];
    const key = `${node} ${which} ${known} ${inputs}`;
    if (key === shown) return; // drawn, or on its way
    shown = key;
    const mine = ++turn;
    if (!about) return say(words.none);
    if (!isArray(about)) return say(words.single);
    if (!known) return say(`${about.name}: ${words.notYet}`);
    try {
      const answer = await host.ask(`array:${about.id}:${which}`);
      if (mine === turn) draw(about, answer);
    } catch (error) {
      if (mine !== turn) return undefined;
      shown = ""; // it may be asked again
      say(...refusal(host, error));
    }
    return undefined;
  }

  /** @param {PayloadNode} about @param {Answer} answer */
  function draw(about, answer) {
    const array = cellArray(answer);
    const kind = which;
    const complex = String(answer.data.dtype).startsWith("complex");
    const label = words.map(about.name, words[kind], cellShape(array.shape)) + (complex ? ` ${words.magnitudes}` : "");
    const map = mapOf(array, label, 300);
    const readOut = element("p", { class: "gad-small", "aria-live": "polite" }, [array.reduced ? words.reduced : words.hint]);
    const origins = element("div", { class: "gad-origins" });
    const left = element("div", { class: "gad-tensor-map" }, [map.element, readOut, element("p", { class: "gad-small" }, [complex ? words.magnitudes : words.signs])]);
    main.replaceChildren(left, statistics(answer.data), origins);
    if (array.reduced) return;
    const used = kind === "value" ? makeOrigins(about, map, origins) : null;
    let last = /** @type {number | null} */ (null);
    map.listen(
      host,
      (flat) => {
        if (flat === null || flat === last) return;
        last = flat;
        map.point(flat);
        map.frame([]);
        readOut.className = `gad-read-out gad-tells-${kind}`;
        readOut.textContent = `${about.name}${indexText(flat, array.shape)} = ${array.text(flat)}`;
        used?.(flat);
      },
      true,
    );
  }

  /**
   * The inputs beside an array; what a cell was computed from is framed in them.
   * @param {PayloadNode} about @param {ReturnType<typeof mapOf>} map @param {HTMLElement} holder
   * @returns {((flat: number) => void) | null}
   */
  function makeOrigins(about, map, holder) {
    if (!host.payload.edges.some((edge) => edge.consumer === about.id)) return null;
    /** @type {Map<number, {map: ReturnType<typeof mapOf> | null, told: HTMLElement, array: CellArray | null}>} */
    const inputs = new Map();
    const title = element("h3", {}, [words.usedBy]);
    const row = element("div", { class: "gad-origin-row" });
    const hint = element("p", { class: "gad-small" }, [words.usedHint]);
    holder.append(title, row, hint);
    let asked = 0;
    /** The answer for all cells, where there is one. @type {Promise<any>} */
    const table = host.ask(`used:${about.id}`).then((answer) => answer.data, () => null);

    /** @param {any} one */
    function inputFor(one) {
      const found = inputs.get(one.node);
      if (found) return found;
      const told = element("p", { class: "gad-small gad-origin-told" });
      const box = element("div", { class: "gad-origin", "data-node": one.name });
      const heading = element("p", { class: "gad-origin-name" }, [one.name, element("span", { class: "gad-of-shape" }, [one.shape.length ? ` ${cellShape(one.shape)}` : ""])]);
      if (one.through) heading.append(element("span", { class: "gad-of-shape" }, [` ${words.through(one.through)}`]));
      box.append(heading, told);
      row.append(box);
      const made = { map: /** @type {ReturnType<typeof mapOf> | null} */ (null), told, array: /** @type {CellArray | null} */ (null) };
      inputs.set(one.node, made);
      if (one.shape.length > 0) {
        host.ask(`array:${one.node}:value`).then(
          (answer) => {
            const drawn = cellArray(answer);
            if (drawn.reduced) return;
            made.array = drawn;
            made.map = mapOf(drawn, words.map(one.name, words.value, cellShape(one.shape)), 170);
            heading.after(made.map.element);
            made.map.frame(latest.get(one.node) ?? []);
            made.map.listen(host, (flat) => void reverse(one.node, flat), false);
          },
          () => {}, // the cells are told in words
        );
      }
      return made;
    }

    /** @type {Map<number, number[]>} */
    const latest = new Map();

    /** The other way round: what was computed from an input's cell. @param {number} id @param {number | null} flat */
    async function reverse(id, flat) {
      const all = await table;
      const input = all?.inputs.find((/** @type {any} */ one) => one.node === id);
      if (!input) return;
      for (const one of inputs.values()) one.map?.frame([]);
      inputs.get(id)?.map?.point(flat);
      const cells = flat === null ? [] : input.cells.flatMap((/** @type {number[]} */ row, /** @type {number} */ at) => (row.includes(flat) ? [at] : []));
      map.point(null);
      map.frame(cells);
      hint.textContent = flat === null ? words.usedHint : words.uses;
      const made = inputs.get(id);
      if (flat !== null && made?.array) made.told.textContent = `${input.name}${indexText(flat, made.array.shape)} = ${made.array.text(flat)}`;
    }

    /** @param {number} flat */
    async function follow(flat) {
      const mine = ++asked;
      const all = await table;
      /** @type {any} */
      let found = null;
      if (all) {
        found = { ...all, inputs: all.inputs.map((/** @type {any} */ one) => ({ ...one, cells: one.cells[flat], count: one.cells[flat].length })) };
      } else {
        try {
          found = (await host.ask(`used:${about.id}:${flat}`)).data;
        } catch (error) {
          if (mine === asked) hint.textContent = wordsOf(error);
          return;
        }
      }
      if (mine !== asked) return;
      hint.textContent = words.usedHint;
      // windows are told by what they slide over
      const windows = new Set(found.inputs.map((/** @type {any} */ one) => one.through));
      for (const one of found.inputs) {
        if (windows.has(one.name)) continue;
        latest.set(one.node, one.cells);
        const made = inputFor(one);
        made.map?.point(null);
        made.map?.frame(one.cells);
        made.told.textContent = one.count ? words.count(one.count) : words.noCells;
        made.told.dataset.cells = one.cells.join(" ");
      }
      const unknown = found.unknown.map((/** @type {number} */ id) => nodeOf(id)?.name).filter(Boolean);
      if (unknown.length > 0) hint.textContent = `${words.usedHint} ${words.unknown}: ${unknown.join(", ")}`;
    }

    void follow(0).then(() => {
      for (const one of inputs.values()) one.told.textContent = "";
      for (const one of inputs.values()) one.map?.frame([]);
      latest.clear();
    });
    return (flat) => void follow(flat);
  }

  /** @param {any} data @returns {HTMLElement} */
  function statistics(data) {
    const told = data.statistics;
    const list = element("dl", { class: "gad-facts gad-statistics" });
    for (const name of /** @type {const} */ (["min", "mean", "max", "std", "zeros", "nan", "inf"])) {
      if (told[name] === null) continue;
      const dd = element("dd", { "data-stat": name }, [String(told[name])]);
      if ((name === "nan" || name === "inf") && told[name] > 0) dd.classList.add("gad-odd");
      list.append(element("dt", {}, [words[name]]), dd);
    }
    const made = element("div", { class: "gad-tensor-statistics" }, [list]);
    if (told.histogram) made.append(histogram(told.histogram));
    return made;
  }

  /** @param {{edges: string[], counts: number[]}} bars @returns {HTMLElement} */
  function histogram({ edges, counts }) {
    const most = Math.max(...counts);
    const [width, height] = [220, 72];
    const each = width / counts.length;
    const perBar = edges.length === counts.length;
    const texts = counts.map((count, at) => words.bar(edges[at], perBar ? "" : edges[at + 1], count));
    const label = `${words.histogram}. ${texts.filter((_, at) => counts[at] > 0).join("; ")}`;
    const svg = svgPart("svg", { class: "gad-histogram", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
    counts.forEach((count, at) => {
      const tall = count ? Math.max((count / most) * (height - 2), 1.5) : 0;
      const wide = Math.min(each - 1, 60);
      const bar = svgPart("rect", { x: at * each + (each - wide) / 2, y: height - tall, width: wide, height: tall, "data-count": count });
      bar.append(svgPart("title", {}, texts[at]));
      svg.append(bar);
    });
    const ends = perBar ? edges : [edges[0], edges[edges.length - 1]];
    return element("figure", { class: "gad-histogram-holder" }, [
      svg,
      element("figcaption", { class: perBar ? "gad-each" : "" }, ends.map((end) => element("span", {}, [end]))),
    ]);
  }

  return {
    key: "tensor",
    title: words.title,
    element: body,
    offered: () => host.payload.nodes.some(isArray),
    update(change) {
      if (change === "payload") {
        shown = "";
        if (body.closest("[hidden]")) return; // closed: nothing is fetched
      }
      void show();
    },
  };
}
