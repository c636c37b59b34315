// What is asked before a step, and which easy mistakes an answer points to.
import assert from "node:assert/strict";
import { test } from "node:test";

import { assessed, questionsAt } from "../../graphviz_ad/widget/static/predict.js";
import { WORDS } from "../../graphviz_ad/widget/static/words.js";

const node = (id, name, value, adjoint = null) => ({ id, name, operation: "", value, value_text: String(value), adjoint, tangent: null });
const edge = (index, input, consumer, local, contribution) => ({
  index,
  input,
  consumer,
  local,
  local_text: local,
  contribution,
  contribution_text: contribution,
});
const step = (kind, of, through = null, adjoint = null) => ({ kind, node: of, edge: through, adjoint, adjoint_text: adjoint });

// x = 3, u = x² = 9, y = u·x = 27
const payload = {
  mode: "reverse",
  wrong: null,
  nodes: [node(0, "x", "3.0", "27.0"), node(1, "u", "9.0", "3.0"), node(2, "y", "27.0", "1.0"), node(3, "positive", "True"), node(4, "block", null)],
  edges: [edge(0, 0, 1, "6.0", "18.0"), edge(1, 1, 2, "3.0", "3.0"), edge(2, 0, 2, "9.0", "9.0")],
  steps: [
    step("value", 1),
    step("value", 2),
    step("value", 3),
    step("value", 4),
    step("seed", 2, null, "1.0"),
    step("contribution", 1, 1, "3.0"),
    step("contribution", 0, 2, "9.0"),
    step("contribution", 0, 0, "27.0"),
  ],
};

test("each step asks for the number that it reveals", () => {
  const asked = payload.steps.map((_, at) => questionsAt(payload, at).map((question) => [question.about, question.right]));
  assert.deepEqual(asked, [
    [["value", "9.0"]],
    [["value", "27.0"]],
    [], // True is no number
    [], // several values
    [["seed", "1.0"]],
    [["sent", "3.0"], ["local", "3.0"]],
    [["sent", "9.0"], ["local", "9.0"]],
    [["sum", "27.0"], ["sent", "18.0"], ["local", "6.0"]],
  ]);
  assert.deepEqual(questionsAt(payload, 8), []);
});

test("an answer points to a mistake only where it points to one alone", () => {
  const [sum, sent, local] = questionsAt(payload, 7);
  const { hints } = WORDS.predict;
  assert.equal(assessed(sum, "18").hint, hints.overwritten("x"));
  assert.equal(assessed(sum, "9").hint, ""); // what stood there before, and the value of u
  assert.equal(assessed(sum, "162").hint, hints.multiplied);
  assert.equal(assessed(sum, "-27").hint, hints.sign);
  assert.equal(assessed(sent, "6").hint, hints.local("x", "u"));
  assert.equal(assessed(sent, "27").hint, hints.total);
  assert.equal(assessed(local, "18").hint, hints.contribution);
  assert.equal(assessed(sent, "1000").hint, "");
  assert.deepEqual(assessed(sent, "36/2"), { kind: "right", given: "36/2", right: "18.0", hint: "" });
});

test("a 0 that rounding has spoilt is 0, and a small number is not", () => {
  // a = 0.3, b = 0.1 + 0.2, y = b - a; z = exp(-40)
  const spoilt = {
    ...payload,
    nodes: [node(0, "a", "0.3"), node(1, "b", "0.30000000000000004"), node(2, "y", "5.551115123125783e-17"), node(3, "x", "-40.0"), node(4, "z", "4.248354255291589e-18")],
    edges: [edge(0, 0, 2, "-1.0", "-1.0"), edge(1, 1, 2, "1.0", "1.0"), edge(2, 3, 4, "4.248354255291589e-18", "4.248354255291589e-18")],
    steps: [step("value", 2), step("value", 4)],
  };
  assert.equal(assessed(questionsAt(spoilt, 0)[0], "0").kind, "right");
  assert.equal(assessed(questionsAt(spoilt, 1)[0], "0").kind, "wrong");
  // 0.1 + 0.2 arrived at x, and −0.3 comes
  const nodes = [node(0, "x", "1.0"), node(1, "u", "1.0", "1.0"), node(2, "y", "1.0", "1.0")];
  const edges = [edge(0, 0, 1, "0.30000000000000004", "0.30000000000000004"), edge(1, 0, 2, "-0.3", "-0.3")];
  const steps = [step("contribution", 0, 0, "0.30000000000000004"), step("contribution", 0, 1, "5.551115123125783e-17")];
  assert.equal(assessed(questionsAt({ ...payload, nodes, edges, steps }, 1)[0], "0").kind, "right");
});

test("a right number of few digits is known to its own last digit", () => {
  const single = { ...payload, nodes: [{ ...node(1, "u", "0.3333333432674408"), dtype: "float32" }], edges: [] };
  assert.equal(assessed(questionsAt(single, 0)[0], "1/3").kind, "right");
  assert.equal(assessed(questionsAt(single, 0)[0], "0.333").kind, "right");
  assert.equal(assessed(questionsAt(single, 0)[0], "0.332").kind, "wrong");
});

test("a fraction that is not exact may be written again", () => {
  const [, sent] = questionsAt(payload, 7);
  assert.deepEqual(assessed(sent, "35.99/2"), { kind: "unread", given: "35.99/2", right: "", hint: WORDS.answers.close });
});

test("where the algorithm itself is wrong, its numbers are no student's mistakes", () => {
  for (const question of questionsAt({ ...payload, wrong: { kind: "overwrite" } }, 7)) assert.deepEqual(question.fingerprints, []);
});

test("of arrays the shape is asked for", () => {
  const array = '{"shape":[2,3],"data":[1,2,3,4,5,6]}';
  const [question] = questionsAt({ ...payload, nodes: [node(1, "u", array)], edges: [] }, 0);
  assert.deepEqual(question.shape, [2, 3]);
  assert.equal(assessed(question, "2x3").kind, "right");
  assert.equal(assessed(question, "(3, 2)").hint, WORDS.predict.hints.reversed);
  assert.equal(assessed(question, "six").kind, "unread");
});
