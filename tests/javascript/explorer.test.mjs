// What is visible after k steps, and the other pure parts of the explorer's front end.
import assert from "node:assert/strict";
import { test } from "node:test";

import { looksFinished } from "../../graphviz_ad/widget/static/inputs.js";
import { commandOf } from "../../graphviz_ad/widget/static/keys.js";
import { standIn } from "../../graphviz_ad/widget/static/standin.js";
import { clampStep, stateAt } from "../../graphviz_ad/widget/static/story.js";

const node = (id, name, kind, consumers, numbers) => ({
  id,
  name,
  kind,
  role: kind === "input" ? "input" : "",
  reached: true,
  consumers,
  editable: kind === "input",
  differentiable: true,
  output: false,
  value_text: numbers.value,
  adjoint: null,
  adjoint_text: numbers.adjoint ?? null,
  tangent: null,
  tangent_text: null,
  source: null,
  ...numbers,
});
const edge = (index, input, consumer, argnum, local, contribution) => ({
  index,
  input,
  consumer,
  argnum,
  active: contribution !== null,
  cut: false,
  local,
  local_text: local,
  contribution,
  contribution_text: contribution,
});
const value = (id) => ({
  kind: "value",
  node: id,
  edge: null,
  adjoint: null,
  adjoint_text: null,
  reported: 0,
  complete: false,
  narration: `value of ${id}`,
});
const gives = (kind, id, by, adjoint, reported, complete) => ({
  kind,
  node: id,
  edge: by,
  adjoint,
  adjoint_text: adjoint,
  reported,
  complete,
  narration: `${kind} for ${id}`,
});

// y = x · x at 3, and an input `idle` that y does not use. The derivative is 3 + 3 = 6.
const payload = {
  version: 1,
  title: "x · x",
  alt: "",
  mode: "reverse",
  svg: "",
  intro: "Given: x and idle.",
  nodes: [
    node(0, "x", "input", 2, { value: "3.0", adjoint: "6.0" }),
    node(1, "idle", "input", 0, { value: "4.0", adjoint: "0.0", reached: false }),
    node(2, "y", "primitive", 0, { value: "9.0", adjoint: "1.0", output: true }),
  ],
  edges: [edge(0, 0, 2, 0, "3.0", "3.0"), edge(1, 0, 2, 1, "3.0", "3.0")],
  steps: [
    value(2),
    gives("seed", 2, null, "1.0", 0, true),
    gives("contribution", 0, 0, "3.0", 1, false),
    gives("contribution", 0, 1, "6.0", 2, true),
  ],
  live: false,
  frozen: null,
  notice: "",
};

test("step 0 shows the inputs' values and nothing else", () => {
  const state = stateAt(payload, 0);
  assert.equal(state.narration, "Given: x and idle.");
  assert.deepEqual([...state.nodes.values()].map((shown) => shown.value), [true, true, false]);
  assert.ok([...state.nodes.values()].every((shown) => !shown.adjoint && shown.accumulator === null));
  assert.equal(state.locals.size + state.contributions.size, 0);
  assert.equal(state.activeNode, null);
});

test("a value step reveals one value and names the edges that bring it", () => {
  const state = stateAt(payload, 1);
  assert.equal(state.nodes.get(2).value, true);
  assert.deepEqual([...state.feeding], [0, 1]);
  assert.equal(state.locals.size, 0, "local derivatives belong to the way back");
});

test("a running sum is shown, but is no adjoint until every consumer has reported", () => {
  const half = stateAt(payload, 3).nodes.get(0);
  assert.deepEqual(half, { value: true, adjoint: false, accumulator: "3.0", tangent: false, reported: 1 });
  const whole = stateAt(payload, 4).nodes.get(0);
  assert.deepEqual(whole, { value: true, adjoint: true, accumulator: "6.0", tangent: false, reported: 2 });
});

test("each contribution reveals its own edge of two parallel ones", () => {
  assert.deepEqual([...stateAt(payload, 3).contributions], [0]);
  assert.equal(stateAt(payload, 3).activeEdge, 0);
  assert.deepEqual([...stateAt(payload, 4).contributions], [0, 1]);
  assert.equal(stateAt(payload, 4).activeEdge, 1);
});

test("where a sum over broadcast axes follows, the contribution's step shows the local derivative alone", () => {
  const [first, seed, one, two] = payload.steps;
  const broadcast = { ...payload, steps: [first, seed, one, gives("contribution", 0, 1, "6.0", 2, true), { ...two, kind: "sum" }] };
  const before = stateAt(broadcast, 4);
  assert.deepEqual([...before.locals], [0, 1]);
  assert.deepEqual([...before.contributions], [0]);
  assert.equal(before.activeEdge, 1);
  assert.deepEqual(before.nodes.get(0), stateAt(broadcast, 3).nodes.get(0));
  assert.deepEqual(stateAt(broadcast, 5).nodes.get(0), stateAt(payload, 4).nodes.get(0));
  assert.deepEqual([...stateAt(broadcast, 5).contributions], [0, 1]);
});

