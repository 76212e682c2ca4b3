# Targets a newcomer would guess. Everything runs in .venv, which any of them makes.
PYTHON ?= python3
BIN := .venv/bin
TONIGHT := $(shell echo $$(( $$(date +%s) / 86400 % 4 )))/4# of chat's mutants: all have had their turn after four nights

.PHONY: help setup smoke test unit real lint types layers docs goldens clients site check mutants nightly nightly-tests nightly-tools bench clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

.venv/stamp: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

setup: .venv/stamp  ## make the environment

smoke: setup  ## run the main job on the embedded simulator
	$(BIN)/chatproof smoke simulator

test: setup  ## run the tests, those against real servers included
	$(BIN)/python tests/real/install.py
	$(BIN)/python -m tests.web.install
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not nightly and not real and not web"
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not nightly and (real or web)"

unit: setup  ## run the tests that need no server installed
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not nightly and not real and not web"

real: setup  ## run only the tests against real servers
	$(BIN)/python tests/real/install.py
	$(BIN)/python -m pytest -m "real and not nightly" tests/real

lint: setup  ## ruff: lint and format
	$(BIN)/ruff check src tests tools benchmarks
	$(BIN)/ruff format --check src tests tools benchmarks

types: setup  ## mypy --strict
	$(BIN)/mypy

layers: setup  ## the one-way architecture
	$(BIN)/lint-imports

docs: setup  ## generate the tables in docs/ from the code
	$(BIN)/python tools/tables.py

goldens: setup  ## write the texts of tests/golden, tests/story and the README anew; read the difference
	$(BIN)/python -m tests.web.install
	CHATPROOF_GOLDENS=1 $(BIN)/python -m pytest -q -p no:xdist -k "golden or to_the_letter or test_findings or test_told" \
	  tests/unit/test_text.py tests/unit/test_validate_text.py tests/unit/test_findings.py tests/unit/test_told_of_each.py tests/unit/test_api_findings.py tests/unit/test_api_runs.py tests/reporters/test_golden.py tests/story
	CHATPROOF_GOLDENS=1 $(BIN)/python -m pytest -q -p no:xdist tests/test_readme.py

clients: setup  ## feed real clients every fault and example (1 GB of packages, ten minutes); docs/reference/clients.md
	$(BIN)/python -m tools.clients.install
	$(BIN)/python -m tools.clients.run
	$(BIN)/python -m tools.clients.run --api responses
	$(BIN)/python -m tools.clients.run --api messages
	$(BIN)/python -m tools.clients.run --api embeddings
	$(BIN)/python tools/tables.py

site: setup docs  ## build the documentation site into build/site, without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q

check: lint types layers test  ## everything that CI runs

nightly: setup  ## the long suites: tests beside clients, mutation and fuzzing; needs two cores
	$(BIN)/python tests/real/install.py --all
	-apt-get install -y -qq zsh fish mandoc pipx  # tests that need them are skipped where this fails
	$(BIN)/python -m tests.web.install
	$(BIN)/python -m tools.clients.install
	$(MAKE) --jobs=2 --keep-going nightly-tests nightly-tools  # one finds nothing less where the other fails

nightly-tests:
	$(BIN)/python -m pytest -m "nightly"

nightly-tools:
	$(BIN)/python -m tools.clients.run --check
	$(BIN)/python -m tools.clients.run --check --api responses
	$(BIN)/python -m tools.clients.run --check --api messages
	$(BIN)/python -m tools.clients.run --check --api embeddings
	$(BIN)/python tools/mutate.py --part $(TONIGHT)
	$(BIN)/python tools/mutate.py --apis
	$(BIN)/python tools/mutate.py --wire
	$(BIN)/python tools/fuzz.py --minutes 30

mutants: setup  ## every mutant of all clauses and readers; takes hours
	$(BIN)/python tools/mutate.py
	$(BIN)/python tools/mutate.py --validate
	$(BIN)/python tools/mutate.py --apis
	$(BIN)/python tools/mutate.py --wire

bench: setup  ## cold start against curl + jq and the peers, and 500 sends in one loop, as ratios
	$(BIN)/python benchmarks/smoke_cold.py
	$(BIN)/python benchmarks/at_once.py

clean:  ## remove what the targets made
	rm -rf .venv .real .clients .bench .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
