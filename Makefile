# `make run` sets up and starts the ledger; `make test` sets up and proves it. Needs Python 3.11 or newer, its venv module, and make.
# uv is used for speed when it can be had, plain pip otherwise (`make run UV=` asks for pip at once); both check every hash of the lock.
PY ?= python3
UV ?= uv
B := .venv/bin
# A virtualenv that already holds the development extras is kept: it runs the ledger as well.
RUNTIME := $(if $(wildcard .venv/.dev),.venv/.dev,.venv/.runtime)
PIP := $(B)/python -m pip install -q --disable-pip-version-check --require-hashes

define install
@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
@$(B)/python -m pip --version >/dev/null 2>&1 || $(PY) -m venv --clear .venv
@echo "installing $(1) ..."
@( test -n "$(UV)" && $(PIP) -r requirements-uv.lock \
   && UV_HTTP_TIMEOUT=20 UV_HTTP_RETRIES=1 $(B)/uv pip install -q --no-progress --python $(B)/python --require-hashes --compile-bytecode -r $(1) ) \
 || { test -z "$(UV)" || echo "uv could not; installing with pip ..."; $(PIP) -r $(1); }
@$(B)/python -m pip check -q --disable-pip-version-check
@touch $@
endef

run: $(RUNTIME)
	@exec $(B)/python cli.py demo

venv: .venv/.dev

test: .venv/.dev tools lint
	$(B)/python -m pytest -q -n 2 --dist loadgroup tests -m "not gate"

gate: .venv/.dev gate-tools
	$(B)/python -m pytest -q -m gate tests

lint: .venv/.dev
	$(B)/ruff check .
	$(B)/lint-imports
	$(B)/mypy

# Rewrites the locks from pyproject.toml; `make lock UPGRADE=--upgrade` takes newer releases. A lock names no host.
lock: COMPILE = $(B)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header $(UPGRADE)
lock: .venv/.dev
	$(PIP) -r requirements-uv.lock
	echo 'uv' | $(COMPILE) - -o requirements-uv.lock
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock
	! grep -n '://' requirements*.lock

tools:
	@.ci/tools test

gate-tools:
	@.ci/tools gate

.venv/.runtime: requirements.lock requirements-uv.lock
	$(call install,$<)

.venv/.dev: requirements-dev.lock requirements-uv.lock
	$(call install,$<)

.PHONY: run venv test gate lint lock tools gate-tools
