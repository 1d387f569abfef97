# The gate is `make check`; each part runs alone too. `./test` prepares what they need.

BIN := .venv/bin
MIGRATIONS := $(wildcard src/bubuh/db/migrations/*.sql)
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= reader stamped judge intake midstate
# A worker takes what lies side by side: a file's own service or folder is then made once.
PYTEST := $(BIN)/pytest -n 2 --dist worksteal --durations=15

.PHONY: check format format-check lint types imports sql test test-long fuzz docs screenshots bench help

check: format-check lint types imports sql docs test ## the whole gate

format: ## rewrite the code as the formatter wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

format-check:
	$(BIN)/ruff format --check --quiet .

lint: ## ruff, all rules but the listed ones
	$(BIN)/ruff check --quiet .

types: ## mypy, strict
	$(BIN)/mypy

imports: ## imports point down (ranks in pyproject.toml)
	$(BIN)/lint-imports

sql: ## squawk over the migrations
	$(BIN)/squawk $(MIGRATIONS)

docs: ## links lead somewhere; tables in the documents say what the code says
	$(BIN)/pytest --quiet tests/docs

test: ## all tests but the long ones
	$(PYTEST) -m "not long" --ignore=tests/docs

test-long: ## the long ones
	$(PYTEST) -m long

fuzz: ## throw bytes at reader, checker, intake and midstate for FUZZ_SECONDS each
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r scripts/fuzz.txt
	for target in $(FUZZ_TARGETS); do $(BIN)/python -m tests.fuzz.run $$target $(FUZZ_SECONDS) || exit 1; done

screenshots: ## the pictures in docs/screenshots, from a service of their own
	$(BIN)/python scripts/screenshots.py

bench: ## stamps a second and core, beside pyHanko's default path
	$(BIN)/bubuh bench stamp

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile
