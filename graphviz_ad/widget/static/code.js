// The Code panel: the traced functions' lines; what the present step computes is marked in them, in both passes.

import { element, setOrRemove, wordsOf } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Change, Host, Panel, PayloadStep} from "./types.js" */

/** @typedef {[block: number, row: number, start: number, end: number]} Span As graphviz_ad/story/code.py tells it. */

/**
 * @typedef {object} CodeLine
 * @property {string[]} letters
 * @property {[name: string, start: number, end: number][]} tokens
 * @property {Set<number>} made Nodes whose expressions stand here.
 * @property {Set<number>} called Nodes that a call on this line led to.
 * @property {HTMLElement} row
 * @property {HTMLElement} sign
 * @property {HTMLElement} text
 * @property {string} marked What the text shows at present.
 */

const CODE_KEYWORDS = new Set(
  ("False None True and as assert async await break class continue def del elif else except finally for from global if import in " +
    "is lambda nonlocal not or pass raise return try while with yield").split(" "),
);
const CODE_TOKEN = /#.*|"""|'''|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[\p{L}_][\p{L}\p{N}_]*|\d[\w.]*/gu;

/**
 * Comments, strings and keywords of Python lines, as columns of letters; enough to make them look like code.
 * @param {string[]} lines @returns {[name: string, start: number, end: number][][]}
 */
