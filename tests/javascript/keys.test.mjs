// Keys beside those of the player, links to a step, and Python's words in a line of code.
import assert from "node:assert/strict";
import { test } from "node:test";

import { codeTokens } from "../../graphviz_ad/widget/static/code.js";
import { linked, viewCommandOf } from "../../graphviz_ad/widget/static/keys.js";

test("viewCommandOf: a presenter's keys count in a lecture alone", () => {
  const keys = ["?", "l", "L", "n", ".", "b", "PageUp", "PageDown", "Escape", "a", "ArrowLeft", " "];
  const none = Array(9).fill(null);
  assert.deepEqual(keys.map((key) => viewCommandOf({ key }, false)), ["help", "lecture", "lecture", ...none]);
  assert.deepEqual(keys.map((key) => viewCommandOf({ key }, true)), [
    ...["help", "leave", "leave", "numbers", "blank", "blank", "back", "forward", "leave"],
    ...[null, null, null],
  ]);
});

test("viewCommandOf: no key with a modifier, but ? needs shift on most keyboards", () => {
  for (const modifier of ["ctrlKey", "altKey", "metaKey"]) {
    assert.equal(viewCommandOf({ key: "l", [modifier]: true }, false), null);
    assert.equal(viewCommandOf({ key: ".", [modifier]: true }, true), null);
  }
  assert.equal(viewCommandOf({ key: "?", shiftKey: true }, false), "help");
});

test("linked: a step, the lecture, both, or nothing", () => {
  assert.deepEqual(linked("#step=12"), { step: 12, lecture: false });
  assert.deepEqual(linked("#step=0&lecture"), { step: 0, lecture: true });
  assert.deepEqual(linked("#lecture"), { step: null, lecture: true });
  for (const hash of ["", "#", "#step", "#step=", "#step=-1", "#step=1.5", "#step=1e3", "#step=99999999999", "#x"]) {
    assert.deepEqual(linked(hash), { step: null, lecture: false });
  }
});

test("codeTokens: keywords, strings and comments, in letters", () => {
  assert.deepEqual(codeTokens(["def f(x):  # x", "    return '#' + \"a\\\"b\" if x else 1e-3"]), [
    [["keyword", 0, 3], ["comment", 11, 14]],
    [["keyword", 4, 10], ["string", 11, 14], ["string", 17, 23], ["keyword", 24, 26], ["keyword", 29, 33]],
  ]);
  // a name that only begins like a keyword; letters outside of the basic plane count once
  assert.deepEqual(codeTokens(["iffy = ifs", "\u{1d6c2} if \u{1d6c2}"]), [[], [["keyword", 2, 4]]]);
});

test("codeTokens: a text of several lines", () => {
  assert.deepEqual(codeTokens(['"""From 0', "# to 1", 'if""" if', "'''a''' if"]), [
    [["string", 0, 9]],
    [["string", 0, 6]],
    [["string", 0, 5], ["keyword", 6, 8]],
    [["string", 0, 7], ["keyword", 8, 10]],
  ]);
});

test("codeTokens: whatever stands there, in time", () => {
  const odd = ["\"", "'", "\\", "#", "'''", "\u0000", "\"".repeat(50_000), "\\".repeat(50_000), `"${"\\".repeat(50_001)}`, "a".repeat(50_000)];
  assert.equal(codeTokens(odd).length, odd.length);
});
