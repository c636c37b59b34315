// Arrays as the Cells panel reads and lays them out: from JSON and from binary buffers.
import assert from "node:assert/strict";
import { test } from "node:test";

import { cellArray, cellPlaces, cellShape, heatLevel, indexText, tableOf } from "../../graphviz_ad/widget/static/tensor.js";

test("levels are those of graphviz_ad/story/cells.py", () => {
  assert.deepEqual([0, 1e-9, 0.1, 1, 1.1, -25, NaN, Infinity].map((number) => heatLevel(number, 25)), [0, 1, 1, 1, 2, -5, null, null]);
  assert.equal(heatLevel(100, 25), 5); // a cell may exceed the means that the picture shows
  assert.equal(heatLevel(3, 0), 0);
});

test("an array is a table, of more than two axes without those of length 1", () => {
  const tables = [[], [3], [3, 1], [2, 3, 4], [1, 1, 5, 5], [0, 3], [4, 0]].map(tableOf);
  assert.deepEqual(tables, [
    { rows: 1, columns: 1, slices: 1, across: 1 },
    { rows: 1, columns: 3, slices: 1, across: 1 },
    { rows: 3, columns: 1, slices: 1, across: 1 },
    { rows: 6, columns: 4, slices: 2, across: 2 },
    { rows: 5, columns: 5, slices: 1, across: 1 },
    { rows: 0, columns: 3, slices: 1, across: 1 },
    { rows: 0, columns: 0, slices: 1, across: 1 },
  ]);
});

test("matrices stand in a grid: the last axis but two runs to the right, as far as there is room", () => {
  const shapes = [[1, 1, 4, 4, 3, 3], [2, 3, 5, 2], [8, 20, 20], [3, 100, 100]];
  assert.deepEqual(shapes.map((shape) => tableOf(shape).across), [4, 3, 3, 1]);
  assert.deepEqual(shapes.slice(0, 3).map((shape) => cellPlaces(tableOf(shape))).map(({ down, right }) => [down, right]), [[12, 12], [10, 6], [60, 60]]);
  // entry [0, 0, a, b, i, j] of the windows stands at 3a + i down and 3b + j to the right
  const places = cellPlaces(tableOf(shapes[0]));
  for (const [a, b, i, j] of [[0, 0, 0, 0], [0, 3, 2, 1], [2, 1, 0, 2], [3, 3, 2, 2]]) {
    const flat = ((a * 4 + b) * 3 + i) * 3 + j;
    assert.deepEqual(places.of(flat), [3 * a + i, 3 * b + j]);
    assert.equal(places.at(3 * a + i, 3 * b + j), flat);
  }
  assert.deepEqual([[-1, 0], [0, -1], [12, 0], [0, 12]].map(([down, right]) => places.at(down, right)), [null, null, null, null]);
  const uneven = cellPlaces(tableOf(shapes[2])); // eight matrices, three beside each other: the last row has two
  assert.deepEqual([uneven.at(40, 39), uneven.at(40, 40)], [7 * 400 + 19, null]);
});

test("indices in C order, shapes as Python writes them", () => {
  assert.deepEqual([0, 5, 23].map((flat) => indexText(flat, [2, 3, 4])), ["[0, 0, 0]", "[0, 1, 1]", "[1, 2, 3]"]);
  assert.deepEqual([[], [2], [2, 3]].map(cellShape), ["()", "(2,)", "(2, 3)"]);
});

test("entries of JSON, non-finite ones as texts", () => {
  const data = { shape: [4], dtype: "float64", entries: [1.5, "nan", "-inf", "inf"], means: null, scale: 2 };
  const array = cellArray({ data, buffers: [] });
  assert.deepEqual([0, 1, 2, 3].map(array.text), ["1.5", "nan", "-inf", "inf"]);
  assert.deepEqual([0, 1, 2, 3].map(array.at), [1.5, NaN, -Infinity, Infinity]);
});

test("bools are on or off", () => {
  const array = cellArray({ data: { shape: [2], dtype: "bool", entries: [true, false], means: null, scale: 1 }, buffers: [] });
  assert.deepEqual([array.text(0), array.text(1), array.bools], ["True", "False", true]);
});

test("large arrays come as little-endian bytes, at any place of a message", () => {
  const bytes = new ArrayBuffer(8 * 2000 + 3);
  const view = new DataView(bytes, 3);
  for (let at = 0; at < 2000; at += 1) view.setFloat64(8 * at, at / 4, true);
  const data = { shape: [50, 40], dtype: "float64", entries: null, means: { rows: 1, columns: 1, entries: [9] }, scale: 500 };
  const array = cellArray({ data, buffers: [view] });
  assert.equal(array.reduced, false);
  assert.deepEqual([array.rows, array.columns, array.at(1999), array.text(3)], [50, 40, 499.75, "0.75"]);
});

test("without the bytes there are means", () => {
  const data = { shape: [50, 40], dtype: "float64", entries: null, means: { rows: 1, columns: 2, entries: [9, "nan"] }, scale: 500 };
  const array = cellArray({ data, buffers: [] });
  assert.deepEqual([array.reduced, array.rows, array.columns, array.at(0)], [true, 1, 2, 9]);
});
