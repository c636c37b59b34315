"""The explorer in a browser: how long a step, the first picture and a new input take to be seen, and what is sent."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np

import graphviz_ad as gad
from benchmarks import figures
from benchmarks.agreement import Pair, agree
from graphviz_ad.demo import lab_command, lab_environment
from graphviz_ad.widget import bundle
from graphviz_ad.widget.view import View

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    # A frame is shown when it is ready, not at the next beat of a screen that is not there.
    "--disable-frame-rate-limit", "--disable-gpu-vsync",
)  # fmt: skip
WINDOW = {"width": 1280, "height": 900}

# Until what was changed has been drawn: the frame of the change, and the one after it. A browser that has nothing to
# draw waits for the beat of a screen; a pixel that is never the same keeps it drawing, as fast as it can.
SEEN = """
  const pixel = document.querySelector("#beat") ?? document.body.appendChild(document.createElement("div"));
  pixel.id = "beat";
  pixel.style.cssText = "position: fixed; left: 0; bottom: 0; width: 1px; height: 1px; will-change: opacity";
  pixel.style.background = "red";
  let frames = 0;
  const frame = () => new Promise(done => requestAnimationFrame(() => {
    pixel.style.opacity = ++frames % 2 ? 0.5 : 0.6;
    done();
  }));
  const seen = async () => { await frame(); await frame(); };
  const rest = async () => {
    await new Promise(done => setTimeout(done, 250));
    for (let turn = 0; turn < 5; turn++) await frame();
  };"""

STEP = (
    "async target => {"
    + SEEN
    + """
  const root = document.querySelector(".gad-explorer"), slider = root.querySelector(".gad-slider");
  slider.value = target - 1;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  await rest();
  const start = performance.now();
  root.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  await seen();
  if (root.dataset.step !== String(target)) throw new Error("the step was not made");
  return (performance.now() - start) / 1000;
}"""
)
"""Makes one step forward to this one; returns the seconds until it is seen."""

FIRST = (
    "async ([code, style, text]) => {"
    + SEEN
    + """
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const { default: explorer } = await import(address);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [sheet];
  window.draw = async () => {
    const state = { payload: JSON.parse(text), step: 0, playing: false, selected: "", look: {}, inputs: {}, error: "" };
    const nobody = { on() {}, off() {}, send() {}, save_changes() {} };
    const model = { get: key => state[key], set: (key, value) => { state[key] = value; }, ...nobody };
    const el = document.createElement("div");
    document.body.replaceChildren(el, pixel);
    await rest();
    const start = performance.now();
    const close = explorer.render({ model, el });
    await seen();
    const spent = (performance.now() - start) / 1000;
    const nodes = el.querySelectorAll("g.gad-node").length;
    close();
    return [spent, nodes];
  };
}"""
)
"""Loads the front end as anywidget does, and leaves `draw`: it shows a payload in an empty page."""

CHANGE = (
    "async ([name, text, result]) => {"
    + SEEN
    + """
  const root = document.querySelector(".gad-explorer");
  const field = root.querySelector(`input.gad-input[data-node="${name}"]`);
  const shown = () => root.querySelector(`g.gad-node[data-node="${result}"]`)?.dataset.value;
  const before = shown();
  await rest();
  const start = performance.now();
  field.value = text;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  // While the kernel computes, the browser has nothing to draw: it would take the processor from the kernel.
  await new Promise((done, late) => {
    const timer = setTimeout(late, 20000, new Error("the kernel did not answer"));
    const changes = new MutationObserver(() => {
      if (shown() === before) return;
      changes.disconnect();
      clearTimeout(timer);
      done();
    });
    changes.observe(root.querySelector(".gad-stage"), { subtree: true, attributes: true, childList: true });
  });
  await seen();
  return [(performance.now() - start) / 1000, Number(shown())];
}"""
)
"""Writes a number into an input; returns the seconds until the graph at that number is seen, and the new result."""


def missing() -> str:
    """What keeps the explorer from being measured here, in words; empty if nothing does."""
    from importlib.util import find_spec

    if find_spec("playwright") is None:
        return "playwright not installed"
    return "" if any(map(shutil.which, BROWSERS)) else "chromium not installed"


def opened(browser: Any = None) -> Any:
    """A new page of a browser; one of our own, which lives as long as this process, if none is given."""
    if browser is None:
        from playwright.sync_api import sync_playwright

        playwright = sync_playwright().start()
        rootless = () if os.name == "nt" or os.getuid() else ("--no-sandbox",)  # Chromium's sandbox refuses root
        executable = next(filter(None, map(shutil.which, BROWSERS)))
        browser = playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *rootless])
        atexit.register(playwright.stop)
        atexit.register(browser.close)
    return browser.new_page(viewport=WINDOW)


def milliseconds(measured: Callable[[], float]) -> Pair:
    """A measured time beside a millisecond: the ratio is their number."""
    return measured, lambda: 1e-3


def complete(page: Any, graph: Any) -> None:
    """Assert that the page, at the end of the story, has the graph's value and adjoint of every node it shows."""
    found = page.locator("g.gad-node").evaluate_all(
        "nodes => nodes.map(node => [node.dataset.node, node.dataset.value, node.dataset.adjoint])"
    )
    assert len(found) >= sum(node.primitive is not None for node in graph.nodes)
    shown = np.array([[float(number) for number in numbers] for _, *numbers in found])
    agree(shown, np.array([[float(graph[name].value), float(graph[name].adjoint)] for name, *_ in found]))


