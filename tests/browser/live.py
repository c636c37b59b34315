"""A front end with a kernel behind it, but no notebook: the test itself answers what the page asks and looks at."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from graphviz_ad.errors import GraphvizADError
from graphviz_ad.widget import bundle, explorer
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
  const model = {
    get: (key) => values[key],
    set: (key, value) => {
      if (Object.is(values[key], value)) return;
      values[key] = value;
      fire(`change:${key}`);
      if (key === "look") void window.kernelLooks(value, values.step).then(take);
    },
    save_changes: () => {},
    send: (content) => void window.kernelAnswers(content).then((message) => fire("msg:custom", message, [])),
    on: (name, heard) => void listeners.set(name, (listeners.get(name) ?? new Set()).add(heard)),
    off: (name, heard) => void listeners.get(name)?.delete(heard),
  };
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  const el = document.createElement("div");
  document.body.append(el);
  widget.render({ model, el });
}"""


class Kernel:
    """What Python does for a widget: looks and questions."""

    def __init__(self, view: View) -> None:
        self.base = self.view = view
        self.looks: list[dict[str, Any]] = []

    def look(self, look: dict[str, Any], step: int) -> dict[str, Any]:
        """Return what changes in the page."""
        self.looks.append(look)
        before = len(self.view.scene.steps)
        try:
            view = self.base.looked(look)
            payload = view.payload(True)
        except GraphvizADError as error:
            return {"error": str(error), "look": dict(self.view.look)}
        self.view = view
        return {
            "payload": payload,
            "look": look,
            "error": "",
            "step": explorer.keep_step(step, before, len(payload["steps"])),
        }

    def answer(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return the message that a page gets back."""
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
    page.expose_function("kernelAnswers", kernel.answer)
    page.evaluate(_START, [bundle.script(), bundle.style(), view.payload(True)])
    found = Explorer(page)
    found.root.wait_for()
    return found, kernel
