"""How samples become a table: on the terminal, and in RESULTS.md, which holds the samples that it is made from."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parent / "RESULTS.md"

HEADINGS = ("what", "against", "ratio", "limit", "", "ours", "theirs", "pairs")

ABOUT = """\
Each ratio is the median of the ratios of pairs of samples, taken in turns in a process of its own, with NumPy held to
one thread. A sample is the processor time of one call of `gad.value_and_grad(f)(…)`, unless the line says else. Both
functions were proven to give the same numbers first (to 1e-9, in float32 to 1e-4).

A chain is sin, × a, + b, sin, … on one number; autograd's memory of an operation is that in a chain of 10,000. The MLP
is 784-256-128-10 with tanh and cross-entropy of softmax, batch 64; the small net is 2-16-16-1 with tanh and the mean
squared error, batch 1; all parameters get a gradient. "NumPy by hand" is the forward and backward pass written out.

The figures show the neuron s · relu(w·x) in single operations, with 402, 10 and 30 nodes: on both sides the same nodes
with the same numbers. micrograd's figure is what `draw_dot` of its notebook asks of the package graphviz: its source,
before dot lays it out, stands beside the text of our SVG, from our display list, and beside that with drawing, from the
coordinates of our layout. From the function to the SVG, our trace, sweep, story, layout, drawing and text stand beside
micrograd's expression, backward pass, `draw_dot` and the program dot, by the clock on the wall. Sizes are those of
complete files, ours with legend, style, both colour schemes and the data for scripts; Graphviz's has a table for each
node and each edge, rounded and coloured like ours, or bare: only texts and lines. The figure of a long graph is folded;
it takes processor time from the traced chain on, sweep included.

Gradient flow is that of a tanh net with batch 128, every column of the table on both sides: "NumPy by hand" is the
forward and backward pass of the whole net, and autograd differentiates by the weights and by zeros added to each
pre-activation. The sweep has four points of two seeds and depth 50, by the clock on the wall, beside the same points
measured here. A training step is our gradients of the MLP and gradient descent; every tenth is recorded.

The explorer is played in headless Chromium, without the beat of a screen: a step takes from the key to the second frame
after it, the first picture from the call of the front end with a payload, and an input from the field through
JupyterLab and a kernel of its own to the frame that shows the new result, all by the clock on the wall. Beside them
stands a millisecond, so that the ratio is their number. The payload of a step is what the widget says to the kernel,
without the names that Jupyter writes around it."""

UNITS = {"s": {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}, "B": {"MB": 1e6, "kB": 1e3, "B": 1.0}}

Record = dict[str, Any]
"""One run: commit, machine, versions, and cases, as JSON has it; a case has samples, or a note that says why not."""


def four_digits(number: float) -> float:
    """A sample as it is kept: what is shown is made from what is kept."""
    return float(f"{number:.4g}")


def ratio(samples: list[list[float]]) -> float:
    """The median of ours / theirs over the pairs.

    Examples
    --------
    >>> ratio([[1.0, 2.0], [3.0, 4.0], [9.0, 1.0]])
    0.75
    """
    return median(ours / theirs for ours, theirs in samples)


def verdict(case: Record) -> str:
    """ok, over, or the reason why there is no number; nothing where no limit is set.

    Examples
    --------
    >>> verdict({"limit": 0.5, "samples": [[1.0, 2.0]]}), verdict({"limit": 0.4, "samples": [[1.0, 2.0]]})
    ('ok', 'over')
    """
    if "samples" not in case:
        return str(case["note"])
    if case["limit"] is None:
        return ""
    return "ok" if ratio(case["samples"]) <= case["limit"] else "over"


def amount(number: float, unit: str) -> str:
    """A number with three digits and a prefix.

    Examples
    --------
    >>> amount(0.01234, "s"), amount(3.5e-7, "s"), amount(842.4, "B")
    ('12.3 ms', '350 ns', '842 B')
    """
    prefixes = UNITS[unit]
    name = next((name for name, size in prefixes.items() if number >= size), list(prefixes)[-1])
    return f"{number / prefixes[name]:.3g} {name}"


def cells(case: Record) -> list[str]:
    """One line of the table, in the order of `HEADINGS`."""
    limit = "" if case["limit"] is None else f"≤ {case['limit']:g}"
    if "samples" not in case:
        return [case["what"], case["against"], "", limit, verdict(case), "", "", ""]
    samples = case["samples"]
    ours, theirs = (amount(median(side), case["unit"]) for side in zip(*samples, strict=True))
    return [
        case["what"], case["against"], f"{ratio(samples):.3g}", limit, verdict(case), ours, theirs, str(len(samples)),
    ]  # fmt: skip


def line(texts: list[str] | tuple[str, ...]) -> tuple[str, str]:
    """The cells at fixed places: what a case is, known before it runs, and what came out."""
    what, against, number, limit, said, ours, theirs, pairs = texts
    return f"{what:<46} {against:<14}", f"{number:>6} {limit:>7}  {said:<4} {ours:>9} {theirs:>9} {pairs:>6}".rstrip()


def render(record: Record) -> str:
    """The whole of RESULTS.md."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(cells(case) for case in record["cases"])]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return f"""\
# What was measured

Written by `make bench`; a test compares it with its own samples. Commit {record["commit"]}, {record["machine"]};
{versions}.

{table}

{ABOUT}

<details><summary>Samples [ours, theirs], in seconds or bytes</summary>

```json
{dump(record)}
```

</details>
"""


def dump(record: Record) -> str:
    """A record as JSON, with one line for each case.

    Examples
    --------
    >>> json.loads(dump({"commit": "c", "cases": [{"name": "a"}, {"name": "b"}]}))["cases"]
    [{'name': 'a'}, {'name': 'b'}]
    """
    head = {key: value for key, value in record.items() if key != "cases"} | {"cases": []}
    cases = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in record["cases"])
    return json.dumps(head, ensure_ascii=False).removesuffix("]}") + f"\n{cases}\n]}}"


def samples_in(text: str) -> Record:
    """The record that a RESULTS.md holds."""
    record: Record = json.loads(text.partition("```json\n")[2].partition("\n```")[0])
    return record
