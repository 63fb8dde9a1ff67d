# Two commands do everything on a fresh machine with Python 3.11 or newer: `make serve` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
WHEELS := --only-binary :all: --require-hashes

.PHONY: serve test check promises fuzz soak bench format lock clean help

serve: $(VENV)/.serve  ## start the service with a demo key; Ctrl-C ends it
	@$(BIN)/weighbridge serve --demo

test: $(VENV)/.dev  ## run every test
	$(BIN)/python -m pytest

check: $(VENV)/.dev  ## lint, types and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_import_direction.py

promises: $(VENV)/.dev  ## run the tests of every promise at full size; one line a promise
	$(BIN)/python -m tests.promises

fuzz: $(VENV)/.dev  ## a thousand made-up requests for each path and method
	FUZZ_EXAMPLES=1000 $(BIN)/python -m pytest tests/end_to_end/test_openapi.py

soak: $(VENV)/.dev  ## ten minutes of mixed calls: does it grow? SOAK_SECONDS=60 for one minute
	$(BIN)/python -m bench.soak

bench: $(VENV)/.dev  ## measure counting and the endpoint on this machine
	$(BIN)/python -m bench

format: $(VENV)/.dev  ## format the source
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: $(VENV)/.dev  ## resolve the dependencies anew into requirements/
	$(BIN)/python -m scripts.lock

clean:  ## remove the environment and everything built; the data folder stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## list these commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Weighbridge needs Python 3.11 or newer: make PYTHON=/path/to/python3.11'; exit 1; }
	@echo '==> creating $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.serve: $(VENV)/.python requirements/runtime.txt requirements/build.txt pyproject.toml
	@echo '==> installing what the service needs (about a minute)'
	@$(PIP) install $(WHEELS) -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.serve requirements/dev.txt
	@echo '==> installing what tests and checks need (about a minute)'
	@$(PIP) install $(WHEELS) -r requirements/dev.txt
	@touch $@
