"""What docs/howto/documents.md shows in other languages than Python works as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from graphviz_ad.sphinx import snippets
from graphviz_ad.sphinx.directive import GraphvizAD
from tests.run import ROOT
from tests.sphinx.documents import CONF, build
from tests.test_docs import blocks

TEXT = (ROOT / "docs" / "howto" / "documents.md").read_text(encoding="utf-8")
BLOCKS = list(blocks(TEXT))


def test_the_examples_of_the_directive_build(tmp_path: Path) -> None:
    conf, *_ = [block.body for block in BLOCKS if block.info == "python"]
    (rst,) = [block.body for block in BLOCKS if block.info == "rst"]
    (markdown,) = [block.body for block in BLOCKS if block.info == "md"]
    assert 'extensions = ["graphviz_ad.sphinx"]' in conf
    settings = CONF + conf + 'extensions += ["myst_parser"]\n'
    built = build(
        tmp_path,
        conf=settings,
        index_rst=f"T\n=\n\n{rst}\n.. toctree::\n\n   other\n",
        other_md=f"# O\n\n{markdown}",
    )
    assert built.warnings == []
    for page in ("index.html", "other.html"):
        assert built.read(page).count("The chain rule at work.") == 1
        assert built.read(page).count("gad-still") == 1


def test_every_option_is_listed() -> None:
    table = TEXT.split("| option |")[1].split("\n\n")[0]
    assert set(re.findall(r"`:(\w+):`", table)) == set(GraphvizAD.option_spec)


@pytest.mark.slow
def test_the_latex_document_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("no pdflatex here")
    (latex,) = [number for number, block in enumerate(BLOCKS) if block.info == "latex"]
    monkeypatch.chdir(tmp_path)
    snippets.run(BLOCKS[latex - 1].body, {})
    (tmp_path / "paper.tex").write_text(BLOCKS[latex].body, encoding="utf-8")
    command = [program, "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
