# Every target sets up what it needs in .venv, with the groups of pyproject.toml.
PYTHON ?= python3
BIN := .venv/bin
# The tools that check and build, apart from what the tests import. Each file of theirs is known by its hash.
TOOLS := .venv/tools/bin
SPREAD := --dist worksteal
# Three workers a core: most of the slow tests wait for a socket.
PARALLEL = -n $$($(BIN)/python -c 'import os; print(3 * os.cpu_count())') $(SPREAD)

# Hundreds of processes import the package and the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo pool web test test-unit test-benchmarks test-web screenshots lambda-zip soak fleet coverage faults check lint types record bench build tools clean

demo: .venv/pool.ok
	@$(BIN)/python -m examples.demo

# A pool to try things on, until Ctrl-C: make pool OPTIONS='--port 4566 --mfa'
pool: .venv/web.ok
	@$(BIN)/python -m examples.local_pool $(OPTIONS)

# The sample application on http://localhost:8000, on a pool of its own. In several processes over Redis:
# make web OPTIONS='--workers 4 --redis redis://127.0.0.1:6379'
web: .venv/web.ok
	@$(BIN)/python -m examples.web $(OPTIONS)

test: .venv/test.ok .venv/npm.ok
	$(BIN)/python -m pytest $(PARALLEL) $(OPTIONS)

# Those that need neither a server nor a socket, and so wait for nothing.
test-unit: .venv/test.ok
	$(BIN)/python -m pytest -n auto $(SPREAD) $(OPTIONS) tests/unit

# Each program of the benchmarks, without a measurement.
test-benchmarks: .venv/test.ok .venv/npm.ok
	$(BIN)/python -m pytest -n auto $(SPREAD) $(OPTIONS) tests/benchmarks

# The sample application in Chromium, one file after another. It leaves a picture of each page in web-screenshots.
test-web: .venv/test-web.ok .venv/axe.ok .venv/chromium.ok
	@for file in tests/web/test_*.py; do $(BIN)/python -m pytest $(OPTIONS) "$$file" || exit; done

# The three of the README.
screenshots: .venv/test-web.ok .venv/axe.ok .venv/chromium.ok
	$(BIN)/python -m tests.web.screenshots

# The function of examples/lambda with its packages, and the time that its cold start takes.
lambda-zip: .venv/test.ok
	$(BIN)/python examples/lambda/bundle.py dist/lambda.zip
	$(BIN)/python examples/lambda/start.py dist/lambda.zip

# Random sequences of a session's calls against a model of the service: make soak SEQUENCES=100000 SEED=1
soak: SEQUENCES ?= 10000
soak: SEED := $(or $(SEED),$(shell date +%s))
soak: .venv/test.ok
	@echo "SEED=$(SEED)"
	SEQUENCES=$(SEQUENCES) $(BIN)/python -m pytest --hypothesis-seed=$(SEED) -n 2 $(OPTIONS) tests/session/test_model.py

# Sessions of 8 processes of 50 threads over one store, in files and in Redis, with every fault; calls that are
# interrupted at every line: two minutes.
fleet: .venv/test.ok
	FLEET=1 $(BIN)/python -m pytest $(PARALLEL) $(OPTIONS) tests/store/test_fleet.py tests/store/test_redis_fleet.py \
		tests/store/test_redis_servers.py tests/store/test_simulation.py tests/store/test_interruptions.py \
		tests/session/test_interruptions.py tests/transport/test_interruptions.py

