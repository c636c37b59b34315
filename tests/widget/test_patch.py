"""A patch leads from one payload to another, in the browser's words too."""

from __future__ import annotations

import json
import random
import subprocess
from typing import Any

import pytest

from graphviz_ad.widget.patch import diff
from tests.run import NO_NODE, ROOT, find_node

APPLY = """
const { patched } = await import(process.argv[1]);
const pairs = JSON.parse(await new Promise((done) => {
  let all = ""; process.stdin.on("data", (part) => (all += part)); process.stdin.on("end", () => done(all)); }));
console.log(JSON.stringify(pairs.map(([base, patch]) => {
  const before = JSON.stringify(base);
  const made = patched(base, patch);
  if (JSON.stringify(base) !== before) throw new Error("the base was changed");
  return made;
})));
"""


def some(random_: random.Random, depth: int = 3) -> Any:
    """Return random JSON."""
    kind = random_.randrange(7 if depth else 4)
    if kind == 0:
        return random_.choice([None, True, False, 0, 1, 2.5, -3])
    if kind in {1, 2}:
        return random_.choice(["", "a", "<", "∂", "__proto__"])
    if kind == 3:
        pieces = random_.choices(["<g>", "0.5", "</g>", "😀", "<path d='M0 0'/>"], k=random_.choice([3, 900]))
        return "".join(pieces)
    if kind == 4:
        return [some(random_, depth - 1) for _ in range(random_.randrange(4))]
    return {random_.choice("abcd"): some(random_, depth - 1) for _ in range(random_.randrange(4))}


def changed(random_: random.Random, base: Any) -> Any:
    """Return the same JSON with a few changes."""
    if random_.random() < 0.15:
        return some(random_, 2)
    if isinstance(base, dict):
        return {key: changed(random_, value) for key, value in base.items() if random_.random() < 0.9}
    if isinstance(base, list):
        return [changed(random_, value) for value in base]
    if isinstance(base, str) and len(base) > 10:
        return base.replace("0.5", number(random_), random_.randrange(5))
    return base


def number(random_: random.Random) -> str:
    return random_.choice(["0.25", "-1e-3", ""])


def test_the_browser_makes_the_new_payload_of_the_old_one_and_the_patch() -> None:
    random_ = random.Random(5)
    cases = [
        ({"a": 1}, {"a": 1}),
        ({"a": [1, 2]}, {"a": [1]}),
        ([], {}),
        ({"a": None}, {}),
        ({}, {"b": []}),
        (0, False),
    ]
    cases += [(base := some(random_), changed(random_, base)) for _ in range(400)]
    found = find_node()
    if found is None:
        pytest.fail(NO_NODE, pytrace=False)
    done = subprocess.run(
        [*found[0], "--input-type=module", "-e", APPLY, str(ROOT / "graphviz_ad" / "widget" / "static" / "patch.js")],
        input=json.dumps([[base, diff(base, new)] for base, new in cases]),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for (base, new), made in zip(cases, json.loads(done.stdout), strict=True):
        assert json.dumps(made, sort_keys=True) == json.dumps(new, sort_keys=True), (base, diff(base, new))


def test_equal_payloads_need_no_patch_and_a_picture_only_its_changed_pieces() -> None:
    picture = "<svg>" + "<text>0.5</text>" * 300 + "</svg>"
    assert diff(picture, picture) is None
    assert diff({"svg": picture}, {"svg": picture.replace("0.5", "7", 1)}) == {"svg": {"<": [[3, ">7"]]}}
    assert diff(1, True) == [True], "Python calls them equal, JSON does not"
