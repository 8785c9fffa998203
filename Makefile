# One page of entry points; every one sets up the virtual environment first, and only when the lock has changed.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := requirements.lock
SPARK_VENV := .venv-spark
SPARK_STAMP := $(SPARK_VENV)/.installed
SPARK_LOCK := requirements-spark.lock

export DAGSTER_DISABLE_TELEMETRY := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false

# a fixed sample of the long suites; the whole of each has a target of its own
TESTED := "not attack and not browser and not soak and not spark"

.DEFAULT_GOAL := help
.PHONY: help setup refresh test coverage test-fast lint ui attack browser bench soak test-spark checks lock clean

help:  ## what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(STAMP)  ## virtual environment from requirements.lock

$(STAMP): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11)) or None' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m orchestration.build.dbt_runtime
	@touch $@

refresh: setup  ## demo deliveries if landing is empty, then the whole pipeline to a published release
	@$(BIN)/int-marts refresh --demo-if-empty

test: setup lint  ## the whole test suite (sampled long suites)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m $(TESTED)

coverage: setup  ## the same tests, and which lines of the code they reach (a sixth longer)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m $(TESTED) --cov --cov-report=term:skip-covered

test-fast: setup  ## unit tests only, under a minute
	@$(BIN)/python -m pytest -n 2 -m "not slow and not attack and not browser and not soak and not spark and not postgres and not real"

lint: setup  ## ruff, mypy, the order of the rooms and sqlfluff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --nocolor --disable-progress-bar --processes 2 dbt_project/models dbt_project/tests | grep -v "^$$" | tail -40; exit $${PIPESTATUS[0]}

ui: setup  ## the Dagster UI on the same home, http://127.0.0.1:3000
	@$(BIN)/int-marts ui

checks: setup  ## rewrite expectations/checks.yml, the registry of required checks
	@$(BIN)/int-marts checks

attack: setup  ## all hostile inputs and planted faults (long)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m attack tests

browser: setup  ## the report and the Dagster UI in a real headless Chromium
	@$(BIN)/python -m pytest -m browser tests

soak: setup  ## fourteen deliveries, twenty seeds, a hundred kills (long)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m soak tests

test-spark: setup $(SPARK_STAMP)  ## the count marts on a local Spark, row by row equal to DuckDB (needs Java 17)
	@$(BIN)/python -m pytest -m spark tests/spark

$(SPARK_STAMP): $(SPARK_LOCK)
	@test -x $(SPARK_VENV)/bin/python || $(PYTHON) -m venv $(SPARK_VENV)
	$(SPARK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(SPARK_LOCK)
	@touch $@

bench: setup  ## the benchmark; BENCH="--people 200000 --repeats 1" for a small one
	@$(BIN)/python benchmarks/run.py $(BENCH)

LOCKING := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --no-header -q

lock: setup  ## rewrite requirements.lock and requirements-spark.lock from pyproject.toml
	$(BIN)/uv pip compile $(LOCKING) --extra dev pyproject.toml -o $(LOCK)
	@mkdir -p build && $(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["spark"], sep="\n")' > build/requirements-spark.in
	$(BIN)/uv pip compile $(LOCKING) --no-annotate build/requirements-spark.in -o $(SPARK_LOCK)

clean:  ## remove the virtual environment and caches, never data
	rm -rf $(VENV) $(SPARK_VENV) .mypy_cache .ruff_cache .pytest_cache dbt_project/target
