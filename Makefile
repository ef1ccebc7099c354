# Everything a newcomer types. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
UV := $(shell command -v uv 2>/dev/null)
EXTRAS := needle,ner,community,weaviate,ray,redis,postgres
STAMP := $(VENV)/.installed

BENCH_STAMP := .venv-bench/.installed

.PHONY: help setup demo test fuzz lint bench docs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Citeward needs Python 3.11, 3.12 or 3.13 on the PATH (or: make PYTHON=/path/to/python $(MAKECMDGOALS))"; exit 1; }
ifdef UV
	@test -x $(BIN)/python || $(UV) venv --quiet --python "$(PYTHON)" $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python -e '.[$(EXTRAS)]' --group dev
else
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet -e '.[$(EXTRAS)]' --group dev
endif
	@touch $@

setup: $(STAMP) ## Make .venv and install everything into it

demo: $(STAMP) ## Index docs/, ask, and show the cited answers
	$(BIN)/citeward demo

test: $(STAMP) ## Run every test, on up to six cores
	$(BIN)/python -m pytest -n auto --maxprocesses 6 --dist loadgroup

SECONDS ?= 60
SEED ?= 0
fuzz: $(STAMP) ## Repeat the property tests marked fuzz with new seeds: SECONDS=60 SEED=0
	$(BIN)/python tests/fuzz.py --seconds $(SECONDS) --seed $(SEED)

lint: $(STAMP) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The peers' own packages (torch among them, 6 GB) stay out of .venv; PEERS= leaves them out altogether.
PEERS ?= 1
$(BENCH_STAMP): pyproject.toml $(STAMP)
	$(BIN)/python -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-bench/bin/python -m pip install --quiet --group bench
	@touch $@

bench: $(STAMP) $(if $(PEERS),$(BENCH_STAMP)) ## Measure quality and speed, peers side by side in one run
	$(if $(PEERS),CITEWARD_BENCH_PYTHON=$(CURDIR)/.venv-bench/bin/python) $(BIN)/python -m benchmarks

docs: $(STAMP) ## Build the guide as a site into site/
	$(BIN)/mkdocs build --strict --quiet

clean: ## Remove what the other targets made
	rm -rf $(VENV) .venv-bench site .citeward dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
