// How typed answers are judged: the same table as in Python, tests/story/test_answers.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isClose, judged, noiseOf, numberOf, shapeOf } from "../../graphviz_ad/widget/static/answers.js";

const { cases, rounded } = JSON.parse(readFileSync(new URL("../story/answers_cases.json", import.meta.url), "utf-8"));

for (const [answer, right, kind] of cases) {
  test(`${JSON.stringify(answer)} for ${right} is ${kind}`, () => {
    const found = judged(answer, numberOf(right));
    assert.equal(found.kind, kind);
    assert.equal(found.why === "", kind !== "unread" && kind !== "close");
  });
}

for (const [answer, right, dtype, noise, kind] of rounded) {
  test(`${answer} for ${right} of type ${dtype} with noise ${noise} is ${kind}`, () => {
    assert.equal(judged(answer, numberOf(right), { dtype, noise }).kind, kind);
  });
}

test("the noise of a sum is some last digits of its terms", () => {
  assert.equal(noiseOf([0.3, -0.3, NaN], "float64"), 4 * 2 ** -52 * 0.6);
  assert.equal(noiseOf([1], "float32"), 4 * 2 ** -23);
  assert.equal(noiseOf([], "float64"), 0);
});

test("what an answer says of itself", () => {
  assert.equal(judged("0,75", 1).why, "Write 0.75 with a point, not with a comma.");
  assert.equal(judged("1,000", 1000).why, "Write 1000 without a comma between the thousands; decimals have a point.");
  assert.match(judged("333/1000", 1 / 3).why, /must be exact/);
  assert.match(judged("1/0", 1).why, /division by 0/);
  assert.equal(judged("1".repeat(201), 1).kind, "unread");
  assert.equal(judged("3/4", 1).value, 0.75);
});

test("numbers as Python writes them", () => {
  assert.deepEqual(["1e-05", "inf", "-inf", "nan", "-0.0"].map(numberOf), [1e-5, Infinity, -Infinity, NaN, -0]);
  assert.ok(isClose(NaN, NaN));
  assert.ok(!isClose(1, Infinity));
});

test("shapes as people write them", () => {
  const written = ["(2, 3)", "2,3", "2 x 3", "[2 3]", "2×3", "(3,)", "3", "()", "", "(2, -3)", "x", "2.5"];
  const read = [[2, 3], [2, 3], [2, 3], [2, 3], [2, 3], [3], [3], [], null, null, null, null];
  assert.deepEqual(written.map(shapeOf), read);
});
