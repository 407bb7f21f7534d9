# make run    start the whole system with a demo; make test    check everything; both install what is missing
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: help run test lint check proof bench lock ready ready-for-tests
help:
	@echo 'make run                start everything with a demo (Debian, root; elsewhere: docker compose up)'
	@echo 'make test               lint, types, import rules and all tests'
	@echo 'make lint | check       only the first three | only the tests (installs nothing)'
	@echo 'make proof              the tests with long random runs'
	@echo 'make bench NAME=ami     one benchmark of bench/'
	@echo 'make lock               compile requirements/*.lock again'

run: ready
	@exec $(BIN)/hotline run --role all --demo

test: ready-for-tests lint check

ready:
	@deploy/bootstrap.sh run

ready-for-tests:
	@deploy/bootstrap.sh test

lint:
	@echo '==> ruff, mypy, import-linter'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports

check:
	@echo '==> pytest'
	@PYTHONASYNCIODEBUG=1 $(BIN)/pytest --numprocesses=2 --dist=loadfile -m 'not alone'
	@PYTHONASYNCIODEBUG=1 $(BIN)/pytest -m alone

proof: ready-for-tests
	@HOTLINE_PROOF=1 $(BIN)/pytest --timeout=0

bench: ready-for-tests
	@test -n '$(NAME)' || { echo 'usage: make bench NAME=ami|center|…  (see bench/)' >&2; exit 2; }
	@$(BIN)/python -m bench.$(NAME:import=import_)

lock:
	@$(LOCK) --extra web pyproject.toml -o requirements/run.lock
	@$(LOCK) --extra dev --extra web pyproject.toml -o requirements/dev.lock
