"""Settings of the documentation site, which `make docs` builds: the sources are this whole repository."""

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER.parent), str(FOLDER / "extensions")]

import graphviz_ad as gad  # noqa: E402  (found only now)

project = "graphviz_ad"
author = copyright = "The graphviz_ad authors"
release = version = gad.__version__

# Documents link to each other as they do in the repository, so addresses are its paths.
root_doc = "docs/index"
include_patterns = ["docs/**", "notebooks/*.ipynb", "benchmarks/*.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
exclude_patterns = [".*", "docs/_build", "tests", "graphviz_ad", "assets", "build", "dist"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "graphviz_ad.sphinx",
    "access",
    "mathml",
    "notebook_pictures",
    "reference",
]

# -- documents and notebooks --------------------------------------------------------------------

nb_execution_mode = "off"  # notebooks are committed executed; tests execute them anew
nb_ipywidgets_js = {}  # the usual ones come from content networks
nb_mime_priority_overrides = [("*", "application/vnd.jupyter.widget-view+json", None)]  # the picture stands beside it
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"  # the usual one comes from a content network

# -- docstrings ---------------------------------------------------------------------------------

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_display_short_literal_types = True
add_module_names = False
suppress_warnings = ["ref.python"]  # "array of shape (steps,)" is no cross-reference to one of two `steps`
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

# -- pages --------------------------------------------------------------------------------------

html_theme = "furo"
html_title = "graphviz_ad"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "start.html"}
templates_path = ["templates"]
html_copy_source = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
