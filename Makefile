# make demo: the whole product with a simulated fleet.  make test: the tests.  make lint: style, types, import contracts.
PYTHON ?= python3
VENV := $(shell scripts/venv-folder.sh)
BIN := $(VENV)/bin
DEMO_ARGS ?=
PYTEST_ARGS ?=

.PHONY: demo test lint clean
.DELETE_ON_ERROR:

$(VENV)/.runtime: requirements.txt pyproject.toml
	@test -x $(BIN)/python || { mkdir -p $(VENV) && $(PYTHON) -m venv $(VENV); }
	@echo "installing what the product needs (hashes checked)"
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	@echo "installing what the tests need (hashes checked)"
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.runtime
	$(BIN)/cuntong demo $(DEMO_ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build