def saved(view: View) -> str:
    """The address of a view's page without a kernel, for as long as this process lives."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "page.html"
    path.write_text(view.page(), encoding="utf-8")
    return path.as_uri()


def repaint_pair(fan_in: int, browser: Any = None) -> Pair:
    """One step of a neuron's story, of which nothing is folded, from the key to the frame that shows it.

    Steps of all parts of the story are taken in turns.
    """
    view, page = figures.view(fan_in), opened(browser)
    page.goto(saved(view))
    page.keyboard.press("Tab")
    page.locator(".gad-explorer").focus()
    page.keyboard.press("End")
    complete(page, view.graph)
    steps = int(page.locator(".gad-explorer").get_attribute("data-steps"))
    turns = count(1)

    def step() -> float:
        return float(page.evaluate(STEP, 1 + next(turns) * 389 % (steps - 1)))

    return milliseconds(step)


def first_pair(fan_in: int, browser: Any = None) -> Pair:
    """The picture of a neuron as a notebook gets it: from the call with its payload to the frame that shows it."""
    view, page = figures.view(fan_in), opened(browser)
    page.evaluate(FIRST, [bundle.script(), bundle.style(), json.dumps(view.payload(live=True))])
    agree([float(page.evaluate("draw()")[1])], [float(len(view.scene.nodes))])
    return milliseconds(lambda: float(page.evaluate("draw().then(([spent]) => spent)")))


# ------------------------------------------------------------------------------------------------ with a kernel


@contextmanager
def notebook(fan_in: int) -> Iterator[str]:
    """A JupyterLab, as `graphviz-ad demo` starts it, with a notebook that shows a neuron; yields its address."""
    with ExitStack() as stack, socket.socket() as probe:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        source = (
            "import graphviz_ad as gad\nfrom benchmarks.figures import RELU, arguments, neuron\n"
            f"gad.trace(neuron, *arguments({fan_in}), RELU).explore(fold='none')"
        )
        cell: dict[str, Any] = {"cell_type": "code", "source": source, "id": "neuron"}
        cell |= {"metadata": {}, "outputs": [], "execution_count": None}
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        path = folder / "neuron.ipynb"
        path.write_text(json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
        environment = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
        for kind in ("CONFIG", "DATA", "RUNTIME"):
            environment[f"JUPYTER_{kind}_DIR"] = str(folder / "jupyter" / kind.lower())
        environment |= {"IPYTHONDIR": str(folder / "ipython"), "PYTHONPATH": str(Path(__file__).parent.parent)}
        environment = lab_environment(environment)
        command = lab_command(path, port=port, retry=False, browser=False, root=os.name != "nt" and not os.getuid())
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(command, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
        stack.callback(ended, server)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/lab/tree/{path.name}?token={environment['JUPYTER_TOKEN']}"


def ended(server: subprocess.Popen[bytes]) -> None:
    """End a server, and with it its kernel."""
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()


def played(fan_in: int, browser: Any = None) -> Any:
    """The page of that notebook, once its cell has shown the explorer."""
    stack = ExitStack()
    atexit.register(stack.close)
    address = stack.enter_context(notebook(fan_in))
    page = opened(browser)
    page.sent = []

    def note(frame: bytes | str) -> None:
        page.sent.append(frame)

    page.on("websocket", lambda socket: socket.on("framesent", note))
    page.goto(address)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for(state="attached", timeout=120_000)
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=60_000)  # earlier, it asks for a kernel
    explorer = page.locator(".gad-explorer")
    prompt = page.locator(".jp-InputPrompt").first
    for _ in range(20):  # a page that is still starting drops the key
        prompt.click()
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(1000)
        if prompt.inner_text() != "[ ]:":
            break
    explorer.wait_for(timeout=120_000)
    return page


def drag_pair(fan_in: int, browser: Any = None) -> Pair:
    """An input's new number, from the field through the kernel to the frame that shows the whole graph at it."""
    page = played(fan_in, browser)
    page.locator(".gad-explorer").evaluate("root => root.focus()")
    page.keyboard.press("End")
    graph = gad.trace(figures.neuron, *figures.arguments(fan_in), figures.RELU)
    name, result = graph.inputs[-1].name, graph.outputs[0].name
    turns = count(1)

    def change() -> tuple[float, float, float]:
        number = 0.35 + 0.01 * (next(turns) % 50)
        spent, answer = page.evaluate(CHANGE, [name, repr(number), result])
        return spent, answer, float(graph.evaluate(**{name: number}).outputs[0].value)

    _, seen, right = change()
    agree([seen], [right])
    return milliseconds(lambda: change()[0])


def message(frame: bytes | str) -> Any:
    """What the widget itself says in a message to the kernel; None if it says nothing there."""
    if isinstance(frame, str):
        return None
    parts = int.from_bytes(frame[:8], "little")
    offsets = [int.from_bytes(frame[8 * place : 8 * place + 8], "little") for place in range(1, parts + 1)]
    for start, end in pairwise(offsets):
        piece = frame[start:end]
        if re.match(rb'\{.*"comm_id"', piece, re.DOTALL):
            return json.loads(piece).get("data")
    return None


def message_pair(fan_in: int, browser: Any = None) -> Pair:
    """What a step in the page says to the kernel, in bytes, beside a byte."""
    page = played(fan_in, browser)
    explorer = page.locator(".gad-explorer")
    explorer.evaluate("root => root.focus()")

    def step() -> float:
        page.sent.clear()
        page.keyboard.press("ArrowRight")
        said: list[Any] = []
        for _ in range(100):
            found = [data for frame in page.sent if (data := message(frame)) is not None]
            said = [data for data in found if "step" in data.get("state", ())]  # not the questions of an open panel
            if said:
                break
            page.wait_for_timeout(20)
        agree([float(data["state"]["step"]) for data in said], [float(explorer.get_attribute("data-step"))])
        return float(len(json.dumps(said[0], separators=(",", ":")).encode()))

    return step, lambda: 1.0
