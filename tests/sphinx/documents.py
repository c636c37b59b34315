"""Small documents with the directive in them, and a builder for them."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import NamedTuple

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

CONF = 'project = "Small"\nextensions = ["myst_parser", "graphviz_ad.sphinx"]\n'

RST = """\
Small
=====

.. graphviz-ad::
   :code:
   :caption: A *cube*.
   :name: cube

   def cube(x):
       u = x**2 + 1
       return u**3

   print("two <b>words</b>")
   gad.trace(cube, 1.5)

See :numref:`cube`.

.. graphviz-ad::
   :continue:
   :show: explorer
   :class: wide

   gad.trace(cube, 2.5).explore()

.. toctree::

   other
"""

MARKDOWN = """\
# Other

```{graphviz-ad}
:show: svg
:labels: both
:direction: TB

gad.trace(lambda x: np.sin(x) * x, 0.5)
```

```{graphviz-ad}
gad.trace(lambda x: x**2, 3.0).save("square.tex", fragment=True)
```
"""


class Built(NamedTuple):
    """What a build has left: its folder, and its warnings without the names of folders."""

    folder: Path
    warnings: list[str]

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


def build(folder: Path, builder: str = "html", conf: str = CONF, **documents: str) -> Built:
    """Build documents, given by name with `_` for the dot: ``index_rst="…"``."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    (source / "conf.py").write_text(conf, encoding="utf-8")
    for name, text in documents.items():
        (source / name.replace("_", ".")).write_text(text, encoding="utf-8")
    said = io.StringIO()
    target = folder / builder
    with patch_docutils(source), docutils_namespace():
        app = Sphinx(source, source, target, folder / "doctrees", builder, status=None, warning=said)
        app.build()
    plain = re.sub(r"\x1b\[[\d;]*m", "", said.getvalue())
    return Built(target, [line.replace(f"{source}/", "") for line in plain.splitlines()])
