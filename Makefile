# Every target is the same on a laptop and in CI. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help venv test lint demo bench bench-core bench-instructions mutants chaos compiled bench-compiled generated lock clean

# A name on PATH may be the stub of a version manager, and Debian splits venv off: so each candidate has to run both.
suits := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
candidates := python3.13 python3.12 python3.11 python3
PYTHON ?= $(shell for name in $(candidates); do $$name -c '$(suits)' >/dev/null 2>&1 && echo $$name && break; done)

# Modules are compiled when first imported: compiling all of them here costs a third of the installation.
install = $(@D)/bin/python -m pip install --quiet --no-compile

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: .venv/.installed ## Installs everything locked into .venv (PYTHON=... names another Python; `make clean` first)

test: lint ## Lints, checks types and runs all tests; says what was skipped and why
# In CI a skipped test is a failure: tests/conftest.py sees to it in pytest_sessionfinish when CI is set.
# Most tests wait for other programs: more of them than cores. Files are begun in the order that tests/conftest.py gives.
	.venv/bin/python -m pytest --numprocesses=4 --dist=loadfile --no-loadscope-reorder

lint: venv ## Lints and checks types
	.venv/bin/ruff check
	.venv/bin/mypy

demo: .venv-demo/.locked ## Runs `promises demo`; installs only what that needs, into .venv-demo
	@exec .venv-demo/bin/python -m streams.cli demo

bench: venv ## Measures the engine on a real Kafka, and others on the same job (25 minutes; PARTS=contest a part of it)
	@$(MAKE) --no-print-directory .venv-bench/.locked || echo 'make bench: goes on without Quix Streams, see above' >&2
	.venv/bin/python -m benchmarks.engine $(PARTS)

bench-core: venv ## Measures the judging alone, without Kafka
	.venv/bin/python -m benchmarks.core

bench-instructions: venv ## Counts instructions an event, plain and compiled (AGAINST=HEAD^ fails above +3 %; ONLY='feed/*')
	.venv/bin/python -m benchmarks.instructions $(if $(AGAINST),--against '$(AGAINST)') $(if $(ONLY),'$(ONLY)')

mutants: venv ## Plants faults in the judging, one at a time, and says which tests notice (4 minutes)
	.venv/bin/python -m tests.mutants

chaos: venv ## Kills, stops and cuts off workers and brokers under load, then looks for differences (25 minutes; SEED=1)
	.venv/bin/python -m tests.chaos --seed $(or $(SEED),1)

compiled: venv ## Builds the wheel with the core compiled, and tests that (needs a C compiler)
	PROMISES_COMPILE=1 .venv/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist/compiled .
	rm -rf build/compiled && mkdir -p build/compiled
	.venv/bin/python -m zipfile -e dist/compiled/promises-*.whl build/compiled
	cp -r tests benchmarks examples build/compiled
	cd build/compiled && ../../.venv/bin/python -m pytest -q -p no:cacheprovider tests/judging tests/book

bench-compiled: compiled ## Measures the judging alone, compiled
	cd build/compiled && ../../.venv/bin/python -m benchmarks.core

generated: venv ## Makes schemas, rules, dashboards and the page of metrics anew (docs/alerts.md says how it is made)
	.venv/bin/python -m schemas.generate
	.venv/bin/python -m streams.metrics.document > docs/metrics.md
	.venv/bin/python -m streams.cli rules --policies streams/local/town-policies.toml \
		--locations examples/locations.toml --receivers examples/receivers.toml --out dashboards
	.venv/bin/python -m dashboards.build

lock: .venv-lock/.locked ## Locks the dependencies anew, keeping versions that still fit (UPGRADE=1 takes the newest)
	$(compile) $(of-project) --output-file requirements.lock
	$(compile) $(of-project) --group dev --group dashboards --constraints requirements.lock --output-file requirements-dev.lock
	$(compile) --group bench --output-file requirements-bench.lock

clean: ## Removes the virtual environments and caches
	rm -rf .venv .venv-bench .venv-demo .venv-lock .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.locked: requirements-dev.lock
.venv-demo/.locked: requirements.lock
.venv-bench/.locked: requirements-bench.lock
.venv/.locked .venv-demo/.locked .venv-bench/.locked:
	$(fresh-venv)
	$(install) --require-hashes --requirement $<
	@touch $@

# Without build isolation the locked build backend is used, and the network is not asked.
.venv/.installed: .venv/.locked pyproject.toml
	$(install) --no-deps --no-build-isolation --editable .
	@touch $@

.venv-lock/.locked:
	$(fresh-venv)
	$(install) uv==0.13.9
	@touch $@

define fresh-venv
@test -n "$(PYTHON)" && "$(PYTHON)" -c '$(suits)' || { \
	echo 'No Python 3.11 to 3.13 with venv: tried $(or $(PYTHON),$(candidates)).' \
		'Install one (on Debian also python3-venv) or name one: make venv PYTHON=/path/to/python' >&2; exit 1; }
"$(PYTHON)" -m venv --clear $(@D)
endef

compile = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
of-project = --extra local --group build pyproject.toml
