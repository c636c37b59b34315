// The panel "Cost": finite differences, forward and reverse mode side by side, and the memory at every step.

import { element, wordsOf } from "./dom.js";
import { makeLedger } from "./ledger.js";
import { WORDS } from "./words.js";

/** @import {Host, Panel} from "./types.js" */

/** @typedef {{key: "differences" | "central" | "forward" | "reverse", sweeps: number, nodes: number, scalars: number, texts: string[]}} CostMethod */

/** @param {Host} host @returns {Panel} */
export function makeCost(host) {
  const words = WORDS.cost;
  const status = element("p", { class: "gad-cost-sentence" });
  const table = element("table", { class: "gad-cost-table" });
  const holder = element("div", { class: "gad-wide", tabindex: "0", role: "group", "aria-label": words.methods }, [table]);
  const accuracy = element("p", { class: "gad-note-text" });
  const ledger = makeLedger(host);
  const legend = element("p", { class: "gad-held-legend" });
  ledger.element.append(legend);
  const methods = element("section", { class: "gad-cost-methods", "aria-label": words.methods }, [element("h3", {}, [words.methods]), status, holder, accuracy]);
  const box = element("div", { class: "gad-cost" }, [methods, ledger.element]);
  let asked = 0;
  let shown = false;

  /** @param {any} data */
  function fill(data) {
    status.textContent = data.sentence;
    accuracy.textContent = data.accuracy;
    const head = element("tr", {}, [words.method, words.sweeps, words.nodes(data.operations), words.scalars].map((name) => element("th", { scope: "col" }, [name])));
    const most = ["sweeps", "nodes", "scalars"].map((what) => Math.max(1, ...data.methods.map((/** @type {any} */ one) => one[what])));
    const rows = data.methods.map((/** @type {CostMethod} */ method) => {
      const name = element("th", { scope: "row" }, [words.names[method.key]]);
      if (method.key === data.cheapest) name.append(" ", element("span", { class: "gad-cost-best" }, [words.cheaper]));
      const cells = [method.sweeps, method.nodes, method.scalars].map((number, at) => {
        const bar = element("span", { class: "gad-cost-bar", "aria-hidden": "true" });
        bar.style.setProperty("--gad-part", `${(100 * number) / most[at]}%`);
        return element("td", {}, [element("span", { class: "gad-cost-number" }, [method.texts[at]]), bar]);
      });
      return element("tr", { "data-method": method.key }, [name, ...cells]);
    });
    table.replaceChildren(element("caption", {}, [words.caption(data.inputs, data.outputs)]), element("thead", {}, [head]), element("tbody", {}, rows));
    ledger.fill(data.memory);
    const second = host.payload.mode === "forward" ? "tangent" : "adjoint";
    const caller = data.memory?.items.some((/** @type {any} */ item) => item.caller);
    const keys = /** @type {const} */ (["value", second, "caller", "faded"]);
    legend.replaceChildren(...keys.filter((key) => key !== "caller" || caller).map((key) => element("span", { class: `gad-held-key gad-held-key-${key}` }, [WORDS.ledger.inPicture[key]])));
    methods.hidden = false;
  }

  async function tell() {
    const mine = ++asked;
    try {
      const { data } = await host.ask("cost");
      if (mine === asked) fill(data);
    } catch (error) {
      if (mine !== asked) return;
      status.textContent = wordsOf(error);
      table.replaceChildren();
      accuracy.textContent = "";
      ledger.fill(null);
    }
  }

  return {
    key: "cost",
    title: words.title,
    element: box,
    update(change) {
      if (change === "open") shown = true;
      if (change === "payload") ledger.forget();
      if (change === "step") ledger.show();
      else if (shown && change !== "selection") void tell();
    },
    leave() {
      shown = false;
      asked += 1;
      ledger.leave();
    },
  };
}
