"""Slides hold what the notebook says, in its order: questions before answers, pages that play, no network."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import graphviz_ad as gad
from docs.course import cleaning, slides
from docs.course.executing import course, read


def cube(x: float) -> float:
    u = x**2 + 1
    y = u**3
    return y


def told(kind: str, cell: nbformat.NotebookNode) -> nbformat.NotebookNode:
    cell.metadata["slideshow"] = {"slide_type": kind}
    return cell


@pytest.fixture(scope="module")
def notebook() -> nbformat.NotebookNode:
    """A notebook as a kernel leaves it, with an explorer and an exercise."""
    explorer = gad.explore(cube, 1.5)._adapter
    exercise = gad.exercise("cube", seed=1)
    page = '<div class="gad-still"></div><iframe class="gad-frame" title="A cube" data-gad-page="&lt;p&gt;"></iframe>'
    widget = {cleaning.WIDGET: {"model_id": "0"}, "text/plain": "run this cell"}
    outputs = [{"text/html": explorer.still()}, explorer.static_bundle(), widget]
    asked = [{"text/html": page}, exercise._repr_mimebundle_(), widget]
    return new_notebook(
        cells=[
            told("slide", new_markdown_cell("# Rates multiply\n\n*What is it?* For $y = x^2$ and <b>you</b>:")),
            new_code_cell(
                "gad.explore(cube, 1.5)  # <here>",
                outputs=[
                    new_output("stream", name="stdout", text="1 <"),
                    new_output("stream", name="stdout", text=" 2\n"),
                    new_output("stream", name="stderr", text="\r 50 %"),
                    *[new_output("display_data", data=data) for data in outputs],
                ],
            ),
            told("fragment", new_markdown_cell("The *answer* is 95.")),
            told("notes", new_markdown_cell("Say it slowly.")),
            told("skip", new_markdown_cell("Not for the wall.")),
            told("slide", new_markdown_cell("## Exercises")),
            new_code_cell(
                'gad.exercise("cube").show()', outputs=[new_output("display_data", data=one) for one in asked]
            ),
        ]
    )


def test_one_slide_for_each_beginning_and_each_page(notebook: nbformat.NotebookNode) -> None:
    made = [slide.html for slide in slides.slides(notebook)]
    assert [slide.count("<iframe") for slide in made] == [0, 1, 1]
    assert "<h1>Rates multiply</h1>" in made[0]
    assert '<p class="again">Rates multiply</p>' in made[1]
    assert "<h2>Exercises</h2>" in made[2]
    assert "wall" not in "".join(made)
    assert "50 %" not in "".join(made)


def test_answers_wait_and_questions_do_not(notebook: nbformat.NotebookNode) -> None:
    first, second, _ = [slide.html for slide in slides.slides(notebook)]
    assert '<em class="ask">What is it?</em>' in first
    assert "<em>answer</em>" in second
    assert re.search(r'<div class="output waiting"><pre tabindex="0">1 &lt; 2', first)
    assert re.search(r'<div class="waiting"><p>The <em>answer', second)
    assert "<aside><p>Say it slowly." in second
    assert '<div class="waiting"><p><em class="ask">' not in first


def test_formulas_are_mathml_and_code_is_text(notebook: nbformat.NotebookNode) -> None:
    first = slides.slides(notebook)[0].html
    assert re.search(r"<math[^>]*><mrow><mi>y</mi>", first)
    assert "$" not in first
    assert "&lt;here&gt;" in first
    with pytest.raises(RuntimeError, match="ValueError: no"):
        slides.shown([new_output("error", ename="ValueError", evalue="no", traceback=[])])


def test_paper_has_pictures_in_the_place_of_pages(notebook: nbformat.NotebookNode) -> None:
    _, second, third = [slide.html for slide in slides.slides(notebook)]
    for slide in (second, third):
        assert slide.count('class="paper" alt=') == 1
    assert 'alt="Computational graph of cube.' in second
    assert third.count("<img") == 1  # the words of the exercise do not bring the picture again
    assert "Send the adjoint back" in third


def test_a_document_asks_for_nothing(notebook: nbformat.NotebookNode) -> None:
    text = slides.document(notebook, "A & B")
    assert "<title>A &amp; B</title>" in text
    outside = re.sub(r'(srcdoc|data-page)="[^"]*"', "", text)
    assert not re.findall(r"""(?:src|href)=["'](?!data:)|url\(|@import|https?://(?!www\.w3\.org)""", outside)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("path", course(), ids=lambda path: path.stem)
def test_committed_notebooks_have_slides(path: object) -> None:
    """What is committed has pictures in the place of pages: enough to see that each formula and each cell is taken."""
    made = slides.slides(read(path))  # type: ignore[arg-type]
    assert len(made) >= 10
    text = "".join(slide.html for slide in made)
    assert "merror" not in text
    assert not re.search(r"<m[a-z]+>[^<]*\\", text), "a command of LaTeX that is not known"
    outside = re.sub(r"<pre.*?</pre>|<code>.*?</code>|<details>.*?</details>", "", text, flags=re.DOTALL)
    assert "$" not in re.sub(r"<[^>]*>", "", outside)


def test_what_is_committed_is_what_stands_still(notebook: nbformat.NotebookNode) -> None:
    explorer, exercise = (cleaning.static(cell.outputs) for cell in notebook.cells if cell.cell_type == "code")
    assert [sorted(output.get("data", {"stdout": ""})) for output in explorer] == [
        ["stdout"],
        ["image/png", "image/svg+xml", "text/plain"],
    ]
    words, picture = exercise
    assert "<img" not in words.data["text/html"]
    assert picture.data["text/plain"] == "The picture of the exercise: A cube of a square"
    assert "gad-frame" not in str(explorer + exercise)


def test_a_committed_picture_is_not_cut_off() -> None:
    narrow, wide = '<svg class="a" width="700" height="80">', '<svg class="a" width="1720" height="80">'
    assert cleaning.narrowed(narrow) == narrow
    assert cleaning.narrowed(wide) == '<svg class="a" width="860" height="40">'
    widths = [
        float(found[2])
        for path in course()
        for cell in read(path).cells
        for output in cell.get("outputs", ())
        if (found := cleaning.SIZE.search(output.get("data", {}).get("image/svg+xml", "")))
    ]
    assert len(widths) > 40
    assert max(widths) <= cleaning.WIDEST
