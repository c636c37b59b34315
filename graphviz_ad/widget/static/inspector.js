// The Details panel: why the active number is what it is, and everything about a selected node or edge.
//
// It tells nothing that the story has not revealed yet; until then "not yet" stands in its place.

import { element, wordsOf } from "./dom.js";
import { WORDS } from "./words.js";

/** @import {Host, Panel, PayloadNode} from "./types.js" */

/** @typedef {{text: string, shape: string, exact: string}} InspectedNumber As graphviz_ad/story/inspect.py tells it. */

/** @param {Host} host @returns {Panel} */
export function makeInspector(host) {
  const words = WORDS.details;
  const { signs } = WORDS;
  const body = element("div", { class: "gad-details" });
  let turn = 0; // a later wish overtakes an earlier answer
  let shown = ""; // what the body is about

  host.keys.push((event) => {
    if (event.key !== "Escape" || !host.selection) return false;
    host.select(null);
    return true;
  });

  // --- small parts
  /** @param {string} name @param {(Node | string)[]} children @param {keyof HTMLElementTagNameMap} [tag] */
  const part = (name, children, tag = "div") => element(tag, { class: name }, children);
  /** @param {string} text @param {string} kind */
  const code = (text, kind = "") => part(`gad-math ${kind}`, [text], "span");
  const notYet = () => part("gad-not-yet", [words.notYet], "span");

  /** @param {string} text @param {string} label @param {() => void} act */
  function command(text, label, act) {
    const made = element("button", { type: "button", class: "gad-link" }, [text]);
    if (label !== text) made.setAttribute("aria-label", label);
    made.addEventListener("click", act, { signal: host.signal });
    return made;
  }

  /** A number for people, the exact one as its tooltip. @param {InspectedNumber | null} number @param {string} kind @param {boolean} [shaped] */
  function numeral(number, kind, shaped = true) {
    const made = part(`gad-numeral gad-tells-${kind}`, [number ? number.text : signs.none], "span");
    if (number?.exact) made.title = number.exact;
    if (number?.exact) made.dataset.exact = number.exact;
    if (number?.shape && shaped) made.append(part("gad-of-shape", [` ${number.shape}`], "span"));
    return made;
  }

  /** @param {string} left @param {string[]} chain @param {boolean} whole Whether its numbers may be seen. */
  function equation(left, chain, whole) {
    const made = part("gad-equation", [code(left)]);
    for (const [at, text] of (whole ? chain : chain.slice(0, 1)).entries()) made.append(" = ", code(text, at === 0 ? "gad-symbols" : ""));
    if (!whole && chain.length > 1) made.append(" = ", notYet());
    return made;
  }

  /** @param {[string, Node | string | null][]} rows */
  function facts(rows) {
    const list = element("dl", { class: "gad-facts" });
    for (const [term, told] of rows) {
      if (told !== null) list.append(element("dt", {}, [term]), element("dd", {}, [told]));
    }
    return list;
  }

  /** @param {number} id */
  const nodeOf = (id) => host.payload.nodes.find((node) => node.id === id);
  /** @param {number} id */
  const nameOfNode = (id) => nodeOf(id)?.name ?? "";
  const derivative = () => (host.payload.mode === "forward" ? "tangent" : "adjoint");

  /** Names of nodes as buttons that select them. @param {any[]} ends */
  function links(ends) {
    const made = part("gad-names", [], "span");
    for (const [at, end] of ends.filter((one, place) => ends.findIndex((other) => other.node === one.node) === place).entries()) {
      made.append(at > 0 ? ", " : "", command(end.name, words.show(end.name), () => host.select({ node: end.node })));
    }
    return made;
  }

  /** @param {string} title @param {string[]} chips */
  function header(title, chips) {
    const made = part("gad-details-head", [element("h3", {}, [title])]);
    for (const chip of chips.filter(Boolean)) made.append(part("gad-chip", [chip], "span"));
    if (host.selection) made.append(command(words.release, words.release, () => host.select(null)));
    else made.append(part("gad-following", [words.following], "span"));
    return made;
  }

  // --- the ledger: one row for each contribution, as far as the story has come
  /** @param {any} node @returns {HTMLElement | null} */
  function ledger(node) {
    const { step } = host;
    const forwards = host.payload.mode === "forward";
    if (node.ledger.length === 0) return null;
    const heads = [words.step, forwards ? words.fromInput : words.fromConsumer, words.product, words.sum];
    const rows = node.ledger.map((/** @type {any} */ row) => {
      const known = row.step <= step;
      const cells = [
        element("td", {}, [command(String(row.step), words.goTo(row.step), () => host.go(row.step))]),
        element("th", { scope: "row" }, [command(nameOfNode(row.from), words.showEdge(nameOfNode(row.from)), () => host.select({ edge: row.edge }))]),
        element("td", {}, known || row.symbols ? product(row, known) : [notYet()]),
        element("td", { class: "gad-running" }, known ? running(row) : [notYet()]),
      ];
      const made = element("tr", { "data-step": String(row.step), "data-known": String(known) }, cells);
      if (row.step === step) made.classList.add("gad-now");
      return made;
    });
    if (node.seed) {
      const known = node.seed.step <= step;
      const cells = [
        element("td", {}, [command(String(node.seed.step), words.goTo(node.seed.step), () => host.go(node.seed.step))]),
        element("th", { scope: "row" }, [words.seed]),
        element("td", {}),
        element("td", { class: "gad-running" }, [known ? code(node.seed.text, `gad-tells-${derivative()}`) : notYet()]),
      ];
      rows.unshift(element("tr", { "data-step": String(node.seed.step), "data-known": String(known) }, cells));
    }
    const arrived = node.ledger.filter((/** @type {any} */ row) => row.step <= step).length;
    const told = forwards ? words.inputsDone(arrived, node.ledger.length) : words.consumersDone(arrived, node.ledger.length);
    return part("gad-sums-holder", [
      element("table", { class: "gad-sums" }, [
        element("caption", {}, [words.ledger(node.symbol ?? node.name), part("gad-count", [told], "span")]),
        element("thead", {}, [element("tr", {}, heads.map((head) => element("th", { scope: "col" }, [head])))]),
        element("tbody", {}, rows),
      ]),
    ]);
  }

  /** @param {any} row @param {boolean} known @returns {(Node | string)[]} */
  function product(row, known) {
    /** @type {(Node | string)[]} */
    const found = [];
    if (row.symbols) found.push(factors(row.symbols, "gad-symbols"));
    if (!known) return [...found, " = ", notYet()];
    if (row.numbers) found.push(" = ", factors(row.numbers));
    if (row.summed) found.push(" = ", code(row.summed.text), part("gad-of-shape", [` ${row.summed.shape}`], "span"), ` ${words.summedTo(row.summed.to)}`);
    if (found.length > 0) found.push(" = ");
    found.push(code(row.sent, `gad-tells-${derivative()}`));
    return found;
  }

  /** A product, which may go on in the next line after each of its signs. @param {string} text @param {string} [kind] */
  const factors = (text, kind) => part(`gad-math ${kind ?? ""}`, text.split(/(?<=[·×])/).flatMap((factor) => [element("wbr"), factor]), "span");

  /** @param {any} row @returns {(Node | string)[]} */
  const running = (row) => [code(row.old, "gad-old"), " → ", code(row.new, `gad-tells-${derivative()}`)];

  // --- a node
  /** @param {any} node */
  function aboutNode(node) {
    const { step, state } = host;
    const shownNode = /** @type {PayloadNode} */ (nodeOf(node.id));
    const known = state.nodes.get(node.id)?.value ?? false;
    const kinds = [node.kind === "primitive" ? node.operation : words.kinds[/** @type {keyof typeof words.kinds} */ (node.role || node.kind)] ?? node.role];
    const left = part("gad-details-main", []);
    if (node.formula) left.append(equation(node.formula.left, node.formula.chain, known));
    const rows = /** @type {[string, Node | string | null][]} */ ([]);
    if (node.value) rows.push([`${signs.value} ${words.value}`, known ? present(node) : notYet()]);
    const number = node[derivative()];
    if (number) rows.push([`${signs[derivative()]} ${words[derivative()]}`, ending(node, number)]);
    else if (node.value && !shownNode.differentiable) rows.push([`${signs.adjoint} ${words.adjoint}`, node.kind === "constant" ? words.constant : words.discrete]);
    if (number && !node.reached && derivative() === "adjoint") rows.push([words.path, words.unreached]);
    if (node.contents) rows.push([words.holds, node.contents]);
    rows.push([words.shape, node.shape ? `${node.shape} ${node.dtype}` : node.dtype === "float64" || !node.dtype ? null : node.dtype]);
    rows.push([words.primitive, node.primitive && node.primitive !== node.operation ? code(node.primitive) : null]);
    rows.push([words.aliases, node.aliases?.length ? node.aliases.join(", ") : null]);
    rows.push([words.part, node.order ? words.orderOf(node.role, node.order) : null]);
    rows.push([words.group, node.group ? node.group : null]);
    rows.push([words.source, node.source ? part("gad-source", [code(node.source.text), part("gad-place", [node.source.place], "span")], "span") : null]);
    rows.push([words.inputs, node.inputs.length ? links(node.inputs) : null]);
    rows.push([words.consumers, node.consumers.length ? links(node.consumers) : words.nobody]);
    left.append(facts(rows), jumps(node));
    const right = part("gad-details-more", []);
    const table = ledger(node);
    if (table) right.append(table);
    if (node.members) right.append(members(node));
    return [header(shownNode.name, kinds), part("gad-details-columns", [left, right])];

    /** What a value's row says; in training that of after the update. @param {any} told */
    function present(told) {
      if (!told.update || step < told.update.step) return numeral(told.value, "value", false);
      return part("gad-so-far", [numeral(told.update.value, "value", false), ` ${words.updated(told.value.text)}`], "span");
    }

    /** What an adjoint's row says: the number, how far it has come, or "not yet". @param {any} told @param {InspectedNumber} final */
    function ending(told, final) {
      const now = state.nodes.get(told.id);
      if (told.zero && step >= told.zero.step) {
        return part("gad-so-far", [numeral(told.zero.adjoint, "adjoint", false), ` ${words.zeroed}`], "span");
      }
      if (step >= told.revealed[derivative()]) return numeral(final, derivative(), false);
      if (now?.accumulator == null) return notYet();
      return part("gad-so-far", [code(now.accumulator, `gad-tells-${derivative()}`), ` ${words.soFar}`], "span");
    }
  }

  /** @param {any} node */
  function jumps(node) {
    const made = part("gad-jumps", []);
    /** @param {number} to @param {string} label */
    const jump = (to, label) => {
      const button = element("button", { type: "button", class: "gad-command" }, [label]);
      button.disabled = to === host.step;
      button.addEventListener("click", () => host.go(to), { signal: host.signal });
      made.append(button);
    };
    if (node.revealed.value > 0) jump(node.revealed.value, words.toValue(node.revealed.value));
    if (node[derivative()] && (node.ledger.length || node.seed)) {
      jump(node.revealed[derivative()], derivative() === "tangent" ? words.toTangent(node.revealed.tangent) : words.toAdjoint(node.revealed.adjoint));
    }
    if (nodeOf(node.id)?.value?.startsWith("{")) {
      const button = element("button", { type: "button", class: "gad-command" }, [words.closer]);
      button.addEventListener("click", () => host.openTab("tensor"), { signal: host.signal });
      made.append(button);
    }
    return made;
  }

  /** What a collapsed group holds, and what comes out of it. @param {any} node */
  function members(node) {
    const known = host.state.nodes.get(node.id)?.value ?? false;
    const list = element("ul", { class: "gad-members" });
    for (const one of node.members) {
      list.append(element("li", {}, [code(one.name), ` ${one.operation} `, part("gad-of-shape", [one.shape], "span")]));
    }
    if (node.count > node.members.length) list.append(element("li", {}, [words.more(node.count - node.members.length)]));
    const out = element("ul", { class: "gad-members" });
    for (const one of node.out) out.append(element("li", {}, [code(one.name), " = ", known ? numeral(one.value, "value") : notYet()]));
    return part("gad-inside", [element("h4", {}, [words.inside]), list, element("h4", {}, [words.comesOut]), out]);
  }

  // --- an edge: factor × local derivative = contribution
  /** @param {any} edge @param {any} node The node whose sum it adds to. */
  function aboutEdge(edge, node) {
    const { state, step } = host;
    const kind = derivative();
    const start = nameOfNode(edge.input);
    const consumer = nameOfNode(edge.consumer);
    const local = state.locals.has(edge.index) || step >= edge.revealed.local;
    const sent = state.contributions.has(edge.index) || step >= edge.revealed.contribution;
    const main = part("gad-details-main", []);
    const { contribution } = edge;
    if (contribution) main.append(product3());
    else main.append(part("gad-silent", [edge.cut ? words.cut : words.silent]));
    if (edge.local) main.append(derivation());
    if (edge.reason && (local || !contribution)) main.append(part("gad-why", [edge.reason], "p"));
    if (contribution?.shapes) {
      main.append(facts([[words.shapes, code(contribution.shapes)], ...beforeSum()]));
    }
    if (edge.through) main.append(part("gad-why", [words.through(edge.through, edge.edges)], "p"));
    return { title: signs.edge(start, consumer), main };

    /** The three numbers side by side, symbols above them. */
    function product3() {
      const factor = edge.factor;
      const from = factor && state.nodes.get(factor.node);
      const factorKnown = Boolean(from && (kind === "tangent" ? from.tangent : from.adjoint));
      const number = edge.local?.number;
      const boxes = [
        box(kind, factor?.symbol ?? "", factor ? (factorKnown ? numeral(factor.number, kind) : notYet()) : "", kind === "tangent" ? words.tangentOf : words.adjointOf),
        box("local", edge.local?.left ?? "", !local ? notYet() : number ? numeral(number, "local") : edge.local?.shape || signs.none, words.local),
        box(kind, node.symbol ? words.into(node.symbol) : "", sent ? numeral(contribution.number, kind) : notYet(), kind === "tangent" ? words.pushed : words.sent),
      ];
      if (!factor) return part("gad-product", [boxes[2]]);
      const [one, other] = kind === "tangent" ? [boxes[1], boxes[0]] : boxes;
      // a sign and what stands behind it stay together
      return part("gad-product", [one, part("gad-times", [sign(edge.turned ? words.turned : "×"), other]), part("gad-times", [sign(edge.landing ? words.landing : "="), boxes[2]])]);
    }

    /** @param {string} name @param {string} symbol @param {Node | string} number @param {string} label */
    function box(name, symbol, number, label) {
      return part(`gad-factor gad-factor-${name}`, [part("gad-factor-label", [label]), part("gad-factor-symbol", [code(symbol)]), part("gad-factor-number", [number])]);
    }

    /** @param {string} text */
    function sign(text) {
      return part("gad-between", [text], "span");
    }

    /** How the local derivative comes about. */
    function derivation() {
      const told = edge.local;
      const made = part("gad-local-told", []);
      if (told.chain.length > 0) made.append(equation(told.left, told.chain, local));
      else if (told.map) made.append(part("gad-equation", [code(told.map)]));
      if (told.matrix) {
        made.append(element("pre", { class: "gad-matrix", "aria-label": words.matrix }, [local ? told.matrix : words.notYet]));
      }
      return made;
    }

    /** @returns {[string, Node | string | null][]} */
    function beforeSum() {
      const { summed } = contribution;
      if (!summed) return [];
      const before = step >= summed.step ? part("", [code(summed.text), part("gad-of-shape", [` ${summed.shape}`], "span")], "span") : notYet();
      return [
        [words.beforeSum, before],
        [words.afterSum, sent ? numeral(contribution.number, kind) : notYet()],
      ];
    }
  }

  // --- what it is about
  /** @param {any[]} children @param {string} about */
  function place(children, about) {
    const focused = document.activeElement instanceof HTMLElement && body.contains(document.activeElement) ? document.activeElement.textContent : null;
    shown = about;
    body.dataset.about = about;
    body.replaceChildren(...children);
    if (focused === null) return;
    // whoever pressed a button here stays here
    const again = [...body.querySelectorAll("button")].find((button) => button.textContent === focused && !button.disabled);
    (again ?? host.root).focus({ preventScroll: true });
  }

  async function show() {
    const mine = ++turn;
    const { payload, state, selection, step } = host;
    const event = step > 0 ? payload.steps[step - 1] : undefined;
    const about = selection ?? (event ? (event.edge !== null ? { edge: event.edge } : { node: event.node }) : null);
    if (!about) {
      place([part("gad-details-hint", [words.hint], "p")], "");
      return;
    }
    try {
      if ("node" in about) {
        const { data } = await host.ask(`node:${about.node}`);
        if (mine === turn) place(aboutNode(data), `node:${about.node}`);
        return;
      }
      // an edge is told together with the sum that it adds to
      const edge = (await host.ask(`edge:${about.edge}`)).data;
      const sumAt = payload.mode === "forward" ? edge.consumer : edge.input;
      const node = (await host.ask(`node:${sumAt}`)).data;
      if (mine !== turn || state !== host.state) return;
      const { title, main } = aboutEdge(edge, node);
      const table = ledger(node);
      place([header(title, [words.edge]), part("gad-details-columns", [main, part("gad-details-more", table ? [table] : [])])], `edge:${about.edge}`);
    } catch (error) {
      if (mine === turn) place([part("gad-details-hint", [wordsOf(error)], "p")], shown);
    }
  }

  return {
    key: "details",
    title: words.title,
    element: body,
    update(change) {
      if (change === "payload" && body.closest("[hidden]")) return; // closed
      void show();
    },
  };
}
