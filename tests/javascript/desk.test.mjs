// The desk: what is asked, what is answered, and what a new graph makes of questions that were on their way.
import assert from "node:assert/strict";
import { test } from "node:test";

import { makeDesk } from "../../graphviz_ad/widget/static/desk.js";

/** A model that keeps what is sent, and lets a test answer. */
function model() {
  const sent = [];
  let hear = () => {};
  return {
    sent,
    send: (content) => sent.push(content),
    on: (_, callback) => (hear = callback),
    off: () => (hear = () => {}),
    answer: (place, data) => hear({ kind: "answer", nonce: sent[place].nonce, data }, []),
  };
}

/** Frames as a browser has them: what is asked for is called before the next picture. */
let frames = [];
globalThis.requestAnimationFrame = (callback) => frames.push(callback);
async function frame() {
  const due = frames;
  frames = [];
  for (const callback of due) callback();
  await new Promise((done) => setTimeout(done, 5));
}

test("an answer is kept until the graph changes", async () => {
  const kernel = model();
  const desk = makeDesk(kernel, () => {});
  const first = desk.ask("node:1");
  assert.equal(desk.ask("node:1"), first);
  kernel.answer(0, "before");
  assert.equal((await first).data, "before");
  desk.forget();
  const second = desk.ask("node:1");
  await frame();
  kernel.answer(1, "after");
  assert.equal((await second).data, "after");
  desk.close();
});

test("a question that still waits when the graph changes is given up, and its late answer reaches nobody", async () => {
  const kernel = model();
  const desk = makeDesk(kernel, () => {});
  const old = desk.ask("node:1");
  const told = old.then((answer) => answer.data, (error) => error.message);
  desk.forget();
  const again = desk.ask("node:1");
  await frame();
  assert.equal(kernel.sent.length, 2);
  kernel.answer(0, "of the graph before");
  kernel.answer(1, "of this graph");
  assert.match(await told, /graph has changed/);
  assert.equal((await again).data, "of this graph");
  assert.equal(desk.ask("node:1"), again); // what was given up did not take the new answer along
  desk.close();
});

test("what is asked about a new graph is sent once the graph is seen, and not where a newer one has come", async () => {
  const kernel = model();
  const desk = makeDesk(kernel, () => {});
  desk.forget();
  const overtaken = desk.ask("node:1").catch((error) => error.message);
  assert.equal(kernel.sent.length, 0);
  desk.forget();
  desk.ask("node:2").catch(() => {});
  assert.equal(kernel.sent.length, 0);
  await frame();
  assert.deepEqual(kernel.sent.map(({ question }) => question), ["node:2"]);
  assert.match(await overtaken, /graph has changed/);
  desk.ask("node:3").catch(() => {});
  assert.equal(kernel.sent.length, 2); // at once
  desk.close();
});

test("a page that nobody looks at has no frames, and asks all the same", async () => {
  const kernel = model();
  const desk = makeDesk(kernel, () => {});
  desk.forget();
  desk.ask("node:1").catch(() => {});
  await new Promise((done) => setTimeout(done, 400));
  assert.equal(kernel.sent.length, 1);
  desk.close();
});
