# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
PORT ?= $(or $(AION_PORT),3000)
SPEED ?= 60
FEED ?= recorded
FROM ?= $(if $(filter recorded,$(FEED)),2022-05-19T13:25Z)
# a folder holds one mode: each feed has its own unless AION_DATA says which
DATA ?= $(or $(AION_DATA),aion-data$(if $(filter-out recorded,$(FEED)),-$(FEED)))
BIN := .venv/bin
API_TYPES := frontend/src/api/schema.ts
SOURCES := $(shell find frontend/src frontend/public -type f -not -path $(API_TYPES) 2>/dev/null) $(wildcard frontend/*.json frontend/*.ts frontend/*.mjs frontend/index.html)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Images of containers often set it; every start of Python would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: build kill run test test-python test-browser test-page quick coverage hooks check bench soak soak-long faults hostile audit lock clean browser \
	cluster proxies proxy prometheus firefox lighthouse lowest newest clients adapters compiled

build: .venv/.dev frontend/node_modules/.sources aion/web/static/.sources $(API_TYPES)

run: .venv/.run aion/web/static/.sources
	@$(BIN)/python tools/extra.py $(FEED)
	@$(BIN)/aion up --data $(DATA) --feed $(FEED) $(if $(SYMBOLS),--symbols $(SYMBOLS)) $(if $(FOLDER),--folder $(FOLDER)) $(if $(VENUE),--venue $(VENUE)) --speed $(SPEED) $(if $(FROM),--from $(FROM)) --port $(PORT) $(if $(filter 1 yes true,$(FRESH)),--fresh)

# One after another: side by side they take as long on two cores, and each waits for the others.
test: build browser proxies test-python test-browser test-page

WORKERS ?= 4
FILES := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# What failed beside others on a busy machine is tried again by itself, once; both runs are printed.
AGAIN := --lf --lfnf=none
test-python: build
	$(BIN)/pytest $(FILES) --ignore tests/e2e || $(BIN)/pytest $(AGAIN) --ignore tests/e2e

test-browser: build browser
	$(BIN)/pytest tests/e2e $(FILES) --ignore tests/e2e/test_firefox.py -o cache_dir=.pytest_cache/browser || \
		$(BIN)/pytest tests/e2e $(AGAIN) --ignore tests/e2e/test_firefox.py -o cache_dir=.pytest_cache/browser

# What changed first and what failed last before it, no browser: under a minute. tests/quick.py says what is left out.
quick: build
	$(BIN)/pytest --quick --ff -n 4
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/node.py node_modules/vitest/vitest.mjs run --changed --passWithNoTests

# Three servers, two machines with bots and two desks on this machine, until Ctrl-C; kept in aion-cluster/.
SERVERS ?= 4222
cluster: build
	@$(BIN)/python tools/cluster.py --port $(PORT) --servers $(SERVERS)

# A real Prometheus scrapes a desk, loads the rules and answers what the dashboard asks; half a minute.
prometheus: build
	$(BIN)/python tools/prometheus.py

# How much of aion/ the tests run, in every process that they start; twice as long as they take without.
coverage: build proxies
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(FILES) --ignore tests/e2e
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

# The checks before each commit, from .pre-commit-config.yaml.
hooks: build
	$(BIN)/pre-commit install

# The pages in a second engine.
firefox: build
	@$(BIN)/python tools/browser.py firefox
	$(BIN)/pytest tests/e2e/test_firefox.py

test-page: build
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/node.py node_modules/vitest/vitest.mjs run

check: build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/node.py node_modules/@biomejs/biome/bin/biome check .
	$(BIN)/python tools/node.py node_modules/typescript/bin/tsc --noEmit
	$(BIN)/python tools/reference.py --check
	$(BIN)/python tools/import_graph.py --check
	$(BIN)/python tools/page_size.py

# What trades, with compiled modules as a wheel of AION_COMPILED=1 has them: equal files and ledgers, and its tests; one that
# replaces a method of a compiled class is left out.
compiled: build
	$(BIN)/python tools/compiled.py bench/out/compiled
	$(BIN)/python -m tests.backtest.digest 200 > bench/out/plain.txt
	cd bench/out/compiled && $(CURDIR)/$(BIN)/python -m tests.backtest.digest 200 | diff - ../plain.txt
	cd bench/out/compiled && $(CURDIR)/$(BIN)/python -m pytest tests/backtest tests/bot tests/engine tests/ledger tests/output tests/strategy \
		tests/sweep tests/trading tests/market/test_jump.py -n 2 \
		-p no:cacheprovider --deselect tests/backtest/test_engine.py::test_cost_of_a_bar_does_not_grow_with_history

# The declared bounds: the oldest and the newest packages that they allow, all extras too, each in an environment of its
# own, under what most depends on them: command line, desk, streams, feeds and files. A minute each.
BOUNDED = tests/live/test_event.py tests/live/test_stream.py tests/live/push/test_hub.py tests/web/test_app.py \
	tests/web/test_server.py tests/web/security/test_login.py tests/web/status/test_exposition.py tests/web/log/test_log.py \
	tests/hostile/test_console.py tests/market/importing/test_import.py tests/market/provider/test_stock.py tests/test_extras.py \
	tests/watch/test_alert.py tests/adapter/test_freqtrade.py tests/test_bound.py
lowest: build
	$(BIN)/python tools/bound.py lowest $(BOUNDED)

newest: build
	$(BIN)/python tools/bound.py newest $(BOUNDED)

# The clients as packages: clients/python/dist, clients/js/dist.
clients: build
	cd clients/python && ../../$(BIN)/python -m hatchling build -t wheel -d dist
	mkdir -p clients/js/dist && cd clients/js && npm pack --pack-destination dist

# The adapters with the real programs, each in an environment of its own; some minutes, most of them for installing.
# Then the controls of an attached bot on the real freqtrade, over the desk's API and on the page.
PROGRAMS ?=
adapters: build browser
	$(BIN)/python tools/adapters.py $(PROGRAMS)
	$(if $(PROGRAMS),$(if $(filter freqtrade,$(PROGRAMS)),$(BIN)/python -m tests.attach),$(BIN)/python -m tests.attach)

soak: build
	$(BIN)/python -m tests.live.soak

# Everything that can go wrong, brought about in turn with a verdict each; some minutes.
faults: build
	$(BIN)/python -m tests.fault

# Half an hour of a fast replay with 500 clients that come and go: nothing may grow or get slow.
MINUTES ?= 30
soak-long: build
	$(BIN)/python -m tests.fault.soak --minutes $(MINUTES)

# Every route of the OpenAPI description, asked rightly and wrongly, as everybody there is, then raw bytes; some minutes.
hostile: build
	$(BIN)/python -m tests.hostile

# Known holes in what is locked; needs a registry that answers for advisories, which not every mirror does.
audit: build
	$(PYTHON) -m venv .venv/audit && .venv/audit/bin/pip install -q pip-audit
	.venv/audit/bin/pip-audit --disable-pip --no-deps --strict -r requirements.lock -r deploy/requirements.lock
	cd frontend && npm audit

bench: build
	$(BIN)/python -m bench --write-docs

# A thousand kill -9 at random moments, compared with undisturbed runs; about half an hour.
TIMES ?= 1000
kill: build
	$(BIN)/python -m tests.engine.kill --times $(TIMES)

# Every page by Lighthouse's mobile profile, with the bots trading; below its goals the status is 1. Some minutes.
RUNS ?= 3
lighthouse: build browser
	$(BIN)/python tools/lighthouse.py --runs $(RUNS)

browser: .venv/.dev
	@$(BIN)/python tools/browser.py headless --shell

proxies: .venv/.dev
	@$(BIN)/python tools/proxy.py

# Restarts behind nginx and Caddy under load, and the twenty parallel refreshes, a thousand times; some twenty minutes.
proxy: build proxies
	$(BIN)/python -m tests.proxy --restarts 20 --rounds 1000

# Everything that running needs. A Node of the package registry comes in only where the machine has none.
.venv/.run: requirements.lock $(wildcard tools/lock/*.txt) pyproject.toml hatch_build.py aion/__init__.py
	@echo "aion: preparing .venv (the first time takes a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python tools/install.py requirements.lock
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@echo "aion: installing what tests and checks need"
	@$(BIN)/python tools/install.py requirements-dev.lock
	@touch $@

frontend/node_modules/.sources: frontend/package-lock.json | .venv/.run
	@echo "aion: installing the front end's packages"
	@$(BIN)/python hatch_build.py --install
	@touch $@

aion/web/static/.sources: $(SOURCES) | .venv/.run
	@echo "aion: building the pages"
	@$(BIN)/python hatch_build.py
	@touch $@

# Types alone: the pages are built without them.
$(API_TYPES): tools/api_types.py $(shell find aion -name '*.py') | .venv/.run
	@$(BIN)/python tools/api_types.py

lock:
	for tool in uv build node; do $(BIN)/uv pip compile -q tools/lock/$$tool.in --upgrade --universal --generate-hashes --no-header --no-annotate --python-version 3.11 -o tools/lock/$$tool.txt || exit 1; done
	$(BIN)/uv pip compile -q pyproject.toml --upgrade --universal --generate-hashes --no-header --no-annotate --python-version 3.11 -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --upgrade --group dev -c tools/lock/build.txt --universal --generate-hashes --no-header --no-annotate --python-version 3.11 -o requirements-dev.lock
	$(BIN)/uv pip compile -q pyproject.toml --upgrade --all-extras -c requirements-dev.lock --universal --generate-hashes --no-header --no-annotate --python-version 3.11 -o deploy/requirements.lock

clean:
	rm -rf .venv frontend/node_modules aion/web/static
