// The numbers that an input's slider offers, tested without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest, roundOff, scrubRange } from "../../graphviz_ad/widget/static/scrub.js";

test("a slider reaches at least its first value's own size twice to each side, in round steps", () => {
  assert.deepEqual(scrubRange(1.5), { low: -3.5, high: 6.5, step: 0.05 });
  assert.deepEqual(scrubRange(0), { low: -2, high: 2, step: 0.02 });
  assert.deepEqual(scrubRange(-20), { low: -70, high: 30, step: 0.5 });
  assert.deepEqual(scrubRange(NaN), { low: -2, high: 2, step: 0.02 });
  for (const first of [1e-9, 0.3, 1, 2.5, 5, 7, 1e12]) {
    const { low, high, step } = scrubRange(first);
    assert.ok(low <= -first * (1 - 1e-9) && high >= 3 * first * (1 - 1e-9), `${first}: ${low} … ${high}`);
    assert.ok(Math.abs((first - low) / step - 100) < 1e-6, "the first value is one of them");
  }
});

test("numbers are without what binary fractions add", () => {
  assert.equal(String(roundOff(0.1 + 0.2)), "0.3");
  assert.equal(String(roundOff(-1e-17 + 1)), "1");
});

test("the nearest of baked values", () => {
  assert.equal(nearest([-2, 0, 1.5], 0.7), 1);
  assert.equal(nearest([-2, 0, 1.5], 0.8), 2);
  assert.equal(nearest([3], -100), 0);
});
