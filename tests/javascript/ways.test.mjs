// Where a story stands after a change of the look, what depends on what, and what a search finds.
import assert from "node:assert/strict";
import { test } from "node:test";

import { isFound } from "../../graphviz_ad/widget/static/search.js";
import { streamFrom } from "../../graphviz_ad/widget/static/streams.js";
import { sameStep } from "../../graphviz_ad/widget/static/story.js";

// x → a → y and x → y, under two numberings
const story = (ids, deeds) => ({
  nodes: Object.entries(ids).map(([name, id]) => ({ id, name, operation: name === "a" ? "sin" : "", role: name === "x" ? "parameter" : "", kind: name === "x" ? "input" : "primitive" })),
  edges: [["x", "a"], ["a", "y"], ["x", "y"]].map(([input, consumer], index) => ({ index, name: `${input}->${consumer}`, input: ids[input], consumer: ids[consumer] })),
  steps: deeds.map(([kind, node, edge = null]) => ({ kind, node: ids[node], edge })),
});
const reverse = story({ x: 0, a: 1, y: 2 }, [["value", "a"], ["value", "y"], ["seed", "y"], ["contribution", "a", 1], ["contribution", "x", 2], ["contribution", "x", 0]]);
const forward = story({ x: 7, a: 8, y: 9 }, [["value", "a"], ["value", "y"], ["seed", "x"], ["tangent", "a", 0], ["tangent", "y", 1], ["tangent", "y", 2]]);

test("the story stands where the last thing has happened that both tell", () => {
  assert.equal(sameStep(reverse, 0, forward).step, 0);
  assert.equal(sameStep(reverse, 1, forward).step, 1);
  assert.equal(sameStep(reverse, 2, forward).step, 2);
  assert.equal(sameStep(reverse, 5, forward).step, 2);
  assert.equal(sameStep(reverse, 6, forward).step, 6); // complete stays complete
  assert.equal(sameStep(reverse, 4, reverse).step, 4);
  assert.equal(sameStep({ ...reverse, steps: [] }, 0, forward).step, 6);
});

test("a step that the other story does not tell is not kept", () => {
  assert.equal(sameStep(reverse, 2, forward).kept, true);
  assert.equal(sameStep(reverse, 5, forward).kept, false);
  assert.equal(sameStep(reverse, 0, forward).kept, true);
  assert.equal(sameStep(reverse, 6, forward).kept, true);
});

test("what is told twice is found where it was told, the first time or the second", () => {
  const twice = { ...reverse, steps: [...reverse.steps, ...reverse.steps.slice(2)] };
  assert.equal(sameStep(twice, 4, twice).step, 4);
  assert.equal(sameStep(twice, 8, twice).step, 8);
});

test("where a group closed, the story falls back to what is still told", () => {
  const closed = { ...reverse, steps: reverse.steps.filter((step) => step.node !== 1) };
  assert.equal(sameStep(reverse, 4, closed).step, 2); // the seed; the contribution to a is inside now
  assert.equal(sameStep(reverse, 1, closed).step, 0);
});

test("upstream and downstream", () => {
  const sets = ({ nodes, edges }) => [[...nodes].sort(), [...edges].sort()];
  assert.deepEqual(sets(streamFrom(reverse, 1, "up")), [[0, 1], [0]]);
  assert.deepEqual(sets(streamFrom(reverse, 1, "down")), [[1, 2], [1]]);
  assert.deepEqual(sets(streamFrom(reverse, 0, "down")), [[0, 1, 2], [0, 1, 2]]);
  assert.deepEqual(sets(streamFrom(reverse, 0, "up")), [[0], []]);
});

test("a search looks at names, operations and roles", () => {
  const found = (wanted) => reverse.nodes.filter((node) => isFound(node, wanted)).map((node) => node.name);
  assert.deepEqual(found("sin"), ["a"]);
  assert.deepEqual(found("y"), ["y"]);
  assert.deepEqual(found("param"), ["x"]);
  assert.deepEqual(found("nothing"), []);
});
