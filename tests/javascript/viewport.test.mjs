// How large a picture becomes, and how far a stage has to scroll.
import assert from "node:assert/strict";
import { test } from "node:test";

import { scrolledBy, zoomed } from "../../graphviz_ad/widget/static/viewport.js";

test("a picture grows and shrinks by a factor, within limits", () => {
  assert.equal(zoomed(2, 1.25), 2.5);
  assert.equal(zoomed(0.8, 0.5), 0.4);
  assert.equal(zoomed(7, 10), 8);
  assert.equal(zoomed(0.2, 0.01), 0.1);
});

test("coming by its natural size, it takes that exactly", () => {
  assert.equal(zoomed(0.85, 1.25), 1);
  assert.equal(zoomed(1.1, 0.8), 1);
  assert.equal(zoomed(0.8, 1.25), 1);
  assert.equal(zoomed(1, 1.25), 1.25);
  assert.equal(zoomed(1, 0.8), 0.8);
});

test("what is seen already moves nothing; what is not comes to the middle", () => {
  assert.equal(scrolledBy([10, 20], [0, 100]), 0);
  assert.equal(scrolledBy([0, 100], [0, 100]), 0);
  assert.equal(scrolledBy([95, 105], [0, 100]), 50);
  assert.equal(scrolledBy([-30, -10], [0, 100]), -70);
  assert.equal(scrolledBy([-200, 200], [0, 100]), -50, "what is larger than the frame is centred");
});
