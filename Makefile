# `make run` starts a node in a simulated world, `make test` runs the tests; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOGS := .cache/logs
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation
PROJECT := $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
READY_RUN := $(VENV)/.ready-to-run
READY_DEV := $(VENV)/.ready-to-develop
PAGE := edgepi/web/static/.built
PAGE_SOURCES := $(shell find edgepi/web/frontend -name node_modules -prune -o -type f -print 2>/dev/null)

.PHONY: help setup run test check lint bench soak lock install clean
.DELETE_ON_ERROR:

help:
	@echo "make run       set up what a node needs and start one in a simulated world"
	@echo "make test      set up, check, and run every test"
	@echo "make check     format, lint, types, floors, locked packages, quick tests"
	@echo "make setup     set up for development only"
	@echo "make bench     measure, and print a table beside the targets"
	@echo "make soak      run a simulated node for long and watch its memory (HOURS=1)"
	@echo "make lock      write requirements/*.txt anew (ARGS=--upgrade for newer versions)"
	@echo "make install   on a Pi: install into /opt/edgepi and link /usr/local/bin/edgepi"
	@echo "make clean     remove everything that was built or set up"

setup: $(READY_DEV) $(PAGE)

run: $(READY_RUN) $(PAGE)
	@PYTHON=$(PYTHON) exec tools/run $(ARGS)

test: lint
	@tools/tests all $(ARGS)

check: lint
	@tools/tests quick $(ARGS)

lint: setup
	@mkdir -p $(LOGS)
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/lint-imports >$(LOGS)/floors.log 2>&1 || { cat $(LOGS)/floors.log; exit 1; }
	$(BIN)/mypy
	$(BIN)/python -m pip check
	$(BIN)/python tools/check_arm.py

bench: setup
	@PYTHON=$(PYTHON) tools/system-packages bench
	@$(BIN)/python tools/bench.py $(ARGS)

soak: setup
	@$(BIN)/python tools/soak.py --hours $(or $(HOURS),1) $(ARGS)

lock: $(READY_DEV)
	tools/lock $(ARGS)

install: $(READY_RUN) $(PAGE)
	@PYTHON=$(PYTHON) tools/install

clean:
	rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist \
		edgepi/web/static edgepi/web/frontend/node_modules
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@PYTHON=$(PYTHON) tools/system-packages run
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(READY_RUN): $(VENV)/pyvenv.cfg requirements/build.txt requirements/run.txt pyproject.toml
	@echo "installing what a node needs"
	@$(INSTALL) -r requirements/build.txt
	@$(INSTALL) -r requirements/run.txt
	@$(PROJECT)
	@touch $@

$(READY_DEV): $(READY_RUN) requirements/dev.txt tools/system-packages
	@PYTHON=$(PYTHON) tools/system-packages test
	@echo "installing what tests need"
	@$(INSTALL) --use-pep517 -r requirements/dev.txt
	@touch $@

$(PAGE): $(PAGE_SOURCES) | $(READY_RUN)
	@$(BIN)/python hatch_build.py has-node || $(INSTALL) -r requirements/frontend.txt
	@$(BIN)/python hatch_build.py
	@touch $@
