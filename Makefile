# `make demo` shows the whole path, `make test` checks it; both install what they need into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all lint format clean

demo: .venv/installed
	$(BIN)/python demo.py

test: .venv/installed
	$(BIN)/python -m pytest

test-all: .venv/installed
	$(BIN)/python -m pytest -m "slow or not slow"

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: .venv/installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.venv/installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache *.egg-info
