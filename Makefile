# Every target first makes the environment in .venv, which takes no time once that is done.
# All paths are relative: the project's own path may have spaces in it, which make cannot quote.

.DEFAULT_GOAL := help
.PHONY: help setup lab test notebooks colab test-colab site slides bench evidence constraints clean

PYTHON ?=
ONLY ?=
# Not taken from the environment, where other tools keep a REPO of their own.
REPO :=
LAB_ARGS ?=

# How long a thread that waits for another keeps its core. The usual 300,000 rounds make a training
# many times slower where another program is busy too; this few cost an idle machine nothing.
export GOMP_SPINCOUNT ?= 10000

BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
RUN := $(BIN)/python

help:
	@echo "make lab                make the environment, open JupyterLab on the first lesson"
	@echo "make test               make the environment, run every check and test"
	@echo "make notebooks ONLY=06  run lesson 06 again (all without ONLY) and store what it shows"
	@echo "make colab              write the lessons for Colab, one file each, into dist/colab"
	@echo "make colab REPO=a/b     the same with badges, to install from github.com/a/b"
	@echo "make test-colab         run those on the versions that Colab has (ONLY=06: one)"
	@echo "make site               write the site, which needs no kernel, into dist/site"
	@echo "make site REPO=a/b      the same with links to Colab and to github.com/a/b"
	@echo "make slides ONLY=06     write lesson 06's figures as slides into dist/slides (or all)"
	@echo "make bench              run the benchmarks"
	@echo "make evidence ONLY=03   measure anew what lesson 03 claims over many seeds; it takes hours"
	@echo "make constraints        bring constraints.txt up to the newest versions"
	@echo "make clean              remove the environment and all caches, keep runs/"
	@echo "PYTHON=python3.12 after any of them chooses the interpreter, 3.10 or newer"

# The test of the version keeps setup_env.py free to be written for Python 3.10.
setup:
	@for python in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 python3.10 python); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then \
	    exec "$$python" tools/setup_env.py $(if $(PYTHON),--python); \
	  fi; \
	done; \
	echo "Set-up failed: $(if $(PYTHON),$(PYTHON) is not,there is no) Python 3.10 or newer:" \
	  "install one, or say where it is: make lab PYTHON=/path/to/python3" >&2; \
	exit 1

# JupyterLab will not start for root unless it is told to; containers often have no other user.
lab: setup
	@$(RUN) -m jupyterlab --ServerApp.root_dir=. notebooks/00_start_here.ipynb \
	  $$([ "$$(id -u)" != 0 ] || echo --allow-root) $(LAB_ARGS)

test: setup
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest tests/browser -m alone
	OMP_NUM_THREADS=1 $(RUN) -m pytest $(wildcard notebooks/*.ipynb) tests \
	  -m "not slow and not seeds and not alone" \
	  --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder \
	  --nbval --nbval-current-env --nbval-cell-timeout=600

notebooks: setup
	@$(RUN) tools/run_notebooks.py $(ONLY)

colab: setup
	@$(RUN) tools/make_colab.py $(if $(REPO),--repo "$(REPO)")

test-colab: colab
	@$(RUN) tools/run_colab.py $(ONLY)

site: setup
	@$(RUN) tools/make_site.py $(if $(REPO),--repo "$(REPO)")

slides: setup
	@$(RUN) tools/make_slides.py $(ONLY)

bench: setup
	@set -e; found=; for script in benchmarks/[a-z]*.py; do \
	  if [ -f "$$script" ]; then found=1; echo "$$script"; $(RUN) "$$script"; fi; \
	done; \
	[ -n "$$found" ] || echo "There are no benchmarks yet."

evidence: setup
	@set -e; for script in benchmarks/evidence/lesson$(ONLY)*.py; do $(RUN) "$$script"; done

constraints: setup
	@{ echo "# The versions last tested, for every Python and system that pyproject.toml allows."; \
	  echo "# Made by: make constraints (uv pip compile --universal, all extras)"; \
	  PATH="$$PATH:$(BIN)" uv pip compile pyproject.toml --universal --python-version 3.10 \
	    --all-extras --quiet --no-header --no-annotate; } > constraints.tmp
	@mv constraints.tmp constraints.txt

clean:
	rm -rf .venv .venv-colab .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist *.egg-info
	find gan_lessons tests tools notebooks -name __pycache__ -o -name .ipynb_checkpoints \
	  | while read -r folder; do rm -rf "$$folder"; done
