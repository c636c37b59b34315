"""`python -m graphviz_ad` is the command `graphviz-ad`, for machines whose PATH does not list it."""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