# All tests once more: every statement of the package must be run. Every branch too, where Python measures them: with
# sys.monitoring from 3.14 on, before 3.12 by tracing, which is slower.
coverage: .venv/test.ok .venv/npm.ok
	$(BIN)/coverage erase
	@minor=$$($(BIN)/python -c 'import sys; print(sys.version_info.minor)'); \
	if [ $$minor -ge 12 ]; then export COVERAGE_CORE=sysmon; fi; \
	if [ $$minor -lt 12 ] || [ $$minor -ge 14 ]; then branch=--branch; fi; \
	$(BIN)/coverage run $$branch -m pytest $(PARALLEL) $(OPTIONS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Every method against every fault, over every transport, and thousands of random sequences: three minutes.
faults: .venv/test.ok
	$(BIN)/python -m tests.faults

check: lint types coverage

lint: .venv/tools.ok
	$(TOOLS)/ruff format --check .
	$(TOOLS)/ruff check .

types: .venv/types.ok .venv/tools.ok
	$(TOOLS)/mypy --python-executable $(BIN)/python
	PYRIGHT_PYTHON_CACHE_DIR=.venv/pyright $(TOOLS)/pyright
	PYRIGHT_PYTHON_CACHE_DIR=.venv/pyright $(BIN)/python -m tests.typing
	PYRIGHT_PYTHON_CACHE_DIR=.venv/pyright $(BIN)/python -m pytest -q tests/typing

record: .venv/test.ok
	$(BIN)/python -m tests.record

# Its own environment, since it installs the peers: Python's beside this version as it would be shipped, and npm's.
# It takes about nine minutes. Parts keep the other results: make bench ONLY='verify cold'
bench: .venv-bench/ok
	.venv-bench/bin/pip install --quiet --force-reinstall --no-deps .
	.venv-bench/bin/python -m benchmarks $(ONLY)

# Beside the wheel and the sdist, a list of what an installation has in it (CycloneDX).
build: .venv/tools.ok
	rm -rf dist .venv/shipped
	$(TOOLS)/python -m build --quiet --no-isolation
	$(PYTHON) -m venv --without-pip .venv/shipped
	$(BIN)/pip --python .venv/shipped/bin/python install --quiet dist/*.whl
	$(TOOLS)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
		--output-file "dist/$$(basename dist/*.tar.gz .tar.gz).cdx.json" .venv/shipped/bin/python

clean:
	rm -rf .venv .venv-bench dist .coverage .coverage.* .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'

# A server and a client in JavaScript that the tests use; npm's machine-wide folders stay as they are.
.venv/npm.ok: Makefile | .venv/bin/pip
	@if command -v npm >/dev/null; then \
		npm install --silent --no-audit --no-fund --prefix .venv/npm cognito-local@5.3.0 amazon-cognito-identity-js@6.3.21; \
	else \
		echo "npm is not here: the tests that need its packages are skipped"; \
	fi
	@touch $@

.venv/axe.ok: Makefile | .venv/bin/pip
	npm install --silent --no-audit --no-fund --prefix .venv/axe axe-core@4.14.1
	@touch $@

# Debian's, where there is none yet. CHROMIUM names another one.
.venv/chromium.ok: | .venv/bin/pip
	@if [ -z "$$CHROMIUM" ] && ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then \
		command -v apt-get >/dev/null || { echo "install Chromium, or name it with CHROMIUM=..." >&2; exit 1; }; \
		apt-get update -qq && apt-get install -qq -y chromium >/dev/null; \
	fi
	@touch $@

.venv/tools.ok: .ci/tools.txt | .venv/bin/pip
	$(PYTHON) -m venv .venv/tools
	$(TOOLS)/pip install --quiet --require-hashes --requirement $<
	@touch $@

# Writes their list anew, from the versions in .ci/tools.in.
tools: | .venv/bin/pip
	$(PYTHON) -m venv .venv/pip-tools
	.venv/pip-tools/bin/pip install --quiet pip-tools
	.venv/pip-tools/bin/pip-compile --quiet --generate-hashes --no-header --strip-extras --allow-unsafe \
		--no-emit-index-url --no-emit-find-links --output-file .ci/tools.txt .ci/tools.in

.venv/%.ok: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable . --group $*
	@touch $@

.venv-bench/ok: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --upgrade 'pip>=25.1'
	.venv-bench/bin/pip install --quiet . --group bench
	for peer in amazon-cognito-identity-js aws-jwt-verify; do \
		npm install --silent --no-audit --no-fund --prefix .venv-bench/node/$$peer $$peer \
			|| echo "no $$peer without npm: its rows stay empty"; \
	done
	@touch $@
