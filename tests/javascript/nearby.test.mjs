// Where the parts of a picture stand, read from their shapes alone.
import assert from "node:assert/strict";
import { test } from "node:test";

import { boxAround } from "../../graphviz_ad/widget/static/nearby.js";

test("a path's box holds its points and its control points", () => {
  assert.deepEqual(boxAround("M128 64C148 64 148 138 169 138H245V-7.5L260 174"), { left: 128, top: -7.5, right: 260, bottom: 174 });
  assert.deepEqual(boxAround("M10 20H5"), { left: 5, top: 20, right: 10, bottom: 20 });
  assert.deepEqual(boxAround("M-3-4L-1-2"), { left: -3, top: -4, right: -1, bottom: -2 });
});

test("nothing has no box", () => {
  assert.equal(boxAround(""), null);
  assert.equal(boxAround("Z"), null);
});
