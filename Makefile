# The commands of this project. Each makes what it needs in .venv first; nothing outside this folder is changed, except
# that as root `make test` installs Debian's chromium where it is missing, and `make test-all` its pdflatex too.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all lint figures screenshots tables notebooks slides docs bench clean moved

# An environment that was copied or moved with the folder still points to the old place: make it again.
ifneq ($(shell cat .venv/made-in 2>/dev/null),$(CURDIR))
MOVED := moved
endif

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/installed-demo ## open the first notebook in JupyterLab (PORT=9000 make demo: on that port)
	@.venv/bin/python -m graphviz_ad demo

test: .venv/installed-test ## run all tests and checks (under 15 minutes)
	@.venv/bin/python tests/run.py

test-all: .venv/installed-test .venv/installed-slow .venv/installed-torch .venv/installed-graders ## run the slow tests too, and those against PyTorch, nbgrader and otter
	@.venv/bin/python tests/run.py --slow

lint: .venv/installed-test ## only lint, format and types
	@.venv/bin/python tests/run.py --only "lint,format,types,javascript types"

figures: .venv/installed-test ## draw the figures in assets/ again
	@.venv/bin/python assets/make_figures.py

screenshots: .venv/installed-test ## photograph the explorer for the README again
	@.venv/bin/python assets/make_screenshots.py

tables: .venv/installed-test ## write docs/coverage.md, errors.md, exercises.md and curriculum.md again
	@.venv/bin/python -m docs.tables

notebooks: .venv/installed-test ## execute the course from clean, and write back what shows something else now
	@.venv/bin/python -m docs.course.write

slides: .venv/installed-test ## make slides of the course in build/slides, one page each, without any network
	@.venv/bin/python -m docs.course.slides

docs: .venv/installed-docs ## build the documentation site into docs/_build/html; this runs the snippets in it
	@rm -rf docs/_build
	@.venv/bin/python -m sphinx -q -W --keep-going -b html -c docs . docs/_build/html
	@echo "The site is in docs/_build/html/index.html"

bench: .venv/installed-bench .venv/installed-torch .venv/installed-torch-peers ## measure against NumPy by hand and other libraries, and write the pages in benchmarks/ (a quarter of an hour)
	@.venv/bin/python -m benchmarks.run --write
	@.venv/bin/python -m benchmarks.primitives --write

clean: ## remove .venv, caches and test output
	rm -rf .venv docs/_build tests/output tests/javascript/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------------------------------------------------------------

# `--no-compile`: Python compiles what is imported when it is; compiling all of it beforehand takes longer than the download.

# An interpreter of your choice: make demo PYTHON=python3.13
PYTHON :=
moved:

.venv/installed-demo: .venv/made-in pyproject.toml
	@echo "Installing graphviz-ad and JupyterLab into .venv (a minute or two) ..."
	@.venv/bin/python -m pip install --quiet --no-compile --editable '.[demo]'
	@touch $@

.venv/installed-test: .venv/made-in pyproject.toml
	@echo "Installing graphviz-ad and what its tests need into .venv (a minute or two) ..."
	@.venv/bin/python -m pip install --quiet --no-compile --editable '.[test]'
	@touch $@ .venv/installed-demo .venv/installed-docs

.venv/installed-docs: .venv/made-in pyproject.toml
	@echo "Installing graphviz-ad and what its documentation needs into .venv (a minute or two) ..."
	@.venv/bin/python -m pip install --quiet --no-compile --editable '.[docs]'
	@touch $@

.venv/installed-slow: .venv/made-in pyproject.toml
	@.venv/bin/python -m pip install --quiet --no-compile --editable '.[slow]' && touch $@

# On Linux the usual wheel of PyTorch brings gigabytes of CUDA: only a CPU build is taken, where pip is set up to find one.
TORCH := torch$(if $(filter Linux,$(shell uname -s)),==2.13.0+cpu)

.venv/installed-bench: .venv/made-in pyproject.toml
	@echo "Installing graphviz-ad and what it is measured against into .venv (a minute or two) ..."
	@.venv/bin/python -m pip install --quiet --no-compile --editable '.[bench]'
	@touch $@

.venv/installed-torch: .venv/made-in
	@.venv/bin/python -m pip install --quiet --no-compile '$(TORCH)' 2>/dev/null && touch $@ || \
	  echo "pip finds no $(TORCH): to compare with PyTorch, install a CPU build into .venv"

.venv/installed-torch-peers: .venv/installed-torch
	@.venv/bin/python -m pip install --quiet 'torchlens>=2.36' 'torchview>=0.2.7' 2>/dev/null && touch $@ || \
	  echo "pip finds no torchlens or no torchview: they are left out of the comparison"

# Graders live in an environment of their own: they add to JupyterLab what a newcomer does not have.
GRADERS := 'nbgrader>=0.9' 'otter-grader>=6'

.venv/installed-graders: .venv/made-in pyproject.toml
	@echo "Installing nbgrader and otter-grader into .venv/graders (a minute or two) ..."
	@.venv/bin/python -m venv --without-pip .venv/graders && \
	  .venv/bin/python -m pip --python .venv/graders/bin/python install --quiet --no-compile $(GRADERS) --editable . 2>/dev/null && \
	  touch $@ || { rm -rf .venv/graders; echo "pip finds no nbgrader or no otter-grader: their tests are skipped"; }

# Debian's python3 may come without ensurepip: then pip, if it is there, installs into an environment made without it;
# else root fetches Debian's package, and everybody else is told its name.
.venv/made-in: $(MOVED)
	@rm -rf .venv; \
	python="$(PYTHON)"; \
	for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  [ -z "$$python" ] || break; \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python="$$name"; fi; \
	done; \
	if ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	  echo "Python 3.11 or newer is needed and was not found; on Debian: sudo apt-get install python3 python3-venv" >&2; \
	  exit 1; \
	fi; \
	make_environment() { \
	  "$$python" -m venv .venv >/dev/null 2>&1 && .venv/bin/python -m pip --version >/dev/null 2>&1 && return; \
	  rm -rf .venv; \
	  "$$python" -m venv --without-pip .venv >/dev/null 2>&1 && \
	    "$$python" -m pip --python .venv/bin/python install --quiet pip; \
	}; \
	if ! make_environment 2>/dev/null; then \
	  package="$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "This Python has neither ensurepip nor pip: installing Debian's $$package ..."; \
	    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$$package"; } \
	      >/dev/null 2>&1; \
	  fi; \
	  if ! make_environment; then \
	    rm -rf .venv; \
	    echo "No virtual environment can be made: this Python has neither ensurepip nor pip." >&2; \
	    echo "On Debian: sudo apt-get install $$package" >&2; \
	    exit 1; \
	  fi; \
	fi; \
	printf '%s\n' '$(CURDIR)' > $@
