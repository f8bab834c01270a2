# The few verbs, the same for people and CI. `demo` and `test` set everything up themselves.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1

.PHONY: help demo test test-spark check check-long bench bench-pairs bench-intake bench-models bench-leaks bench-log bench-training fmt serve notebooks cards demo-built openapi pages screenshot lock clean bench-province bench-scale bench-night profiles

help:  ## Show these verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: $(VENV)/.demo  ## Invent a network, train, publish, score and serve it (SERVE=0: all but stay up)
	$(BIN)/earlywarn demo $(if $(filter 0,$(SERVE)),--no-serve,)

test: $(VENV)/.dev  ## Pass all tests
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-spark: $(VENV)/.spark  ## Run the Spark page's code on local[2] (needs Java)
	$(BIN)/pytest tests/e2e/test_scale_page.py

check: $(VENV)/.dev  ## Pass every gate: format, lint, types, layers, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src api tests
	$(BIN)/lint-imports
	$(MAKE) test

check-long: $(VENV)/.dev  ## The properties on 25 times as many cases, by hand
	EARLYWARN_CASES=25 $(BIN)/pytest -n 2 --dist load tests/property

bench: bench-pairs bench-night bench-province  ## Measure every row of benchmarks/RESULTS.md (half an hour more and 12 GB the first time)

bench-pairs: $(VENV)/.dev demo-built  ## The rows that set us beside others: LightGBM, pandas and MLflow
	$(BIN)/python -m benchmarks.explaining
	$(BIN)/python -m benchmarks.nightly_step
	$(BIN)/python -m benchmarks.online

profiles: $(VENV)/.bench demo-built  ## Draw where a night's and a request's time goes (STUDENTS=200000)
	$(BIN)/python -m benchmarks.profiles night --students $(or $(STUDENTS),200000) --folder .earlywarn/bench-night
	$(BIN)/python -m benchmarks.profiles request

bench-intake: $(VENV)/.dev  ## Time intake beside DuckDB's and pandas' plain reading (20 million rows and more)
	$(BIN)/python benchmarks/intake.py

bench-models: $(VENV)/.bench  ## Set our models beside logistic regression, LightGBM and FLAML (about an hour)
	$(BIN)/python -m benchmarks.models

bench-leaks: $(VENV)/.dev  ## Plant every leak, and print which detector catches it
	$(BIN)/python -m benchmarks.leaks

bench-log: $(VENV)/.dev  ## Time what logging to MLflow adds to a training
	$(BIN)/python -m benchmarks.run_log

bench-training: $(VENV)/.dev  ## Train on a network of the province's size, and write time and memory (STUDENTS=1400000)
	$(BIN)/python benchmarks/training.py --students $(or $(STUDENTS),1400000) --folder .earlywarn/bench-training

bench-night: $(VENV)/.dev demo-built  ## Score networks of three sizes without the store, and write what a student costs
	$(BIN)/python -m benchmarks.night

bench-province: $(VENV)/.dev demo-built  ## Score that network and load it into PostgreSQL, on two nights (STUDENTS=1400000)
	$(BIN)/python -m benchmarks.province --students $(or $(STUDENTS),1400000) --folder .earlywarn/bench-night

bench-scale: $(VENV)/.dev demo-built  ## Measure portions of a night, and plan for 50 million (STUDENTS=200000)
	$(BIN)/python -m benchmarks.scale --students $(or $(STUDENTS),200000) --folder .earlywarn/bench-night

fmt: $(VENV)/.dev  ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

serve: $(VENV)/.demo  ## Serve the demonstration network once `make demo` has built it
	$(BIN)/earlywarn demo

notebooks: $(VENV)/.dev  ## Run the notebooks
	for notebook in notebooks/[0-9]*.py; do $(BIN)/python $$notebook || exit 1; done

cards: demo-built  ## Train the demonstration's models anew, and write their sheets and cards
	EARLYWARN_HOME=.earlywarn/demo/workspace EARLYWARN_KEYS=.earlywarn/demo/keys \
	  $(BIN)/earlywarn train quebec --today 2026-11-20 --seed 1 --write-sheets

demo-built: $(VENV)/.demo
	@test -f .earlywarn/demo/built.json || $(BIN)/earlywarn demo --no-serve

openapi: $(VENV)/.dev  ## Write api/openapi.json anew
	$(BIN)/python -m api.openapi > api/openapi.json

screenshot: $(VENV)/.dev  ## Take the README's picture of the demonstration that is being served
	$(BIN)/python docs/screenshot.py http://127.0.0.1:8000 docs/screenshot.png

pages: $(VENV)/.dev  ## Write the pages that are made from declarations anew
	$(BIN)/python docs/data_contract.py
	$(BIN)/python docs/oneroster_page.py
	$(BIN)/python docs/reference_pages.py
	$(BIN)/python -m docs.lists_page
	$(BIN)/python -m docs.intake_report docs/intake-report.png

lock:  ## Resolve the hashed requirement locks anew (needs uv)
	uv pip compile pyproject.toml $(LOCK) --extra train --extra demo --extra dask --group dev -o requirements-dev.txt
	uv pip compile pyproject.toml $(LOCK) --extra train --extra demo --group build -c requirements-dev.txt -o requirements-demo.txt
	uv pip compile pyproject.toml $(LOCK) -c requirements-dev.txt -o requirements.txt
	uv pip compile pyproject.toml $(LOCK) --extra train --extra demo --extra dask --group dev --group bench -c requirements-dev.txt -o requirements-bench.txt
	uv pip compile pyproject.toml $(LOCK) --group spark -c requirements-dev.txt -o requirements-spark.txt
LOCK := --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --quiet --custom-compile-command "make lock"

clean:  ## Remove the environment and the demonstration, and no other network's workspace
	rm -rf $(VENV) .earlywarn/demo

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "earlywarn needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements-demo.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what the program needs (about 1.3 GB, once)..."
	$(INSTALL) --require-hashes -r requirements-demo.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.dev
	@echo "Installing what the benchmarks set us beside..."
	$(INSTALL) --require-hashes -r requirements-bench.txt
	@touch $@

$(VENV)/.spark: requirements-spark.txt $(VENV)/.dev
	@echo "Installing Spark (about 450 MB)..."
	$(INSTALL) --require-hashes -r requirements-spark.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.demo
	@echo "Installing what the tests need..."
	$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@
