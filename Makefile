# `make lab` opens the course, `make test` runs the tests; `make` alone lists the rest.
# The first target that needs it creates .venv; the stamp file below reinstalls only when
# pyproject.toml or constraints.txt change. Another Python: make lab PY=python3.12

PY ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PYTHON := $(BIN)/python
MINICITY := data/minicity
FIRST_LESSON := notebooks/00_start_here.ipynb
# what JupyterLab does here without being told: no question about news, widgets are saved
LAB_CONFIG := $(CURDIR)/notebooks/jupyter
LAB_ARGS ?=
TEST_ARGS ?=
# make notebooks PROFILE=short: every exercise left unsolved; learn: that in the long form
PROFILE ?= ci
# --only 03: one lesson; --update: store its numbers
NOTEBOOK_ARGS ?=
SITE ?= build/site
# of the tests; 0 = in the process of pytest itself, as a debugger wants it
TEST_PROCESSES ?= 2

.DEFAULT_GOAL := help
.PHONY: help lab test demo notebooks site bands badges figures wheel tour minicity lint soak clean

help: ## list these commands
	@echo "axialkit. The two commands to start with: make lab, make test"
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

$(STAMP): pyproject.toml constraints.txt
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 10) and f"axialkit needs Python 3.10 or newer and {sys.executable} is {sys.version.split()[0]}: try make PY=python3.12")'
	@echo "==> Setting up $(VENV): once, a few minutes, about 2 GB (more with a CUDA build of PyTorch)"
	$(PY) -m venv $(VENV)
	$(PYTHON) -m pip install $$(test -t 1 || echo -q) -c constraints.txt -e ".[e2e]"
	@touch $@

lab: $(STAMP) minicity ## open the course in JupyterLab
	@$(PYTHON) -m axialkit progress
	@echo "==> Starting JupyterLab; its address appears below. Ctrl-C twice stops it."
	@flags="$(LAB_ARGS)"; \
	if test "$$(id -u)" = 0; then flags="--allow-root $$flags"; fi; \
	if test "$$(uname)" = Linux && test -z "$$DISPLAY$$WAYLAND_DISPLAY"; then \
	  echo "==> No display here: open the address in a browser (from another machine: forward its port with ssh -L)"; \
	  flags="--no-browser $$flags"; \
	fi; \
	export JUPYTER_CONFIG_PATH="$(LAB_CONFIG)$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}"; \
	exec $(PYTHON) -m jupyterlab --LabApp.default_url=/lab/tree/$(FIRST_LESSON) --LabApp.news_url=None \
	  --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $$flags

test: $(STAMP) ## run the tests (CPU; browser tests need Chromium and are skipped without it)
	@echo "==> Running the tests"
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -q -rs -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(TEST_ARGS)

demo: $(STAMP) ## open the web demo
	$(PYTHON) -m axialkit demo

notebooks: $(STAMP) ## execute every lesson and compare its numbers; pages in executed/
	$(PYTHON) -m axialkit.course.regression notebooks executed/$(PROFILE) tests/notebooks/baseline.json \
	  --profile $(PROFILE) $(NOTEBOOK_ARGS)

site: notebooks ## the course and the API as a static site in build/site
	$(PYTHON) -m axialkit.course.site executed/$(PROFILE) $(SITE)

bands: $(STAMP) ## measure the ablations of the lessons over several seeds, and store them
	OMP_NUM_THREADS=1 $(PYTHON) -m axialkit.course.measure_bands

badges: $(STAMP) ## write Colab's badges and installing cells into the lessons, and the glossary
	$(PYTHON) -m axialkit.course.generate

figures: $(STAMP) ## draw the pictures that are committed
	OMP_NUM_THREADS=1 $(PYTHON) -m axialkit.cli.readme_picture notebooks/images/readme.png

wheel: $(STAMP) ## build the package into dist/, to install it elsewhere
	$(PYTHON) -m pip wheel -q --no-deps -w dist .

tour: $(STAMP) ## train, evaluate and look at a network on MiniCity in one go
	$(PYTHON) -m axialkit tour

minicity: $(STAMP) ## draw the data set MiniCity into data/minicity, if it is not there
	@if $(PYTHON) -c 'import sys; from axialkit.data.minicity import is_complete; sys.exit(not is_complete("$(MINICITY)"))'; \
	then echo "==> MiniCity is in $(MINICITY)"; \
	else $(PYTHON) -m axialkit data minicity --out $(MINICITY); fi

lint: $(STAMP) ## check style, import order and types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(PYTHON) -m mypy axialkit

soak: $(STAMP) ## run the long proofs that the tests leave out, and the lessons in full
	$(PYTHON) -m pytest -q -rs -m soak $(TEST_ARGS)
	$(MAKE) notebooks PROFILE=learn

clean: ## remove caches and executed notebooks (keeps .venv, data and runs)
	rm -rf executed build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find axialkit tests -name __pycache__ -prune -exec rm -rf {} +
