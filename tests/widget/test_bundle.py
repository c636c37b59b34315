"""The front end's modules become one ES module that anywidget takes, and one stylesheet."""

from __future__ import annotations

import re
import subprocess

import pytest

from graphviz_ad.widget import bundle
from tests.run import NO_NODE, ROOT, find_node

STATIC = ROOT / "graphviz_ad" / "widget" / "static"

ALONE = {"types.js": "comments alone", "boot.js": "starts a page", "still.js": "starts a page in a document"}


ENTRIES = pytest.mark.parametrize("entry", list(bundle.STARTS))


def test_every_module_is_in_a_bundle() -> None:
    found = {name for entry in bundle.STARTS for name in bundle.modules(entry)}
    assert {*found, *ALONE} == {file.name for file in STATIC.glob("*.js")}


@ENTRIES
def test_every_module_stands_after_those_that_it_imports(entry: str) -> None:
    order = bundle.modules(entry)
    assert order[-1] == entry
    for place, name in enumerate(order):
        for other in re.findall(
            r'from "\./([\w-]+\.js)"', re.sub("/\\*.*?\\*/", "", bundle.static_text(name), flags=re.DOTALL)
        ):
            assert other in order[:place], f"{name} needs {other}"


@ENTRIES
def test_the_bundle_is_what_anywidget_wants(entry: str) -> None:
    """A module without imports; its default export has render, and there is no named one, of which anywidget warns."""
    found = find_node()
    if found is None:
        pytest.fail(NO_NODE, pytrace=False)
    code = (
        "const text = await new Promise((done) => { let all = ''; process.stdin.on('data', (part) => (all += part));"
        " process.stdin.on('end', () => done(all)); });"
        "const module = await import('data:text/javascript;base64,' + Buffer.from(text).toString('base64'));"
        "console.log(Object.keys(module).sort().join(), typeof module.default.render);"
    )
    done = subprocess.run(
        [*found[0], "--input-type=module", "-e", code],
        input=bundle.script(entry), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names, kind = done.stdout.split()
    assert names.split(",")[0] == "default"
    assert bundle.STARTS[entry] in names
    assert "render" not in names.split(",")
    assert kind == "function"


@ENTRIES
def test_no_data_ever_becomes_markup_and_nothing_is_asked_of_the_network(entry: str) -> None:
    code = bundle.script(entry) + bundle.static_text("still.js")
    if entry == bundle.EXERCISE:  # a page remembers answers, and only there
        code = code.replace("localStorage.getItem(place)", "").replace("localStorage.setItem(place, ", "")
    for word in (
        "innerHTML", "outerHTML", "insertAdjacentHTML", "createContextualFragment", "document.write",
        "eval(", "new Function", "fetch(", "import(", "XMLHttpRequest", "WebSocket", "sendBeacon",
        "localStorage", "sessionStorage", "document.cookie", 'setAttribute("style"',
    ):  # fmt: skip
        assert word not in code, word
    assert set(re.findall(r"https?://[^\"'\s]+", code)) == {"http://www.w3.org/2000/svg"}


@ENTRIES
def test_comments_and_types_are_left_out_and_code_is_not(entry: str) -> None:
    for text in (bundle.script(entry), bundle.style(entry)):
        assert not re.search(r"^\s*(//|/\*)", text, flags=re.MULTILINE)
    assert "/**" not in bundle.script(entry)
    for name in bundle.modules(entry):
        for line in bundle.static_text(name).splitlines():
            if (words := line.strip()) and not words.startswith(("//", "/*", "*", "import ", "export ", "}")):
                assert re.sub(r"/\*\* @type .*?\*/ ?", "", words) in bundle.script(entry), f"{name}: {words}"


def test_no_text_of_a_module_goes_over_a_line() -> None:
    """Indentation is taken away, and inside of a text it would be part of it."""
    for name in {name for entry in bundle.STARTS for name in bundle.modules(entry)}:
        for number, line in enumerate(bundle.static_text(name).splitlines(), 1):
            assert line.count("`") % 2 == 0 or line.strip().startswith(("*", "//")), f"{name}:{number}"


def test_every_sheet_is_in_the_style_and_reaches_only_explorers() -> None:
    style = bundle.style(bundle.FLOW) + bundle.style(bundle.EXERCISE)
    assert "gad-flow" not in bundle.style(), "the panel's own sheets are its own"
    for sheet in STATIC.glob("*.css"):
        selectors = re.findall(r"^(\.[^{]+)\{", bundle.static_text(sheet.name), flags=re.MULTILINE)
        assert selectors, sheet.name
        assert all(re.sub(r"\n\s+", "\n", selector).strip() in style for selector in selectors)
        if sheet.name != "explorer.css":
            assert all(selector.startswith(".gad-") for selector in selectors), sheet.name


TECHNICAL = {
    "words.js": "the table",
    "exercisewords.js": "that of exercises",
    "code.js": "Python's keywords",
    "inflate.js": "errors of a damaged file",
}


def test_texts_for_people_stand_in_one_table() -> None:
    """No other module writes two words in a row, or a sign of the picture's numbers."""
    for file in STATIC.glob("*.js"):
        code = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        code = re.sub(r"(^|\s)//.*", "", code)
        texts = [re.sub(r"\$\{.*?\}", "", one[1:-1]) for one in re.findall(r'"[^"\n]*"|`[^`\n]*`', code)]
        plain = [text for text in texts if not re.search(r"gad-|[\[\].#:/]", text)]  # neither classes nor selectors
        if file.name not in TECHNICAL:
            assert not [text for text in plain if re.search(r"[A-Za-z]{2,} [a-z]{2,}", text)], file.name
        if file.name != "words.js":
            assert not [text for text in texts if re.search("[▲▼▶]", text)], file.name
