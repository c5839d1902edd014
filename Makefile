# Every command of the project. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
BIN := .venv/bin
PEERS ?= .peers
SIZES ?= 10000 100000 1000000

.PHONY: help setup run stop test check format conformance torture bench bench-agreement peers lock clean migrations

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## Install what is missing, make the virtual environment, build the web page
	@scripts/setup.sh

run: setup ## Start everything: database, API, worker, three companies, the page
	@exec $(BIN)/panjereh run

stop: ## Stop what an earlier `make run` left running
	@$(BIN)/panjereh stop

test: setup ## Run every test, on up to four processors
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile

check: setup ## Lint, types, import contracts, dead code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/vulture

format: setup ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

conformance: setup ## OGC's abstract tests and, where they lie in .suites/, its executable suites
	@$(PY) -m pytest -rs tests/clients tests/api/ogc tests/api/test_ogc_clients.py tests/layers/cql2

torture: setup ## 1,000 permits, 30 % faults, 50 kills, 5 database kills (minutes)
	@$(PY) -m tests.torture --permits 1000 --kills 50 --db-kills 5

peers: setup ## What the benches measure beside ours: tipg, pygeoapi, igraph, in .peers
	@scripts/bench_peers.sh $(PEERS)

bench: setup peers ## Every benchmark with its peers, 10 k to 1 M (twenty minutes on two idle cores)
	@$(PY) -m bench.every --peers $(PEERS) --sizes $(SIZES)

bench-agreement: setup ## Layer agreement: detection, false alarms, recovery, against their goals
	@$(PY) bench/bench_agreement.py

lock: ## Pin every dependency again, with hashes
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra web --extra dev -o requirements.lock pyproject.toml

clean: ## Remove what was built (not the data)
	@rm -rf .mypy_cache .ruff_cache .hypothesis .import_linter_cache web/dist build
	@find . -name __pycache__ -not -path './.venv/*' -not -path './web/node_modules/*' -prune -exec rm -rf {} +
