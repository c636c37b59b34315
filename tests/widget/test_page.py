"""The kernel-free page as a text: what is in the file, and that nothing in it can break out of its place."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from graphviz_ad.widget import bundle
from graphviz_ad.widget.packing import pack, unpack
from graphviz_ad.widget.page import FROZEN, page
from tests.widget import stories

HOSTILE = "</script><script>alert(1)</script><!-- ]]> & \u2028 ' \""


class Parts(HTMLParser):
    """Collects the scripts, the tags and the policy of a page as a browser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attributes), ""))
        elif tag == "style":
            self.styles.append("")

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif self._inside == "style":
            self.styles[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    @property
    def policy(self) -> str:
        (found,) = (a["content"] for tag, a in self.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert found is not None
        return found


def hash_of(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_page_holds_one_picture_the_payload_without_it_and_the_module() -> None:
    text = page(stories.told(stories.chain(), live=True), "(x² + 1)³")
    parts = Parts(text)
    assert text.count("<svg ") == 1, "the picture is in the file once"
    (kind, data), _baked, (_, app), (module, code) = parts.scripts
    assert (kind["type"], module) == ("text/plain", {})
    payload = unpack(data)
    assert (payload["svg"], payload["live"], payload["frozen"]) == ("", False, FROZEN)
    assert code == bundle.plain("boot.js")
    assert unpack(app) == {"script": bundle.plain("explorer.js", "startPage();"), "style": bundle.live_style()}


def test_page_keeps_a_graphs_own_reason() -> None:
    payload = unpack(Parts(page(stories.told(stories.chain(), frozen="No function."), "t")).scripts[0][1])
    assert payload["frozen"] == "No function."


def test_policy_allows_this_script_and_these_styles_and_nothing_else() -> None:
    parts = Parts(page(stories.told(stories.chain()), "t"))
    directives = dict(part.strip().split(" ", 1) for part in parts.policy.split(";"))
    assert directives == {
        "default-src": "'none'",
        "script-src": f"{hash_of(parts.scripts[3][1])} {hash_of(unpack(parts.scripts[2][1])['script'])}",
        "style-src": hash_of(parts.styles[0]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not any(name in attributes for _, attributes in parts.tags for name in ("src", "href", "style", "onclick"))


@pytest.mark.parametrize("field", ["title", "alt", "intro"])
def test_hostile_texts_stay_texts(field: str) -> None:
    scene = replace(stories.chain(), **{field: HOSTILE})
    parts = Parts(page(stories.told(scene), HOSTILE))
    assert len(parts.scripts) == 4
    assert unpack(parts.scripts[0][1])[field] == HOSTILE
    assert not re.search(r"alert\(1\)", parts.scripts[3][1])


def test_packed_json_is_strict_and_cannot_end_its_element() -> None:
    text = pack({"a": HOSTILE + "\u2029"})
    assert re.fullmatch(r"[^\s\"$&'<>\\`{]+", text)
    assert unpack(text) == {"a": HOSTILE + "\u2029"}
    assert unpack(pack("\ud800")) == "?", "no browser could read a lone surrogate"
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack(float("nan"))


def test_the_page_shows_the_complete_state_before_its_script_runs() -> None:
    tags = Parts(page(stories.told(stories.chain()), "t")).tags
    (root,) = (a for _, a in tags if a.get("class") == "gad-explorer")
    assert (root["data-step"], root["data-steps"], root["data-phase"]) == ("7", "7", "done")
    nodes = {a["data-node"]: a for _, a in tags if a.get("class") == "gad-node"}
    assert nodes["x"]["data-adjoint"] == "95.0625"
    assert any(tag == "noscript" for tag, _ in tags)
