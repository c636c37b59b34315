"""What the doctor reports: findings, parameters and what was looked at, as text, table, page and picture."""

from __future__ import annotations

import contextlib
import html
import os
import re
import textwrap
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_ad.core.visible import called, visible
from graphviz_ad.doctor.finding import Finding, Parameter
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.tidy import Tidy

if TYPE_CHECKING:
    from graphviz_ad.gradflow.table import Flow
    from graphviz_ad.graph import Graph

WIDTH = 100
PAGE = 900
"""The width of a page's picture in px."""
NOTHING = "nothing found"
SUFFIXES = (".svg", ".png", ".pdf", ".html", ".txt", ".csv")
TABLES = ("findings", "parameters", "layers")
_SIGNS = {"error": "✗", "warning": "!", "note": "·"}


class Table(Tidy):
    """A tidy table of texts and numbers."""

    def __init__(self, columns: Mapping[str, list[Any]]) -> None:
        self.columns = {name: np.array(values, dtype=None if name == "adjoint_norm" else object)
                        for name, values in columns.items()}  # fmt: skip

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, column: str) -> np.ndarray[Any, Any]:
        return self.columns[self._known(column)]

    def __repr__(self) -> str:
        rows = zip(*self.to_dict().values(), strict=True)
        return "\n".join(" | ".join(map(str, row)) for row in (tuple(self.columns), *rows))


