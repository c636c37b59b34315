"""Late and malformed messages, many views of one explorer, many explorers, and what is left when they are closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from graphviz_ad.widget import bundle
from graphviz_ad.widget.view import View
from tests.browser.driver import Explorer, Notebook
from tests.browser.pages import each_panel, neuron
from tests.conftest import JupyterLab, Watch

# Counts what hangs on the window and the document, and who watches the size of something: before anything else runs.
COUNT = """
window.hanging = new Map();
const change = (name, by) => window.hanging.set(name, (window.hanging.get(name) ?? 0) + by);
for (const [target, name] of [[window, "window"], [document, "document"]]) {
  const add = target.addEventListener.bind(target), remove = target.removeEventListener.bind(target);
  target.addEventListener = (type, heard, options) => {
    const signal = typeof options === "object" ? options?.signal : undefined;
    if (signal?.aborted) return;
    change(`${name} ${type}`, 1);
    signal?.addEventListener("abort", () => change(`${name} ${type}`, -1));
    add(type, heard, options);
  };
  target.removeEventListener = (type, heard, options) => {
    change(`${name} ${type}`, -1);
    remove(type, heard, options);
  };
}
for (const kind of ["ResizeObserver", "IntersectionObserver", "MutationObserver"]) {
  const Plain = window[kind];
  window[kind] = class extends Plain {
    observe(...words) { if (!this.counted) { this.counted = true; change(kind, 1); } super.observe(...words); }
    disconnect() { if (this.counted) { this.counted = false; change(kind, -1); } super.disconnect(); }
  };
}
const start = window.setInterval.bind(window), stop = window.clearInterval.bind(window), running = new Set();
window.setInterval = (...words) => { const id = start(...words); running.add(id); change("interval", 1); return id; };
window.clearInterval = (id) => { if (running.delete(id)) change("interval", -1); stop(id); };
"""

# A front end whose kernel is this test: what it sends lies in `sent` until the test says something.
START = """async ([source, style, payload, count]) => {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
  const values = { payload, step: 0, phase: "forward", playing: false, selected: "", inputs: {}, look: {}, edit: {},
                   error: "", answered: 0 };
  const listeners = new Map();
  window.sent = [];
  window.fire = (name, ...args) => { for (const heard of [...(listeners.get(name) ?? [])]) heard(...args); };
  window.take = (state) => {
    const changed = Object.keys(state).filter((key) => values[key] !== state[key]);
    for (const key of changed) values[key] = state[key];
    for (const key of changed) window.fire(`change:${key}`);
  };
  window.callbacks = () => [...listeners.values()].reduce((sum, some) => sum + some.size, 0);
  const model = {
    get: (key) => values[key],
    set: (key, value) => {
      if (Object.is(values[key], value)) return;
      values[key] = value;
      window.fire(`change:${key}`);
    },
    save_changes: () => {},
    send: (content) => void window.sent.push(content),
    on: (name, heard) => void listeners.set(name, (listeners.get(name) ?? new Set()).add(heard)),
    off: (name, heard) => void listeners.get(name)?.delete(heard),
  };
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  window.closers = [];
  window.more = () => {
    const el = document.createElement("div");
    document.body.append(el);
    window.closers.push(widget.render({ model, el }));
  };
  for (let made = 0; made < count; made++) window.more();
}"""


def show(page: Page, view: View, views: int = 1) -> Explorer:
    """Show a view so many times, with this test as its kernel."""
    page.evaluate(START, [bundle.script(), bundle.style(), view.payload(True), views])
    explorer = Explorer(page)
    explorer.root.first.wait_for()
    return explorer


@pytest.fixture(scope="module")
def view() -> View:
    return View(gad.trace(neuron, 0.5, -1.5, 0.25, 1.0))


def answer(page: Page, view: View, *, mark: str = "") -> int:
    """Answer all that was asked, as the kernel does; `mark` goes into every title and name."""
    asked: list[dict[str, Any]] = page.evaluate("() => window.sent.splice(0)")
    for content in asked:
        if content.get("kind") == "hello":
            page.evaluate("window.fire('msg:custom', {kind: 'live'}, [])")
        elif content.get("kind") == "ask":
            data = marked(view.answer(content["question"]).data, mark)
            message = {"kind": "answer", "nonce": content["nonce"], "data": data}
            page.evaluate("message => window.fire('msg:custom', message, [])", message)
    return len(asked)


def marked(data: Any, mark: str) -> Any:
    """Return the data with a mark at the end of its texts."""
    if isinstance(data, dict):
        return {key: marked(value, mark) for key, value in data.items()}
    if isinstance(data, list):
        return [marked(value, mark) for value in data]
    return data + mark if isinstance(data, str) else data


NONSENSE = [
    None, 3, "live", [], {}, {"kind": "nobody"}, {"kind": "answer"}, {"kind": "answer", "nonce": 3},
    {"kind": "answer", "nonce": "never-asked-1", "data": {"name": "x"}},
    {"kind": "answer", "nonce": "never-asked-2", "error": "boom"},
    {"kind": "answer", "nonce": "never-asked-3"},
]  # fmt: skip
STATES = [
    {"step": 1e9}, {"step": -4}, {"step": None}, {"step": "3"}, {"step": 2.5}, {"selected": 7}, {"selected": "nobody"},
    {"selected": "x->nobody#4"}, {"selected": None}, {"playing": "no"}, {"playing": False}, {"look": None},
    {"look": {"mode": 3}}, {"inputs": None}, {"inputs": {"x": []}}, {"error": None}, {"error": "<b>hm</b>"},
    {"answered": "soon"}, {"answered": 3}, {"phase": 7},
]  # fmt: skip


def test_whatever_python_sends_the_story_goes_on(page: Page, view: View) -> None:
    explorer = show(page, view)
    steps = explorer.where[1]
    for name in each_panel(explorer.root):
        for message in NONSENSE:
            page.evaluate("message => window.fire('msg:custom', message)", message)
        for state in STATES:
            page.evaluate("state => window.take(state)", state)
        answer(page, view)
        page.evaluate("window.take({step: 0, selected: '', look: {}, inputs: {}, error: '', playing: false})")
        explorer.expect_step(0)
        explorer.press("Last step")
        assert explorer.where == (steps, steps, "done"), name
        assert explorer.read("b")["adjoint"] == repr(float(view.graph["b"].adjoint))
    assert explorer.root.locator("b").count() == 0, "texts stay texts"


@pytest.mark.slow
def test_answers_to_questions_about_an_old_graph_are_not_shown(page: Page, view: View) -> None:
    explorer = show(page, view)
    explorer.press("Last step")
    for name in each_panel(explorer.root):
        old = page.evaluate("() => window.sent.splice(0)")  # asked of the graph that is about to go
        page.evaluate("state => window.take(state)", {"payload": view.evaluate({"w": 0.75}).payload(True)})
        page.wait_for_timeout(100)
        for content in old:
            if content.get("kind") == "ask":
                data = marked(view.answer(content["question"]).data, " LATE")
                message = {"kind": "answer", "nonce": content["nonce"], "data": data}
                page.evaluate("message => window.fire('msg:custom', message, [])", message)
        page.wait_for_timeout(200)
        assert "LATE" not in explorer.root.inner_text(), f"{name} shows numbers of a graph that is gone"
        answer(page, view.evaluate({"w": 0.75}))


@pytest.mark.slow
def test_closed_views_leave_nothing_behind(page: Page, view: View, watch: Watch) -> None:
    page.add_init_script(COUNT)
    page.goto("about:blank")
    counts = "() => ({callbacks: window.callbacks?.() ?? 0, ...Object.fromEntries(window.hanging)})"
    page.evaluate(START, [bundle.script(), bundle.style(), view.payload(True), 0])
    before = page.evaluate(counts)
    page.evaluate("for (let made = 0; made < 20; made++) window.more()")
    explorer = Explorer(page)
    expect(explorer.root).to_have_count(20)
    during = page.evaluate(counts)
    assert during["callbacks"] > 20, "else this test could not fail"
    assert during["window hashchange"] == during["document fullscreenchange"] == 20
    # Pressed by a script: a click of the browser's driver would hang listeners of its own on the window.
    press = "name => [...document.querySelectorAll(`.gad-explorer:first-of-type ${name}`)].forEach(one => one.click())"
    for name in ("[role=tab]", "[aria-label='Play']", "[aria-label='Lecture mode']", "[aria-label='Step forward']"):
        page.evaluate(press, name)
        answer(page, view)
    page.evaluate("for (const close of window.closers) close()")
    expect(explorer.root).to_have_count(0)
    page.wait_for_timeout(1500)  # a timer that was left would do something now
    after = page.evaluate(counts)
    assert {name: count for name, count in after.items() if count != before.get(name, 0)} == {}


@pytest.mark.slow
def test_views_of_one_explorer_are_in_step(page: Page, view: View) -> None:
    explorer = show(page, view, views=3)
    views = [Explorer(page, explorer.root.nth(number)) for number in range(3)]
    views[1].press("Step forward")
    views[2].press("Step forward")
    for one in views:
        one.expect_step(2)
    views[0].press("Last step")
    assert len({str(one.state()) for one in views}) == 1
    ids = page.evaluate("[...document.querySelectorAll('.gad-explorer [id]')].map(part => part.id)")
    assert len(ids) == len(set(ids)), "an id names one element"


TWENTY = """\
import json
import graphviz_ad as gad
from IPython.display import display

