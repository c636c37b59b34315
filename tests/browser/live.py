"""A front end with a kernel behind it, but no notebook: the test itself answers what the page asks and looks at."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from graphviz_ad.errors import GraphvizADError
from graphviz_ad.widget import bundle, explorer
from graphviz_ad.widget.patch import update
from graphviz_ad.widget.payload import same_step
from graphviz_ad.widget.view import View
from tests.browser.driver import Explorer

_START = """async ([source, style, payload]) => {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
  const shown = { payload, step: 0, playing: false, selected: "", inputs: {}, look: {} };
  const values = { ...shown, edit: {}, error: "", answered: 0 };
  const listeners = new Map();
  const fire = (name, ...args) => { for (const heard of [...(listeners.get(name) ?? [])]) heard(...args); };
  const take = (state) => {  // as a message of the kernel: everything first, then what it changes
    const changed = Object.keys(state).filter((key) => JSON.stringify(values[key]) !== JSON.stringify(state[key]));
    for (const key of changed) values[key] = state[key];
    for (const key of changed) fire(`change:${key}`);
  };
  const hear = async (states) => {
    await new Promise((done) => setTimeout(done, window.kernelDelay ?? 0));
    for (const state of states) take(state);
  };
  const model = {
    get: (key) => values[key],
    set: (key, value) => {
      if (Object.is(values[key], value)) return;
      values[key] = value;
      fire(`change:${key}`);
      if (key === "look") void window.kernelLooks(value, values.step).then(hear);
      if (key === "edit") void window.kernelEdits(value, values.step).then(hear);
    },
    save_changes: () => {},
    send: (content) => void window.kernelAnswers(content).then((message) => message && fire("msg:custom", message, [])),
    on: (name, heard) => void listeners.set(name, (listeners.get(name) ?? new Set()).add(heard)),
    off: (name, heard) => void listeners.get(name)?.delete(heard),
  };
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  const el = document.createElement("div");
  document.body.append(el);
  widget.render({ model, el });
}"""


State = dict[str, Any]


class Kernel:
    """What Python does for a widget: edits, looks and questions."""

    def __init__(self, view: View) -> None:
        self.base = self.view = view
        self.sent = view.payload(True)  # as a whole
        self.looks: list[dict[str, Any]] = []
        self.edits: list[tuple[str, str]] = []
        self.interrupted = False  # what the page sends meanwhile is lost

    def look(self, look: dict[str, Any], step: int) -> list[State]:
        """Return what changes in the page, message by message."""
        if self.interrupted:
            return []
        self.looks.append(look)
        try:
            return [{**self._shown(self.base, look, step), "look": look, "error": ""}]
        except GraphvizADError as error:
            return [{"look": dict(self.view.look)}, {"error": ""}, {"error": str(error)}]

    def edit(self, edit: dict[str, Any], step: int) -> list[State]:
        """Return what changes in the page."""
        if self.interrupted:
            return []
        self.edits.append((edit["name"], edit["text"]))
        try:
            base = self.base.evaluate({edit["name"]: explorer.read_number(edit["text"])})
            state = self._shown(base, dict(self.view.look), step)
        except GraphvizADError as error:
            return [{"error": str(error), "answered": edit["nonce"]}]
        self.base = base
        return [{**state, "error": "", "answered": edit["nonce"]}]

    def _shown(self, base: View, look: dict[str, Any], step: int) -> State:
        before = self.view.payload(True)
        self.view = base.looked(look)
        after = self.view.payload(True)
        news = update(self.sent, after)
        self.sent = news.get("payload", self.sent)
        return {**news, "step": same_step(before, step, after)}

    def answer(self, content: dict[str, Any]) -> dict[str, Any] | None:
        """Return the message that a page gets back."""
        if self.interrupted:
            return None
        if content.get("kind") != "ask":
            return {"kind": "live"}
        try:
            answer = {"data": self.view.answer(content["question"]).data}
        except GraphvizADError as error:
            answer = {"error": str(error)}
        return {"kind": "answer", "nonce": content["nonce"], **answer}


def show(page: Page, view: View) -> tuple[Explorer, Kernel]:
    """Show a view in an empty page, with this process as its kernel."""
    kernel = Kernel(view)
    page.expose_function("kernelLooks", kernel.look)
    page.expose_function("kernelEdits", kernel.edit)
    page.expose_function("kernelAnswers", kernel.answer)
    page.evaluate(_START, [bundle.script(), bundle.style(), kernel.sent])
    found = Explorer(page)
    found.root.wait_for()
    return found, kernel