export function codeTokens(lines) {
  let inside = ""; // the quotes that a text of several lines began with
  return lines.map((line) => {
    /** @type {[string, number, number][]} */
    const found = [];
    let at = 0;
    /** @param {string} name @param {number} start @param {number} end */
    const add = (name, start, end) => {
      const before = [...line.slice(0, start)].length;
      found.push([name, before, before + [...line.slice(start, end)].length]);
    };
    while (at < line.length) {
      if (inside) {
        const end = line.indexOf(inside, at);
        add("string", at, end < 0 ? line.length : end + 3);
        at = end < 0 ? line.length : end + 3;
        if (end >= 0) inside = "";
        continue;
      }
      CODE_TOKEN.lastIndex = at;
      const match = CODE_TOKEN.exec(line);
      if (!match) break;
      const [token] = match;
      at = match.index + token.length;
      if (token === '"""' || token === "'''") {
        inside = token;
        const end = line.indexOf(token, at);
        add("string", match.index, end < 0 ? line.length : end + 3);
        at = end < 0 ? line.length : end + 3;
        if (end >= 0) inside = "";
      } else if (token.startsWith("#")) add("comment", match.index, at);
      else if (/^["']/.test(token)) add("string", match.index, at);
      else if (CODE_KEYWORDS.has(token)) add("keyword", match.index, at);
    }
    return found;
  });
}

/** @param {Host} host @returns {Panel} */
export function makeCode(host) {
  const words = WORDS.code;
  const body = element("div", { class: "gad-code" });
  /** @type {any} */
  let data = null;
  let turn = 0; // a later wish overtakes an earlier answer
  /** @type {CodeLine[][]} */
  let blocks = [];
  /** @type {CodeLine[]} lines that have to do with nodes */
  let lively = [];
  let current = 0; // the one of them that is in the tab order
  /** @type {number[]} nodes that the mouse or the keyboard is at in the picture */
  let pointed = [];
  /** @type {AbortController | null} */
  let watch = null; // while the panel is open

  // --- what is marked
  /** @param {string} table @param {number} key @returns {Span[]} */
  const spans = (table, key) => data?.[table]?.[key] ?? [];

  /** The marks of the present step, the stronger ones last. @returns {{sign: string, name: string, spans: Span[]}[]} */
  function marks() {
    const event = host.payload.steps[host.step - 1];
    const found = [];
    if (event) found.push(...stepMarks(event));
    const { selection } = host;
    if (selection) found.push({ sign: "", name: "selected", spans: "node" in selection ? around(selection.node) : spans("mentions", selection.edge) });
    for (const id of pointed) found.push({ sign: "", name: "pointed", spans: around(id) });
    return found;
  }

  /** @param {PayloadStep} event */
  function stepMarks(event) {
    const edge = event.edge === null ? undefined : host.payload.edges[event.edge];
    const forwards = host.payload.mode === "forward";
    const maker = edge && !forwards ? edge.consumer : event.node; // whose expression it is about
    const name = event.kind === "value" ? "value" : forwards ? "tangent" : "adjoint";
    if (event.kind === "update" || event.kind === "zero") return [];
    const found = [
      { sign: "", name: "call", spans: spans("calls", maker) },
      { sign: name, name, spans: spans("nodes", maker) },
    ];
    if (edge) found.push({ sign: found[1].spans.length ? "" : name, name: "read", spans: spans("mentions", edge.index) });
    return found;
  }

  /** A node's expressions; an input's mentions. @param {number} id @returns {Span[]} */
  function around(id) {
    const own = spans("nodes", id);
    if (own.length) return own;
    return host.payload.edges.filter((edge) => edge.input === id).flatMap((edge) => spans("mentions", edge.index));
  }

  /** Shows the marks; only lines whose marks have changed are written anew. @param {boolean} reveal */
  function show(reveal) {
    /** @type {Map<CodeLine, {sign: string, marks: [string, number, number][]}>} */
    const wanted = new Map();
    /** @type {CodeLine | null} */
    let active = null;
    for (const mark of marks()) {
      for (const [block, row, start, end] of mark.spans) {
        const line = blocks[block]?.[row];
        if (!line) continue;
        const found = wanted.get(line) ?? { sign: "", marks: [] };
        wanted.set(line, found);
        if (mark.sign) {
          found.sign = mark.sign;
          active ??= line;
        }
        found.marks.push([mark.name, start, end]);
      }
    }
    for (const line of blocks.flat()) {
      const { sign, marks: told } = wanted.get(line) ?? { sign: "", marks: [] };
      const key = JSON.stringify([sign, told]);
      if (key === line.marked) continue;
      line.marked = key;
      line.sign.textContent = sign === "" ? "" : WORDS.signs[/** @type {"value" | "adjoint" | "tangent"} */ (sign)];
      line.row.classList.toggle("gad-code-now", sign !== "");
      setOrRemove(line.row, "data-sign", sign || null);
      setOrRemove(line.row, "aria-current", sign ? "step" : null);
      write(line, told);
    }
    if (active && reveal) bringIntoView(active.row);
  }

  /** The letters of a line, cut wherever a token or a mark begins or ends. @param {CodeLine} line @param {[string, number, number][]} told */
  function write(line, told) {
    const { letters, tokens, text } = line;
    const cuts = [...new Set([0, letters.length, ...[...tokens, ...told].flatMap(([, start, end]) => [start, end])])].sort((a, b) => a - b);
    /** @type {(Node | string)[]} */
    const parts = [];
    for (let at = 0; at + 1 < cuts.length; at += 1) {
      const [start, end] = [cuts[at], cuts[at + 1]];
      /** @param {[string, number, number]} one */
      const covers = ([, from, to]) => from <= start && end <= to;
      const names = tokens.filter(covers).map(([name]) => `gad-token-${name}`);
      for (const one of told.filter(covers)) {
        names.push(`gad-mark-${one[0]}`);
        if (one[1] === start) names.push("gad-mark-start");
        if (one[2] === end) names.push("gad-mark-end");
      }
      const piece = letters.slice(start, end).join("");
      parts.push(names.length ? element("span", { class: [...new Set(names)].join(" ") }, [piece]) : piece);
    }
    text.replaceChildren(...parts, "\n");
  }

  /** Scrolls the panel, never the page. @param {HTMLElement} row */
  function bringIntoView(row) {
    const frame = body.getBoundingClientRect();
    const { top, bottom } = row.getBoundingClientRect();
    if (top < frame.top) body.scrollTop += top - frame.top - 24;
    else if (bottom > frame.bottom) body.scrollTop += bottom - frame.bottom + 24;
  }

  // --- lines that lead to nodes
  /** @param {CodeLine} line */
  const nodesOf = (line) => (line.made.size ? line.made : line.called);

  /** Goes to the next step that computes a node of a line, and from the last to the first. @param {CodeLine} line */
  function follow(line) {
    const nodes = nodesOf(line);
    /** @type {number[]} */
    const steps = [];
    for (const [at, event] of host.payload.steps.entries()) if (event.kind === "value" && nodes.has(event.node)) steps.push(at + 1);
    const next = steps.find((step) => step > host.step) ?? steps[0];
    if (next !== undefined) host.go(next);
    else host.select({ node: [...nodes][0] });
  }

  /** @param {number} at @param {boolean} focus */
  function moveTo(at, focus) {
    if (lively.length === 0) return;
    lively[current]?.row.setAttribute("tabindex", "-1");
    current = Math.min(Math.max(at, 0), lively.length - 1);
    lively[current].row.setAttribute("tabindex", "0");
    if (focus) lively[current].row.focus();
  }

  /** @param {EventTarget | null} target */
  function lineOf(target) {
    const row = target instanceof Element ? target.closest(".gad-code-line") : null;
    return row ? lively.findIndex((line) => line.row === row) : -1;
  }

  const { signal } = host;
  signal.addEventListener("abort", () => watch?.abort());
  body.addEventListener("click", (event) => {
    const at = lineOf(event.target);
    if (at < 0 || String(document.getSelection() ?? "")) return; // a person who copies code goes nowhere
    moveTo(at, false);
    follow(lively[at]);
  }, { signal });
  body.addEventListener("keydown", (event) => {
    const at = lineOf(event.target);
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") moveTo(at + (event.key === "ArrowDown" ? 1 : -1), true);
    else if (event.key === "Enter") follow(lively[at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal });
  /** @param {Event} event */
  const hint = (event) => {
    const line = lively[lineOf(event.target)];
    host.mark(line ? nodesOf(line) : [], "gad-from-code");
  };
  for (const kind of ["pointerover", "focusin"]) body.addEventListener(kind, hint, { signal });
  for (const kind of ["pointerleave", "focusout"]) body.addEventListener(kind, () => host.mark([], "gad-from-code"), { signal });

  /** While the panel is open, what the mouse or the keyboard is at in the picture is marked in the code. */
  function begin() {
    watch?.abort();
    watch = new AbortController();
    const open = { signal: watch.signal };
    /** @param {Event} event */
    const point = (event) => {
      const group = event.target instanceof Element ? event.target.closest("g.gad-node") : null;
      const found = group ? [Number(group.getAttribute("data-id"))] : [];
      if (found[0] === pointed[0]) return;
      pointed = found;
      show(false);
    };
    for (const kind of ["pointerover", "focusin"]) host.stage.addEventListener(kind, point, open);
    for (const kind of ["pointerleave", "focusout"]) host.stage.addEventListener(kind, () => {
      if (pointed.length === 0) return;
      pointed = [];
      show(false);
    }, open);
  }

  // --- the lines
  function draw() {
    blocks = [];
    lively = [];
    /** @type {HTMLElement[]} */
    const parts = [];
    for (const block of data.blocks) {
      const tokens = codeTokens(block.lines);
      /** @type {CodeLine[]} */
      const lines = block.lines.map((/** @type {string} */ line, /** @type {number} */ at) => {
        const sign = element("span", { class: "gad-code-sign", "aria-hidden": "true" });
        const text = element("code", { class: "gad-code-text" });
        const number = element("span", { class: "gad-code-number", "aria-hidden": "true" }, [String(block.first + at)]);
        const row = element("div", { class: "gad-code-line", "data-line": String(block.first + at) }, [sign, number, text]);
        return { letters: [...line], tokens: tokens[at], made: new Set(), called: new Set(), row, sign, text, marked: "" };
      });
      blocks.push(lines);
      const name = [block.label, block.name].filter(Boolean).join(" · ");
      parts.push(
        element("div", { class: "gad-code-block", role: "group", "aria-label": name }, [
          element("div", { class: "gad-code-head" }, [element("span", { class: "gad-code-file" }, [block.label]), ...(block.name ? [` ${block.name}`] : [])]),
          element("div", { class: "gad-code-lines", dir: "ltr" }, lines.map((line) => line.row)),
        ]),
      );
    }
    for (const [table, key] of /** @type {["nodes" | "calls", "made" | "called"][]} */ ([["nodes", "made"], ["calls", "called"]])) {
      for (const [id, found] of Object.entries(data[table])) {
        for (const [block, row] of found) blocks[block]?.[row]?.[key].add(Number(id));
      }
    }
    const names = new Map(host.payload.nodes.map((node) => [node.id, node.name]));
    for (const line of blocks.flat()) {
      const nodes = [...nodesOf(line)].flatMap((id) => names.get(id) ?? []);
      if (nodes.length === 0) continue;
      lively.push(line);
      line.row.classList.add("gad-code-lively");
      line.row.setAttribute("role", "button");
      line.row.setAttribute("tabindex", "-1");
      line.row.setAttribute("aria-label", words.line(line.row.dataset.line ?? "", line.letters.join("").trim(), nodes));
      line.row.title = words.makes(nodes);
    }
    if (data.cut) parts.push(element("p", { class: "gad-code-note" }, [words.cut]));
    if (parts.length === 0) parts.push(element("p", { class: "gad-code-note" }, [words.none]));
    body.replaceChildren(...parts);
    current = 0;
    moveTo(0, false);
    show(true);
  }

  async function load() {
    const mine = ++turn;
    body.replaceChildren();
    try {
      const answer = await host.ask("code");
      if (mine !== turn) return;
      data = answer.data;
      draw();
    } catch (error) {
      if (mine !== turn) return;
      body.replaceChildren(element("p", { class: "gad-code-note" }, [wordsOf(error)]));
    }
  }

  /** @param {Change} change */
  function update(change) {
    if (change === "payload") {
      turn += 1;
      data = null;
      pointed = [];
      if (watch) void load();
    } else if (change === "open") {
      begin();
      if (data) show(true);
      else void load();
    } else if (data) {
      show(change === "step");
    }
  }

  function leave() {
    watch?.abort();
    watch = null;
    pointed = [];
    host.mark([], "gad-from-code");
  }

  return { key: "code", title: words.title, element: body, update, leave };
}