def f(x, y):
    s = x * y
    u = s + x
    return u * u

explorers = [gad.explore(f, x=float(number), y=2.0) for number in range(20)]
display(*explorers[:10])"""
# JupyterLab shows at most fifty outputs of a cell, and an explorer leaves three


@pytest.mark.slow
def test_twenty_explorers_in_one_notebook(page: Page, jupyter_lab: JupyterLab, screenshots: Path) -> None:
    book = Notebook.write(
        page,
        jupyter_lab,
        "twenty.ipynb",
        TWENTY,
        "display(*explorers[10:])",
        "for explorer in explorers:\n    explorer.step = explorer.steps",
        "for explorer in explorers:\n    explorer.close()",
    )
    book.start(0)
    book.run(1)
    roots = page.locator(".gad-explorer")
    expect(roots).to_have_count(20, timeout=180_000)
    for number in (0, 10, 19):
        one = Explorer(page, roots.nth(number))
        one.press("Step forward")
        one.expect_step(1)
    book.run(2)
    for number in range(20):
        expect(roots.nth(number)).to_have_attribute("data-phase", "done")
        found = Explorer(page, roots.nth(number)).read("x")
        assert found["adjoint"] == repr(2 * (3 * float(number)) * 3)  # (xy + x)² at y = 2
    book.save()
    assert book.path.stat().st_size < 20 * 250_000
    book.run(3)
    expect(roots).to_have_count(0)
    for cell in (0, 1):
        expect(book.pictures(cell)).to_have_count(10)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</svg>", "<img src=x onerror='window.hurt = 1'></svg>"),
        ("</svg>", "</svg><p>more</p>"),
        ("</svg>", "<script>window.hurt = 1</script></svg>"),
        ("</svg>", "<foreignObject><b onclick='window.hurt = 1'>b</b></foreignObject></svg>"),
        ("<svg ", "<link rel='stylesheet'><svg "),
        ("<svg ", "<div "),
    ],
)
def test_a_picture_that_is_anything_but_svg_is_not_shown(page: Page, watch: Watch, old: str, new: str) -> None:
    payload = View(gad.trace(neuron, 0.5, 2.0, 0.1, 1.0)).payload(True)
    payload["svg"] = new.join(payload["svg"].rsplit(old, 1)) if old == "</svg>" else payload["svg"].replace(old, new, 1)
    failed = page.evaluate(
        """async ([source, payload]) => {
          const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const { default: widget } = await import(address);
          const values = { payload, step: 0, selected: "", look: {}, inputs: {} };
          const nobody = { on() {}, off() {}, set() {}, send() {}, save_changes() {} };
          const model = { get: key => values[key], ...nobody };
          const el = document.createElement("div");
          document.body.append(el);
          try { widget.render({ model, el }); } catch (error) { return error.message; }
          return "shown";
        }""",
        [bundle.script(), payload],
    )
    assert failed == "The picture is not an SVG image."
    page.wait_for_timeout(100)
    assert page.evaluate("window.hurt") is None
    assert page.locator("svg.gad-picture, img, script[src]").count() == 0
