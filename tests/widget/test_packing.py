"""What Python packs a page unpacks, whatever the data and however it was deflated."""

from __future__ import annotations

import html
import json
import random
import subprocess
import zlib
from typing import Any

import pytest

from graphviz_ad.widget.packing import pack, unpack, written
from tests.run import NO_NODE, ROOT, find_node

UNPACK = """
const { inflate, unpacked } = await import(process.argv[1]);
const { texts, broken } = JSON.parse(await new Promise((done) => {
  let all = ""; process.stdin.on("data", (part) => (all += part)); process.stdin.on("end", () => done(all)); }));
const failed = broken.map((bytes) => {
  try { inflate(Uint8Array.from(bytes)); return "nothing"; }
  catch (error) { return error.name; }
});
console.log(JSON.stringify({ data: texts.map(unpacked), failed }));
"""


def deflated(data: Any, level: int, strategy: int) -> str:
    made = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    return written(made.compress(json.dumps(data).encode()) + made.flush())


def test_the_page_reads_what_python_writes() -> None:
    found = find_node()
    if found is None:
        pytest.fail(NO_NODE, pytrace=False)
    random_ = random.Random(3)
    cases: list[Any] = [None, "", "a", "ab" * 400, {"∂": ["😀", 1.5]}, list(range(3000)), "x" * 100_000]
    cases += ["".join(random_.choices("abc<>= 0123456789", k=random_.randrange(1, 5000))) for _ in range(60)] + [
        [random_.random() for _ in range(random_.randrange(4000))] for _ in range(20)
    ]
    texts = [pack(case) for case in cases]
    assert [unpack(text) for text in texts] == cases
    kinds = [(0, 0), (1, 0), (6, zlib.Z_FIXED), (9, zlib.Z_HUFFMAN_ONLY), (9, zlib.Z_RLE)]
    texts += [deflated(case, *kind) for kind in kinds for case in cases]
    module = str(ROOT / "graphviz_ad" / "widget" / "static" / "inflate.js")
    done = subprocess.run(
        [*found[0], "--input-type=module", "-e", UNPACK, module],
        input=json.dumps({"texts": texts, "broken": [list(b"JLJ"), [7]]}),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["data"] == cases * 6
    assert "nothing" not in told["failed"]


def test_packed_text_needs_no_escape_anywhere() -> None:
    text = written(bytes(range(256)) * 40 + random.Random(1).randbytes(50_000))
    assert len(set(text)) == 85
    assert html.escape(text) == text
    assert not set(text) & set("\\`${ \n")
