// A model that lives in the page alone: it answers, in the kernel's place, from what Python has computed beforehand.

import { judged, numberOf } from "./answers.js";
import { patched } from "./patch.js";
import { sameStep } from "./story.js";
import { WORDS } from "./words.js";

/** @import {Edit, Look, Model, Payload, Slider} from "./types.js" */

/**
 * @typedef {object} Baked What a page carries besides its payload.
 * @property {string} svg The picture as text, for patches: the page itself shows it already.
 * @property {Record<string, any>} answers question → data
 * @property {Record<string, any>} variants key → {of, payload, answers}: what differs from another variant, or from
 *   the page's own graph where that is ""
 */

/**
 * A model with the few methods that an explorer uses, and nobody behind it. `take` is a message of the kernel: first
 * everything that it brings is so, then it is told.
 * @param {Record<string, unknown>} values @returns {Model & {take: (news: Record<string, unknown>) => void}}
 */
export function standIn(values) {
  const state = { ...values };
  /** @type {Map<string, Set<(...args: any[]) => void>>} */
  const listeners = new Map();
  /** @param {Record<string, unknown>} news */
  function take(news) {
    const changed = Object.keys(news).filter((key) => !Object.is(state[key], news[key]));
    for (const key of changed) state[key] = news[key];
    for (const key of changed) for (const callback of [...(listeners.get(`change:${key}`) ?? [])]) callback();
  }
  return {
    take,
    get: (key) => state[key],
    set: (key, value) => take({ [key]: value }),
    save_changes: () => {},
    send: () => {},
    on: (name, callback) => {
      listeners.set(name, (listeners.get(name) ?? new Set()).add(callback));
    },
    off: (name, callback) => {
      listeners.get(name)?.delete(callback);
    },
  };
}

/**
 * The key of a variant, as `variant_key` of graphviz_ad/widget/baking.py writes it.
 * @param {Look} look @param {number[]} at positions of the sliders; all those of the first payload, or none
 * @returns {string}
 */
export function variantKey(look, at) {
  const parts = Object.keys(look).sort().map((name) => `${name}=${JSON.stringify(look[name])}`);
  if (at.length > 0) parts.push(`at=${at.join(",")}`);
  return parts.join("&");
}

/**
 * What a variant is: the page's own, with the patches that lead there.
 * @param {any} own @param {Record<string, any>} variants @param {string} key @param {"payload" | "answers"} part @returns {any}
 */
function grown(own, variants, key, part) {
  return key === "" ? own : patched(grown(own, variants, variants[key].of, part), variants[key][part]);
}

/**
 * @param {Payload} payload as the page opens @param {() => Baked} load what else it carries, unpacked when first needed
 * @returns {Model}
 */
