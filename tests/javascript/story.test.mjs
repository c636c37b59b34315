// A story that is played from state to state shows what one shows that is looked at once; and the step of a node.
import assert from "node:assert/strict";
import { test } from "node:test";

import { stateAt, stepOf, Story } from "../../graphviz_ad/widget/static/story.js";

// A deterministic stream of numbers, so that a failure can be repeated.
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (1103515245 * state + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * sides);
  };
}

/** A random story: every node but the inputs is computed from one or two earlier ones; then the sweep. */
function story(seed, mode) {
  const roll = dice(seed);
  const count = 4 + roll(12);
  const inputs = 1 + roll(3);
  const nodes = [];
  const edges = [];
  for (let id = 0; id < count; id++) {
    const text = String(roll(100));
    nodes.push({
      id, name: `v${id}`, kind: id < inputs ? "input" : "primitive", consumers: 0, reached: true,
      value: text, value_text: text,
      adjoint: mode === "reverse" ? text : null, adjoint_text: mode === "reverse" ? text : null,
      tangent: mode === "forward" ? text : null, tangent_text: mode === "forward" ? text : null,
    });
    for (let argnum = 0; id >= inputs && argnum < 1 + roll(2); argnum++) {
      edges.push({ index: edges.length, input: roll(id), consumer: id, argnum, local: "1", contribution: "1" });
    }
  }
  const steps = [];
  const event = (kind, node, edge = null, complete = false, reported = 0) =>
    steps.push({ kind, node, edge, complete, reported, adjoint: "2", adjoint_text: `${steps.length}`, narration: `step ${steps.length}` });
  for (let id = inputs; id < count; id++) event("value", id);
  const order = mode === "forward" ? edges : [...edges].reverse();
  event("seed", mode === "forward" ? 0 : count - 1, null, true);
  const reported = new Map();
  const total = (id) => edges.filter((edge) => (mode === "forward" ? edge.consumer : edge.input) === id).length;
  for (const edge of order) {
    const node = mode === "forward" ? edge.consumer : edge.input;
    const so = (reported.get(node) ?? 0) + 1;
    reported.set(node, so);
    if (roll(4) === 0 && mode === "reverse") {
      event("contribution", node, edge.index);
      event("sum", node, edge.index, so === total(node), so);
    } else {
      event(mode === "forward" ? "tangent" : "contribution", node, edge.index, so === total(node), so);
    }
  }
  if (mode === "reverse" && roll(2) === 0) {
    for (let id = 0; id < inputs; id++) steps.push({ ...steps[0], kind: "update", node: id, edge: null, value: "7.5", value_text: "7.5" });
    steps.push({ ...steps[0], kind: "zero", node: 0, edge: null, adjoint_text: "0" });
  }
  return { mode, nodes, edges, steps, intro: "Given." };
}

for (const mode of ["reverse", "forward"]) {
  test(`playing on, back and across shows what a fresh look shows, ${mode} mode`, () => {
    for (let seed = 1; seed <= 60; seed++) {
      const payload = story(seed, mode);
      const played = new Story(payload);
      const roll = dice(seed + 1000);
      const last = payload.steps.length;
      const walk = [...Array(last + 1).keys(), ...Array(last + 1).keys()].concat(Array.from({ length: 40 }, () => roll(last + 1)));
      const kept = [];
      for (const step of walk) {
        const state = played.at(step);
        assert.deepEqual(state, new Story(payload).at(step), `story ${seed}, step ${step}`);
        kept.push([state, structuredClone(state)]);
      }
      for (const [state, copy] of kept) assert.deepEqual(state, copy, "a state does not change after it was shown");
    }
  });
}

test("from one state to the next only what changes is another object", () => {
  const payload = story(5, "reverse");
  const played = new Story(payload);
  for (let step = 1; step < payload.steps.length; step++) {
    const [before, after] = [played.at(step - 1), played.at(step)];
    const changed = [...after.nodes].filter(([id, now]) => now !== before.nodes.get(id)).map(([id]) => id);
    const { kind, node } = payload.steps[step - 1];
    if (kind === "zero") continue;
    assert.ok(changed.length <= 1 && changed.every((id) => id === node), `step ${step} changes ${changed}`);
  }
});

test("one payload has one story", () => {
  const payload = story(3, "reverse");
  assert.equal(stateAt(payload, 2), stateAt(payload, 2));
  assert.notEqual(stateAt({ ...payload }, 2), stateAt(payload, 2));
});

test("a node is found by the step that computes it, or completes its adjoint", () => {
  const event = (kind, node, complete = false) => ({ kind, node, complete });
  const payload = { steps: [event("value", 1), event("value", 2), event("seed", 2, true), event("contribution", 1), event("sum", 1, true), event("contribution", 0, true)] };
  assert.equal(stepOf(payload, 1, { step: 0, phase: "forward" }), 1);
  assert.equal(stepOf(payload, 1, { step: 3, phase: "backward" }), 5);
  assert.equal(stepOf(payload, 2, { step: 4, phase: "backward" }), 3);
  assert.equal(stepOf(payload, 2, { step: 6, phase: "done" }), 2);
  assert.equal(stepOf(payload, 2, { step: 2, phase: "forward" }), 3, "where one is already: the other one");
  assert.equal(stepOf(payload, 0, { step: 1, phase: "forward" }), 0, "an input is there from the beginning");
  assert.equal(stepOf(payload, 0, { step: 0, phase: "forward" }), 6);
});