test("an input without a path gets its zero at the end, not before", () => {
  assert.equal(stateAt(payload, 3).nodes.get(1).adjoint, false);
  assert.deepEqual(stateAt(payload, 4).nodes.get(1), {
    value: true,
    adjoint: true,
    accumulator: "0.0",
    tangent: false,
    reported: 0,
  });
});

test("phases: forward up to and with the step before the seed, then backward, done at the end", () => {
  assert.deepEqual([0, 1, 2, 3, 4].map((step) => stateAt(payload, step).phase), [
    "forward",
    "forward",
    "backward",
    "backward",
    "done",
  ]);
  assert.equal(stateAt({ ...payload, steps: [] }, 0).phase, "done");
});

// The same in forward mode: x moves by 1, so that y moves by 3 along each of its two edges.
const tangents = {
  ...payload,
  mode: "forward",
  nodes: payload.nodes.map((each, place) => {
    const tangent = ["1.0", "0.0", "6.0"][place];
    return { ...each, consumers: 0, adjoint: null, adjoint_text: null, tangent, tangent_text: tangent };
  }),
  steps: [
    value(2),
    gives("seed", 0, null, "1.0", 0, true),
    gives("tangent", 2, 0, "3.0", 1, false),
    gives("tangent", 2, 1, "6.0", 2, true),
  ],
};

test("forward mode: the phase is called tangent, and a seed shows its tangent alone", () => {
  const state = stateAt(tangents, 2);
  assert.equal(state.phase, "tangent");
  assert.deepEqual(state.nodes.get(0), { value: true, adjoint: false, accumulator: "1.0", tangent: true, reported: 0 });
  assert.equal(state.locals.size + state.contributions.size + state.feeding.size, 0);
  const more = { ...tangents, steps: [value(2), gives("seed", 0, null, "1.0", 0, false), ...tangents.steps.slice(2)] };
  assert.equal(stateAt(more, 2).nodes.get(0).tangent, false, "where more follows it is a running sum");
});

test("forward mode: a tangent step adds one edge, and the tangent is final once all have come", () => {
  const half = stateAt(tangents, 3);
  assert.deepEqual(half.nodes.get(2), { value: true, adjoint: false, accumulator: "3.0", tangent: false, reported: 0 });
  assert.deepEqual([[...half.locals], [...half.contributions], [...half.feeding]], [[0], [0], [0]]);
  assert.equal(half.nodes.get(1).accumulator, null);
  const whole = stateAt(tangents, 4);
  assert.deepEqual(whole.nodes.get(2), { value: true, adjoint: false, accumulator: "6.0", tangent: true, reported: 0 });
  assert.deepEqual([[...whole.locals], [...whole.contributions], [...whole.feeding]], [[0, 1], [0, 1], [1]]);
  assert.ok([...whole.nodes.values()].every((shown) => shown.tangent && !shown.adjoint), "also what does not move");
});

test("what no step computes is given: a range of many inputs is a group, and known from the start", () => {
  const group = node(3, "x[0] … x[9]", "group", 1, { value: null, value_text: "10 values" });
  const state = stateAt({ ...payload, nodes: [...payload.nodes, group] }, 0);
  assert.deepEqual([...state.nodes.values()].map((shown) => shown.value), [true, true, false, true]);
});

test("clampStep: whatever comes becomes a step that exists", () => {
  assert.deepEqual([-1, 0, 2, 2.4, 99, "3", null, undefined, Number.NaN, "x"].map((step) => clampStep(step, 4)), [
    0, 0, 2, 2, 4, 3, 0, 0, 0, 0,
  ]);
});

test("commandOf: the five keys, and none of them with a modifier", () => {
  assert.deepEqual(["Home", "ArrowLeft", " ", "ArrowRight", "End", "a", "Enter", "ArrowUp"].map((key) => commandOf({ key })), [
    "first",
    "back",
    "play",
    "forward",
    "last",
    null,
    null,
    null,
  ]);
  for (const modifier of ["ctrlKey", "altKey", "metaKey", "shiftKey"]) {
    assert.equal(commandOf({ key: "ArrowRight", [modifier]: true }), null);
  }
});

test("looksFinished: numbers as they are typed", () => {
  for (const text of ["3", "-3", "+.5", "1.", "1.5", " 2 ", "1e3", "1E-3"]) assert.ok(looksFinished(text), text);
  for (const text of ["", "-", ".", "1e", "1e-", "abc", "1,5", "1.5.2", "nan"]) assert.ok(!looksFinished(text), text);
});

test("standIn: fires on a change, not on the same value, and not after off", () => {
  const model = standIn({ step: 0 });
  const heard = [];
  const listen = () => heard.push(model.get("step"));
  model.on("change:step", listen);
  model.set("step", 1);
  model.set("step", 1);
  model.set("other", 5);
  model.off("change:step", listen);
  model.set("step", 2);
  assert.deepEqual(heard, [1]);
  assert.equal(model.get("step"), 2);
});
