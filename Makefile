# `make run` sets up and starts the ledger; `make test` sets up and proves it. Needs Python 3.11 or newer, its venv module, and make.
# uv is used for speed when it can be had, plain pip otherwise; both check every hash of the lock.
PY ?= python3
UV ?= 0.13.9
B := .venv/bin

define install
$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this one is " + sys.version.split()[0])'
test -x $(B)/python || $(PY) -m venv .venv
( $(B)/python -m pip install -q --disable-pip-version-check 'uv==$(UV)' \
  && UV_HTTP_TIMEOUT=20 UV_HTTP_RETRIES=1 $(B)/uv pip install -q --no-progress --python $(B)/python --require-hashes --compile-bytecode -r $(1) ) \
 || $(B)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(1)
$(B)/python -m pip check -q --disable-pip-version-check
touch $@
endef

venv: .venv/.dev

.venv/.dev: requirements-dev.lock
	$(call install,$<)

.PHONY: venv