export function pageModel(payload, load) {
  /** @type {Baked | null} */
  let loaded = null;
  const baked = () => (loaded ??= load());
  const names = Object.keys(payload.sliders ?? {});
  const first = names.map((name) => payload.sliders[name].values.indexOf(payload.nodes.find((node) => node.name === name)?.value ?? ""));
  const base = payload.look ?? {};
  /** @type {Look} What the page opened with, where a look could say it. */
  const own = { labels: payload.looks?.label, mode: payload.mode, ...(payload.mode === "forward" ? { seed: payload.looks?.seed } : {}) };
  let at = first;
  /** @type {Look} In what the page departs from how it opened. */
  let shown = {};
  let present = ""; // the key of the variant that is shown
  let told = ""; // what was said of it
  let turn = 0; // later wishes overtake earlier ones
  const model = standIn({ payload, step: 0, playing: false, selected: "", inputs: {}, look: base, edit: {}, error: "", answered: 0 });
  const { on, off, get, save_changes } = model;
  /** @type {Set<(...args: any[]) => void>} */
  const hearers = new Set();

  /** @param {Look} look */
  const whole = (look) => (Object.keys(look).length > 0 ? look : base);
  /** @param {Look} look @param {number[]} place */
  const keyOf = (look, place) => variantKey(whole(look), place.join() === first.join() ? [] : place);

  /** In what a look departs from how the page opened: what was open then needs no opening. @param {Look} look @returns {Look} */
  function departing(look) {
    const groups = payload.looks?.groups ?? [];
    return Object.fromEntries(Object.entries(look).flatMap(([name, value]) => {
      if (name !== "open" && name !== "closed") return value === own[name] ? [] : [[name, value]];
      const others = value.filter((/** @type {string} */ group) => !groups.some((/** @type {any} */ one) => one.name === group && one.open === (name === "open")));
      return others.length > 0 ? [[name, others]] : [];
    }));
  }

  /** What goes back to how it was when one look gives way to another, as a sentence; "" for nothing. @param {Look} before @param {Look} after */
  function lost(before, after) {
    const words = WORDS.page.back;
    const parts = Object.keys(before).flatMap((name) => {
      if (name === "open" || name === "closed") {
        const others = before[name].filter((/** @type {string} */ group) => !after[name]?.includes(group));
        return others.length > 0 ? [words[name](others)] : [];
      }
      if (name in after || (name === "seed" && "mode" in before) || !Object.hasOwn(words, name)) return [];
      return [words[/** @type {"labels" | "mode" | "seed" | "wrong" | "iteration"} */ (name)](own[name])];
    });
    return parts.length > 0 ? WORDS.page.one(parts.join(", ")) : "";
  }

  /**
   * @param {Look} look @param {number[]} place @param {string} notice @param {Record<string, unknown>} [more] what is told with it
   * @returns {Promise<boolean>}
   */
  async function show(look, place, notice, more = {}) {
    const key = keyOf(look, place);
    const mine = ++turn;
    const { svg, variants } = await baked();
    if (mine !== turn) return true;
    const home = key === keyOf({}, first);
    if (!home && !Object.hasOwn(variants, key)) return false;
    const next = grown({ ...payload, svg }, variants, home ? "" : key, "payload");
    const before = get("payload");
    const { step, kept } = sameStep(before, Number(get("step")), next);
    present = home ? "" : key;
    shown = look;
    at = place;
    told = notice;
    const said = [next.notice, notice, kept ? "" : WORDS.page.moved(step, next.steps.length)].filter(Boolean).join(" ");
    model.take({ look: whole(look), payload: { ...next, notice: said }, step, ...more });
    return true;
  }

  /** Why a slider has no place for what was typed. @param {string} name @param {Slider} slider @param {string} text @returns {string} */
  function unlisted(name, slider, text) {
    const { value, why } = judged(text, NaN);
    if (why) return text.trim() ? why : WORDS.answers.unread;
    const above = slider.values.findIndex((other) => Number(other) > value);
    if (above > 0) return WORDS.page.between(slider.texts[above - 1], slider.texts[above]);
    return WORDS.page.grid(name, slider.texts[0], slider.texts[slider.texts.length - 1]);
  }

  /** @param {Edit} edit */
  async function onEdit(edit) {
    const slider = Object.hasOwn(payload.sliders ?? {}, edit.name) ? payload.sliders[edit.name] : null;
    const found = slider ? slider.values.findIndex((value) => numberOf(value) === judged(edit.text, NaN).value) : -1;
    const answer = { error: "", answered: edit.nonce };
    const place = at.map((position, index) => (names[index] === edit.name ? found : position));
    // what was said stays while the slider is dragged on
    if (slider && found >= 0 && (await show({}, place, lost(shown, {}) || told, answer))) return;
    model.take({ ...answer, error: slider && found < 0 ? unlisted(edit.name, slider, edit.text) : WORDS.page.question });
  }

  /** A wish as a whole, or else what is new in it alone: a page carries looks that depart in one thing. @param {Look} wish */
  async function onLook(wish) {
    const before = shown;
    const look = departing(wish);
    const news = Object.fromEntries(Object.entries(look).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
    for (const one of Object.keys(news).length > 0 ? [look, news] : [look]) {
      // who goes back to how the page opened has said so
      const gone = Object.keys(one).length > 0 ? lost(before, one) : "";
      if (await show(one, at, gone)) return;
      if (await show(one, first, gone ? `${gone} ${WORDS.page.reset}` : WORDS.page.reset)) return;
    }
    model.set("look", whole(shown));
    model.set("payload", { ...get("payload"), notice: WORDS.page.look });
  }

  /** @param {{kind?: string, question?: string, nonce?: string}} content */
  async function onSend(content) {
    if (content?.kind === "home") await show({}, first, "");
    if (content?.kind !== "ask" || typeof content.question !== "string") return;
    const key = present;
    const { answers, variants } = await baked();
    const all = grown(answers, variants, key, "answers");
    const known = Object.hasOwn(all, content.question);
    const words = all[`why:${content.question}`] ?? (key ? WORDS.page.elsewhere : WORDS.page.question);
    const reply = known ? { data: all[content.question] } : { error: words };
    for (const hear of [...hearers]) hear({ kind: "answer", nonce: content.nonce, ...reply }, []);
  }

  return {
    get,
    set: (key, value) => {
      const old = get(key);
      model.set(key, value);
      if (key === "edit" && old !== value) void onEdit(/** @type {Edit} */ (value));
      if (key === "look" && old !== value) void onLook(/** @type {Look} */ (value));
    },
    save_changes,
    send: (content) => void onSend(/** @type {any} */ (content)),
    on: (name, callback) => (name === "msg:custom" ? void hearers.add(callback) : on(name, callback)),
    off: (name, callback) => (name === "msg:custom" ? void hearers.delete(callback) : off(name, callback)),
  };
}
