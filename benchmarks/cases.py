"""The table of what is measured: each line a pair of functions, ours first, and what their ratio may be."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import graphviz_ad as gad
from benchmarks import chain, explorer, figures, gradflow, higher, network, pytorch, unwatched
from benchmarks.agreement import Pair
from benchmarks.measure import Gauge, length_bytes, peak_bytes, seconds, told, wall_seconds

ROOT = Path(__file__).resolve().parent.parent
PEERS = ("autograd", "torch", "micrograd", "mygrad", "torchlens", "torchview")


@dataclass(frozen=True)
class Case:
    """One line of the table; `pair` proves that both functions give the same numbers before it returns them."""

    name: str
    what: str
    against: str  # a peer's name if that is needed
    limit: float | None  # of ours / theirs; None: for information
    pair: Callable[[], Pair]
    gauge: Gauge = seconds
    unit: str = "s"
    per: tuple[int, int] = (1, 1)  # operations in ours and in theirs: each is divided by its own
    needs: str = "value_and_grad"  # what of graphviz_ad it measures
    program: str = ""  # a program that it starts
    browser: bool = False  # whether it is measured in a browser

    def missing(self) -> str:
        """What keeps this case from running, in words; empty if nothing does."""
        if self.against in PEERS and find_spec(self.against) is None:
            return f"{self.against} not installed"
        if self.program and shutil.which(self.program) is None:
            return f"{self.program} not installed"
        if self.browser and explorer.missing():
            return explorer.missing()
        return "" if hasattr(gad, self.needs) else f"gad.{self.needs} missing"


def import_pair() -> Pair:
    """``import graphviz_ad`` after numpy, and ``import numpy``, each in an interpreter of its own."""
    folder = tempfile.mkdtemp()  # compiled files are there, as users have them from the second import on
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": folder}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def cost(before: str, module: str) -> float:
        code = f"import {before}\nt = time.process_time()\nimport {module}\nprint(time.process_time() - t)"
        command = [sys.executable, "-c", code]
        return float(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)

    return partial(cost, "time, numpy", "graphviz_ad"), partial(cost, "time", "numpy")


LONG = 10_000
VERY_LONG = 100_000
SMALL_FIGURE, FIGURE, LARGE_FIGURE = 2, 7, 100  # how many weights the neuron has that is drawn
SMALL_PAGE, PAGE, LARGE_PAGE = 15, 125, 499  # and the one that is played: 62, 502 and 1,998 nodes

CASES = (
    Case("import", "import graphviz_ad", "import numpy", 0.5, import_pair, told),
    Case("chain-autograd", "chain of 10,000", "autograd", 0.06, partial(chain.pair, chain.autograd, LONG)),
    Case("chain-torch", "chain of 10,000", "torch", 0.25, partial(chain.pair, chain.torch, LONG)),
    Case("chain-micrograd", "chain of 500", "micrograd", 0.6, partial(chain.pair, chain.micrograd, 500)),
    Case(
        "chain-growth", "chain of 100,000, an operation", "of 1,000", 1.5,
        partial(chain.pair, chain.ours, VERY_LONG, 1_000), per=(VERY_LONG, 1_000),
    ),
    Case(
        "chain-memory", "chain of 100,000, peak memory of an operation", "autograd", 0.3,
        partial(chain.pair, chain.autograd, VERY_LONG, LONG), peak_bytes, "B", (VERY_LONG, LONG),
    ),
    Case("chain-trace", "chain of 10,000, gad.trace", "autograd", 0.2, partial(chain.traced_pair, LONG), needs="trace"),
    Case("mlp", "MLP", "NumPy by hand", 1.15, partial(network.pair, network.MLP, network.by_hand)),
    Case("mlp-float32", "MLP in float32", "NumPy by hand", 1.25, partial(network.float32_pair, network.MLP)),
    Case("mlp-autograd", "MLP", "autograd", None, partial(network.pair, network.MLP, network.autograd)),
    Case("mlp-torch", "MLP", "torch", None, partial(network.pair, network.MLP, network.torch)),
    Case("mlp-mygrad", "MLP", "mygrad", None, partial(network.pair, network.MLP, network.mygrad)),
    Case(
        "mlp-unwatched", "MLP with the check for changed arrays", "without it", 1.02,
        lambda: unwatched.pair(network.ours(network.MLP)),
    ),
    Case("small", "small net", "NumPy by hand", 4.0, partial(network.pair, network.SMALL, network.by_hand)),
    Case("small-autograd", "small net", "autograd", 0.2, partial(network.pair, network.SMALL, network.autograd)),
    Case("sixth", "sixth derivative of tanh", "autograd", 0.2, higher.sixth_pair, needs="grad"),
    Case(
        "hessian", "Hessian of Rosenbrock, n = 100", "autograd", 0.3,
        lambda: higher.pair("hessian", higher.rosenbrock, higher.numbers(100)), needs="hessian",
    ),
    Case(
        "jacobian", "Jacobian of tanh(W2 tanh(W1 x)), 20 × 20", "autograd", 0.15,
        lambda: higher.pair("jacobian", higher.two_layers, higher.numbers(20), *higher.numbers(2, 20, 20)),
        needs="jacobian",
    ),
    Case(
        "tiny", "sum of a product of three numbers", "autograd", 0.25,
        lambda: higher.pair("value_and_grad", higher.weighted, higher.numbers(3), higher.numbers(3)),
    ),
    Case(
        "svg-build", "SVG of a drawn graph, a node", "micrograd", 0.2, partial(figures.build_pair, LARGE_FIGURE),
        per=(figures.nodes_of(LARGE_FIGURE),) * 2, needs="trace",
    ),
    Case(
        "svg-draw", "drawing and SVG of a laid-out graph, a node", "micrograd", None,
        partial(figures.build_pair, LARGE_FIGURE, drawn=False),
        per=(figures.nodes_of(LARGE_FIGURE),) * 2, needs="trace",
    ),
    Case(
        "svg-layered", "function to SVG, 10 nodes, engine layered", "micrograd", 0.4,
        partial(figures.finished_pair, SMALL_FIGURE, "layered"), wall_seconds, needs="trace", program="dot",
    ),
    Case(
        "svg-dot", "function to SVG, 10 nodes, engine dot", "micrograd", 1.2,
        partial(figures.finished_pair, SMALL_FIGURE, "dot"), wall_seconds, needs="trace", program="dot",
    ),
    Case(
        "svg-bytes", "size of an SVG, a node", "Graphviz", 0.4,
        partial(figures.size_pair, FIGURE, figures.DRESSED), length_bytes, "B",
        (figures.nodes_of(FIGURE),) * 2, needs="trace", program="dot",
    ),
    Case(
        "svg-bytes-plain", "size of an SVG, a node", "Graphviz, bare", None,
        partial(figures.size_pair, FIGURE, figures.PLAIN), length_bytes, "B",
        (figures.nodes_of(FIGURE),) * 2, needs="trace", program="dot",
    ),
    Case(
        "figure-growth", "figure of a graph of 100,000, a node", "of 10,000", 1.5,
        partial(figures.growth_pair, VERY_LONG, LONG), told, per=(VERY_LONG, LONG), needs="trace",
    ),
    Case(
        "figure-seconds", "figure of a graph of 100,000", "a second", 3.0,
        partial(figures.second_pair, VERY_LONG), told, needs="trace",
    ),
    Case(
        "explorer-step", "repaint of a step, 500 nodes", "a millisecond", 17.0,
        partial(explorer.repaint_pair, PAGE), told, needs="trace", browser=True,
    ),
    Case(
        "explorer-step-large", "repaint of a step, 2,000 nodes", "a millisecond", 35.0,
        partial(explorer.repaint_pair, LARGE_PAGE), told, needs="trace", browser=True,
    ),
    Case(
        "explorer-first", "first paint, 500 nodes", "a millisecond", 250.0,
        partial(explorer.first_pair, PAGE), told, needs="trace", browser=True,
    ),
    Case(
        "explorer-drag", "input drag through the kernel, 60 nodes", "a millisecond", 50.0,
        partial(explorer.drag_pair, SMALL_PAGE), told, needs="trace", browser=True,
    ),
    Case(
        "explorer-message", "payload of a step", "a byte", 100.0,
        partial(explorer.message_pair, SMALL_PAGE), told, "B", needs="trace", browser=True,
    ),
    Case(
        "gradflow", "gradient flow, depth 100, width 128", "NumPy by hand", 1.3,
        partial(gradflow.pair, gradflow.by_hand), needs="gradflow",
    ),
    Case(
        "gradflow-autograd", "gradient flow, depth 100, width 128", "autograd", 0.6,
        partial(gradflow.pair, gradflow.by_autograd), needs="gradflow",
    ),
    Case(
        "gradflow-growth", "gradient flow, depth 1,000", "depth 100", 11.0,
        partial(gradflow.growth_pair, 1000, 100), needs="gradflow",
    ),
    Case("gradflow-seeds", "ten seeds at width 16", "one by one", 0.4, gradflow.seeds_pair, needs="gradflow"),
    Case(
        "gradflow-processes", "sweep on two processes, width 256", "one", 0.7,
        gradflow.processes_pair, wall_seconds, needs="gradflow",
    ),
    Case(
        "gradflow-quick", "gradient flow, depth 50, width 64", "a millisecond", 150.0,
        gradflow.quick_pair, told, needs="gradflow",
    ),
    Case(
        "torch-capture", "50 convolutions of PyTorch's, values and gradients", "torchlens", 0.2,
        pytorch.capture_pair, needs="from_torch",
    ),
    Case(
        "torch-figure", "MLP of PyTorch's to SVG, ranges of numbers", "torchview", 1.0,
        partial(pytorch.figure_pair, ()), wall_seconds, needs="from_torch", program="dot",
    ),
    Case(
        "torch-figure-heat", "MLP of PyTorch's to SVG, heat maps", "torchview", None,
        partial(pytorch.figure_pair, ("heatmaps",)), wall_seconds, needs="from_torch", program="dot",
    ),
    Case("gradflow-watch", "training of the MLP, watched", "bare", 1.1, gradflow.watched_pair, needs="gradflow"),
)  # fmt: skip
