# All targets work the same on a laptop and in CI. `make` without a target lists them.

.DEFAULT_GOAL := help
.PHONY: help venv unit test lint demo kafka bench bench-core bench-instructions mutants chaos chaos-short compiled bench-compiled generated lock clean

# A candidate must run and have venv: a name on PATH may be the stub of a version manager, and Debian packages venv separately.
suits := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
candidates := python3.13 python3.12 python3.11 python3
PYTHON ?= $(shell for name in $(candidates); do $$name -c '$(suits)' >/dev/null 2>&1 && echo $$name && break; done)

# Modules are compiled when they are first imported. Compiling all of them here would take a third of the installation time.
install = $(@D)/bin/python -m pip install --quiet --no-compile

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: .venv/.installed ## Install the locked dependencies into .venv (PYTHON=... for another Python, after `make clean`)

unit: venv ## Run the unit tests, which start no process and no Kafka (1 minute)
	.venv/bin/python -m pytest -q --numprocesses=auto --dist=worksteal -m "not integration"

test: lint ## Lint, check types and run all tests but chaos; list the skipped tests with their reasons (10 minutes)
# If CI is set, a skipped test fails the run (pytest_sessionfinish in tests/conftest.py).
# There are more processes than cores, because most tests wait for other programs. tests/conftest.py sets the order of files.
	.venv/bin/python -m pytest --numprocesses=4 --dist=loadfile --no-loadscope-reorder -m "not chaos"

lint: venv ## Lint, check the format and check types
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

demo: .venv-demo/.locked ## Run `promises demo`, with only its own dependencies, in .venv-demo
	@exec .venv-demo/bin/python -m streams.cli demo

kafka: .venv-demo/.locked ## Run an empty Apache Kafka at 127.0.0.1:9092 until Ctrl-C (KAFKA_PORT=9192 for another port)
	@exec .venv-demo/bin/python -m streams.local $(KAFKA_PORT)

bench: venv ## Measure the engine and other systems on a real Kafka (25 minutes; PARTS=contest for one part)
	@$(MAKE) --no-print-directory .venv-bench/.locked || echo 'make bench: continuing without Quix Streams, see above' >&2
	.venv/bin/python -m benchmarks.engine $(PARTS)

bench-core: venv ## Measure the judging alone, without Kafka
	.venv/bin/python -m benchmarks.core

bench-instructions: venv ## Count instructions per event, plain and compiled (AGAINST=HEAD^ compares and fails above +3 %)
	.venv/bin/python -m benchmarks.instructions $(if $(AGAINST),--against '$(AGAINST)') $(if $(ONLY),'$(ONLY)')

mutants: venv ## Plant faults in the judging, one at a time, and list those that no test notices (4 minutes)
	.venv/bin/python -m tests.mutants

chaos-short: venv ## Run a small chaos test with one broker and fewer faults (3 minutes; PROMISES_SEED=1)
	.venv/bin/python -m pytest -q -m chaos

chaos: venv ## Kill, stop and cut off workers and brokers under load, then compare the results (25 minutes; SEED=1)
	.venv/bin/python -m tests.chaos --seed $(or $(SEED),1)

compiled: venv ## Build the wheel with the compiled core and test it (needs a C compiler)
	PROMISES_COMPILE=1 .venv/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist/compiled .
	rm -rf build/compiled && mkdir -p build/compiled
	.venv/bin/python -m zipfile -e dist/compiled/promises-*.whl build/compiled
	cp -r tests benchmarks examples build/compiled
	cd build/compiled && ../../.venv/bin/python -m pytest -q -p no:cacheprovider tests/judging tests/state

bench-compiled: compiled ## Measure the compiled judging alone
	cd build/compiled && ../../.venv/bin/python -m benchmarks.core

generated: venv ## Generate schemas, rules, dashboards and docs/metrics.md (docs/alerts.md has a command of its own)
	.venv/bin/python -m schemas.generate
	.venv/bin/python -m streams.metrics.document > docs/metrics.md
	.venv/bin/python -m streams.cli rules --policies streams/local/town-policies.toml \
		--locations examples/locations.toml --receivers examples/receivers.toml --out dashboards
	.venv/bin/python -m dashboards.build

lock: .venv-lock/.locked ## Lock the dependencies, keeping versions that still fit (UPGRADE=1 for the newest)
	$(compile) $(of-project) --output-file requirements.lock
	$(compile) $(of-project) --group dev --group dashboards --constraints requirements.lock --output-file requirements-dev.lock
	$(compile) --group bench --output-file requirements-bench.lock

clean: ## Remove the virtual environments and caches
	rm -rf .venv .venv-bench .venv-demo .venv-lock .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.locked: requirements-dev.lock
.venv-demo/.locked: requirements.lock
.venv-bench/.locked: requirements-bench.lock
.venv/.locked .venv-demo/.locked .venv-bench/.locked:
	$(fresh-venv)
	$(install) --require-hashes --requirement $<
	@touch $@

# Without build isolation, pip uses the locked build backend and needs no network.
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
