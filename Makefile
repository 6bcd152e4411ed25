# Everything a person or CI does here. A bare `make` explains.
# Needs GNU make 3.81+ and Python 3.11 to 3.14; `uv` is used for speed where it is on the PATH.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
FAST   := $(VENV)/.compiled
HOT    := $(shell sed -n 's|^    "\(.*\.py\)",$$|stream_app/\1|p' hatch_build.py)
UV     := $(shell command -v uv 2>/dev/null)
ARGS   ?=
SEED   ?= 1
MINUTES ?= 5
FUZZ   ?= 100000

# One resolution for every Python and system we support; pip checks each file's hash.
LOCK_WITH := $(BIN)/uv pip compile pyproject.toml --universal --generate-hashes \
             --no-header --no-annotate --quiet

# Where this is set every start compiles all of us anew, and the tests start us some hundred times.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup compile demo test lint format schemas bench chaos fuzz lock lock-broker clean

help: ## what can be done here (this text)
	@echo "Rapport: social interactions in, relationships out. Two commands matter:"
	@echo
	@echo "  make demo    see it work on a real Kafka, started for you"
	@echo "  make test    run every check"
	@echo
	@echo "All of them:"
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | \
	  while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done
	@echo
	@echo "  ARGS=...     goes to demo, test, bench, chaos and fuzz, e.g. make demo ARGS='--once --json'"
	@echo "  PYTHON=...   the Python for the environment, e.g. make setup PYTHON=python3.12"
	@echo "  BROKER=...   host:port of a Kafka of yours, used instead of starting one"

setup: $(STAMP) $(FAST) ## the environment in .venv, from hash-locked requirements

compile: setup ## compile the core (setup does), if there is a C compiler

# Sources that are newer than their compiled form would be ignored: so all is done anew.
$(FAST): $(STAMP) hatch_build.py $(wildcard stream_app/domain/*.py) $(HOT)
	@echo "compiling the core, 20 s to some minutes (RAPPORT_COMPILE=no leaves it out)"
	@$(BIN)/python -m stream_app.embedded.warm & $(BIN)/python hatch_build.py >$(VENV)/compile.log; \
	  compiled=$$?; wait; exit $$compiled
	@touch $@

# As in the image: the compiler has seen a run, as the peers' Java has seen one when it counts.
$(VENV)/.profiled: $(FAST)
	@echo "compiling the core by a profile of a run, twice as long as without"
	@RAPPORT_COMPILE=profile $(BIN)/python hatch_build.py >>$(VENV)/compile.log || $(BIN)/python hatch_build.py
	@touch $@

$(VENV)/.bench-compiled: $(VENV)/.profiled bench/small_job.py
	@$(BIN)/python hatch_build.py bench >>$(VENV)/compile.log
	@touch $@

# A finished environment is kept until a lock or pyproject.toml is newer.
$(STAMP): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || { \
	  echo "make: needs Python 3.11 to 3.14, but $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "      Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
ifneq ($(UV),)
	@test -x $(BIN)/python || $(UV) venv --quiet --seed --python "$$(command -v $(PYTHON))" $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
else
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
endif
	@touch $@

# The first one need not wait for a compiler; what was compiled once must fit its sources.
demo: $(STAMP) $(wildcard $(FAST)) ## live: broker, two workers, real events, transitions
	$(BIN)/rapport demo $(ARGS)

test: lint ## lint, types and every test, on a real Kafka
	$(BIN)/python -m pytest -n 4 --maxschedchunk 1 $(ARGS)

lint: setup ## style, format and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: setup ## write schemas/ anew (after a change of the contracts)
	$(BIN)/python -m stream_app.contracts.schemas

bench: setup $(VENV)/.bench-compiled ## how fast it is on this machine
	$(BIN)/python -m bench $(ARGS)

chaos: setup ## faults drawn from SEED for MINUTES, checked against a replay
	$(BIN)/python -m chaos --seed $(SEED) --minutes $(MINUTES) $(ARGS)

fuzz: setup ## FUZZ mutated deliveries of each platform through the worker
	RAPPORT_FUZZ=$(FUZZ) RAPPORT_FUZZ_SEED=$(SEED) $(BIN)/python -m pytest -q tests/adapters/test_fuzz.py $(ARGS)

lock: setup ## resolve the requirements anew (after a change in pyproject.toml)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(LOCK_WITH) --group dev --extra broker --output-file requirements-dev.lock
	$(LOCK_WITH) --constraint requirements-dev.lock --output-file requirements.lock

lock-broker: setup ## resolve and hash Kafka's jars anew (after a change of its version)
	$(BIN)/python -m stream_app.embedded.lock

clean: ## stop this project's broker, remove what was made here
	-@test ! -x $(BIN)/rapport || $(BIN)/rapport broker stop
	rm -f *.so stream_app/*/*.so
	rm -rf $(VENV) .rapport .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