class Report:
    """What `gad.doctor` found.

    Attributes
    ----------
    findings : tuple of Finding
        Errors first; () where nothing was found. Each has ``severity``, ``kind``, ``what``, ``why``, ``instead``,
        ``where`` (file and line), ``code``, ``parameters``.
    parameters : tuple of Parameter
        Of every parameter ``name``, ``state``, ``adjoint_norm``, ``why``, ``where``.
    looked_at, not_looked_at : tuple of str
        What was examined, with its numbers; what was not, and why.
    thresholds : dict
        The values that were used, by the names of `gad.doctor.THRESHOLDS`.
    graph : Graph or None
        The graph; where the function ended with an error, as far as it came.
    flow : Flow or None
        The table of `gad.gradflow.of`, where there are layers.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> print(gad.doctor(lambda w: np.tanh(w) ** 2, 0.5))
    nothing found
      looked at  the loss: one number, out = 0.2136
                 1 input: it gets a gradient that is finite and not 0
                 1 activation (tanh), for dead and saturated units
                 4 nodes: every value finite, every adjoint too
    """

    def __init__(
        self,
        graph: Graph | None,
        findings: tuple[Finding, ...],
        parameters: tuple[Parameter, ...],
        looked_at: tuple[str, ...],
        not_looked_at: tuple[str, ...],
        thresholds: Mapping[str, float],
        flow: Flow | None,
    ) -> None:
        self.graph = graph
        self.findings = findings
        self.parameters = parameters
        self.looked_at = looked_at
        self.not_looked_at = not_looked_at
        self.thresholds = dict(thresholds)
        self.flow = flow

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def headline(self) -> str:
        """In one line: what was found, by severity."""
        if self.ok:
            return NOTHING
        counts = {name: sum(finding.severity == name for finding in self.findings) for name in _SIGNS}
        told = [f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items() if count]
        title = called(self.graph.title) if self.graph is not None and self.graph.title else ""
        return f"{', '.join(told)}{f' in {title}' if title else ''}"

    # -- text -------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return str(self)

    def _lines(self) -> Iterator[str]:
        yield self.headline
        for finding in self.findings:
            yield ""
            yield from _wrapped(f"{_SIGNS[finding.severity]} {finding.what}", "", "  ")
            if finding.where:
                code = f"   {finding.code}" if finding.code else ""
                yield f"  where    {finding.where}{code}"
            yield from _wrapped(finding.why, "  why      ")
            yield from _wrapped(finding.instead, "  instead  ")
        lost = [one for one in self.parameters if one.state != "reached"]
        if lost:
            yield ""
            wide = max(len(called(one.name)) for one in self.parameters)
            for one in self.parameters:
                size = f"‖∂L/∂{called(one.name)}‖ = {one.adjoint_norm:.4g}" if one.adjoint_norm is not None else ""
                where = f"  {one.where}" if one.where else ""
                yield f"  {called(one.name):<{wide}}  {one.state:<10}  {size}{where}".rstrip()
        if self.findings:
            yield ""
        for word, lines in (("looked at", self.looked_at), ("not looked at", self.not_looked_at)):
            for number, line in enumerate(lines):
                label = word if number == 0 else ""
                yield from _wrapped(line, f"  {label:<{max(len(word), 9)}}  ")

    # -- tables -----------------------------------------------------------------------------------

    def table(self, what: str = "findings") -> Tidy:
        """A tidy table: one row for each finding, for each parameter, or for each layer.

        Parameters
        ----------
        what : {"findings", "parameters", "layers"}

        Returns
        -------
        Tidy
            ``.to_frame()`` is a pandas frame, where pandas is installed; ``.to_dict()`` and ``.to_csv()`` need nothing.

        Raises
        ------
        ArgumentError
            There is no such table.

        Examples
        --------
        >>> import graphviz_ad as gad
        >>> gad.doctor(lambda w, v: w * 2, 1.0, 3.0).table("parameters").to_dict()["state"]
        ['reached', 'unused']
        """
        if what == "findings":
            names = ("severity", "kind", "what", "where", "code", "why", "instead")
            columns: dict[str, list[Any]] = {name: [getattr(one, name) for one in self.findings] for name in names}
            columns["parameters"] = [", ".join(one.parameters) for one in self.findings]
            return Table(columns)
        if what == "parameters":
            fields = ("name", "role", "shape", "state", "adjoint_norm", "why", "where")
            columns = {name: [getattr(one, name) for one in self.parameters] for name in fields}
            columns["shape"] = [str(shape) for shape in columns["shape"]]
            columns["adjoint_norm"] = [np.nan if size is None else size for size in columns["adjoint_norm"]]
            return Table(columns)
        if what == "layers" and self.flow is not None:
            return self.flow
        here = [name for name in TABLES if name != "layers" or self.flow is not None]
        raise ArgumentError(f"unknown table: {what!r} (must be one of {here})")

    # -- pictures ---------------------------------------------------------------------------------

    def picture(self, width: float | str | None = None) -> Any:
        """The graph with its breaks, and under each node what was found there, as a display list."""
        if self.graph is None:
            raise ArgumentError("there is no graph to draw: the function was refused before it ran. print(report)")
        from graphviz_ad.doctor.picture import picture

        return picture(self.graph, self.findings, **({} if width is None else {"width": width}))

    def save(self, path: str | os.PathLike[str], *, theme: str = "auto", width: float | str | None = None) -> Path:
        """Write the report; the suffix says how.

        Parameters
        ----------
        path
            Ends in .svg, .png or .pdf (the graph, with what was found), .html (text, tables and picture in one
            page), .txt or .csv (the findings).
        theme : {"auto", "light", "dark"}
            Of a picture, as for `Graph.save`.
        width : float or str, optional
            Of a picture, as for `Graph.save`.

        Returns
        -------
        pathlib.Path
            The file, written whole or not at all.

        Raises
        ------
        ArgumentError
            The suffix or the folder is unknown, or there is no graph to draw.
        """
        from graphviz_ad.widget.view import THEMES
        from graphviz_ad.widget.writing import place, put

        if theme not in THEMES:
            raise ArgumentError(f"unknown theme: {theme!r} (must be one of {list(THEMES)})")
        target, suffix = place(path, SUFFIXES, "doctor.svg")
        return put(target, self._content(suffix, theme, width))

    def _content(self, suffix: str, theme: str, width: float | str | None) -> str | bytes:
        if suffix == ".txt":
            return f"{self}\n"
        if suffix == ".csv":
            return str(self.table().to_csv())
        if suffix == ".html":
            return _page(self)
        drawn = self.picture(width)
        if suffix == ".svg":
            from graphviz_ad.render.svg import to_svg

            return to_svg(drawn, theme=theme)
        from graphviz_ad.render import mpl

        write: Callable[..., bytes] = mpl.to_png if suffix == ".png" else mpl.to_pdf
        return write(drawn, theme="light" if theme == "auto" else theme)

    def _repr_html_(self) -> str:
        return _body(self)


