# `make run` serves the sample shop, `make test` runs all tests; `make help` tells the rest.

VENV ?= .venv
HOST ?=
PORT ?=
SHOP ?=
PY := $(VENV)/bin/python

# Packages are compiled when they are first imported, not when they are installed: that saves a
# minute, and would cost many seconds at every start if Python were told to write no bytecode.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check format docs screenshot install install-dev clean

help:
	@echo "make run         install what is needed, train on the sample shop if nothing is live, serve"
	@echo "                 variables: PORT=8000 HOST=127.0.0.1 SHOP=DIR VENV=.venv PYTHON=python3.11"
	@echo "make test        install what the tests need, check style, types and docs, run the tests"
	@echo "make check       the checks of make test alone"
	@echo "make format      let ruff rewrite the code"
	@echo "make docs        write docs/cli.md again"
	@echo "make screenshot  take the picture of the chat page again (needs Chromium)"
	@echo "make clean       remove $(VENV) and caches; the home ./var stays"

run: install
	@exec $(PY) -m bot.cli run \
		$(if $(HOST),--host "$(HOST)") $(if $(PORT),--port "$(PORT)") $(if $(SHOP),--shop "$(SHOP)")

test: check
	@exec $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: install-dev
	@scripts/check $(PY)

format: install-dev
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

docs: install-dev
	$(PY) -m scripts.cli_docs --write

screenshot: install-dev
	$(PY) -m scripts.screenshot

install:
	@scripts/install $(VENV) run

install-dev:
	@scripts/install $(VENV) dev

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