def _wrapped(text: str, first: str, indent: str = "") -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=indent or " " * len(first), break_long_words=False
    )


# -- HTML: every text from elsewhere goes through html.escape ----------------------------------------

_STYLE = """
.gad-doctor{max-width:60rem}
.gad-doctor table{border-collapse:collapse;margin:.6rem 0}
.gad-doctor th,.gad-doctor td{text-align:left;vertical-align:top;padding:.3rem .6rem;white-space:normal}
.gad-doctor-picture{overflow-x:auto;margin:.8rem 0}
.gad-doctor-picture img{max-width:none}
.gad-doctor h4{margin:.8rem 0 .2rem}
.gad-doctor dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:0 0 0 1.2rem}
.gad-doctor dt{opacity:.8}.gad-doctor dd{margin:0}
"""


def _body(report: Report, *, headline: bool = True) -> str:
    parts = [f"<div class='gad-doctor'><style>{_STYLE}</style>"]
    if headline:
        parts.append(f"<p><strong>{_safe(report.headline)}</strong></p>")
    for finding in report.findings:
        rows = {
            "where": f"{_safe(finding.where)} <code>{_safe(finding.code)}</code>" if finding.where else "",
            "why": _code(finding.why),
            "instead": _code(finding.instead),
        }
        items = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in rows.items() if text)
        sign = f"{_SIGNS[finding.severity]} {finding.severity}: "
        parts.append(f"<h4>{sign}{_safe(finding.what)}</h4><dl>{items}</dl>")
    if any(one.state != "reached" for one in report.parameters):
        parts.append(_parameters(report))
    parts.append(_image(report))
    for word, lines in (("Looked at", report.looked_at), ("Not looked at", report.not_looked_at)):
        if lines:
            parts.append(f"<p>{word}:</p><ul>{''.join(f'<li>{_safe(line)}</li>' for line in lines)}</ul>")
    return "".join([*parts, "</div>"])


def _parameters(report: Report) -> str:
    head = "<tr><th>parameter</th><th>state</th><th>‖adjoint‖</th><th>where</th></tr>"
    rows = "".join(
        f"<tr><td><code>{_safe(called(one.name))}</code></td><td>{_safe(one.state)}</td>"
        f"<td>{'' if one.adjoint_norm is None else f'{one.adjoint_norm:.4g}'}</td><td>{_safe(one.where)}</td></tr>"
        for one in report.parameters
    )
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _image(report: Report) -> str:
    """The picture as an image of its own, so that nothing in it meets the page; "" where there is none to draw."""
    from graphviz_ad.render.svg import to_svg

    if report.graph is None:
        return ""
    drawn = None
    for width in (PAGE, None):  # in rows where that can be read, else in one, to be scrolled
        with contextlib.suppress(ArgumentError):
            drawn = report.picture(width)
            break
    if drawn is None:  # too large for any picture
        return ""
    data = b64encode(to_svg(drawn, theme="auto").encode("utf-8", "replace")).decode()
    label = _safe(f"The graph: {report.headline}")
    return (
        f"<div class='gad-doctor-picture' tabindex='0' role='group' aria-label='{label}'>"
        f"<img alt='{label}' src='data:image/svg+xml;base64,{data}'></div>"
    )


def _page(report: Report) -> str:
    title = _safe(f"Doctor: {report.headline}")
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        "<meta name='viewport' content='width=device-width'><style>:root{color-scheme:light dark}"
        "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem}</style></head>"
        f"<body><main><h1>{title}</h1>{_body(report, headline=False)}</main></body></html>\n"
    )


def _code(text: str) -> str:
    """A sentence in which what stands between backticks is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", _safe(text))


def _safe(text: str) -> str:
    return html.escape(visible(text))
