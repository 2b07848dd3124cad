# Every target does its own set-up: a virtual environment in .venv, the Python tools, the Rust build.
# The two that matter to a newcomer: `make demo` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Of the long campaigns: `make metamorphic CHECKS=20000 JOBS=1`, `make fuzz MINUTES=5`.
CHECKS  ?= 1000000
SECONDS ?=
MINUTES ?= 60
SEED    ?= 1
JOBS    ?= 2
RUST   := $(wildcard crates/*/src/*.rs crates/*/src/*/*.rs crates/*/src/*/*/*.rs crates/*/Cargo.toml) Cargo.toml
CARGO_TEST_CRATES := -p samyama-graph -p samyama-exec -p samyama-raft -p samyama-bolt -p samyama-server -p samyama-sim
export PATH := $(HOME)/.cargo/bin:$(PATH)
export PYTHONUNBUFFERED := 1

# Every target is a command; none makes a file of its name.
.PHONY: $(shell grep -oE '^[a-z-]+:' $(firstword $(MAKEFILE_LIST)) | tr -d :)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

demo: build ## a real three-process cluster on this machine: writes, a killed leader, a partition; cleans up after itself
	@$(BIN)/samyama demo

test: build ## build everything and run every test that fits a coffee break
	@$(MAKE) --no-print-directory rust-test python-test

verify: build lint test ## the gate, read-only: lints, types, import arrows, tests; what CI runs

rust-test: setup
	@echo "== Rust tests (release profile: one build of the dependencies serves tests, demo and benchmarks)"
	@cargo test --release --quiet $(CARGO_TEST_CRATES)

python-test: build
	@echo "== Python tests"
	@$(BIN)/python -m pytest -m "not long"

lint: build
	@echo "== Formats, lints, types, arrows"
	@cargo fmt --all --check
	@cargo clippy --release --quiet --all-targets $(CARGO_TEST_CRATES) -p samyama-py -- -D warnings
	@$(BIN)/ruff format --quiet --check python tests tools
	@$(BIN)/ruff check --quiet python tests tools
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

fix: setup ## rewrite what a tool can rewrite: formats, lints, golden files, generated references
	@cargo fmt --all
	@$(BIN)/ruff format --quiet python tests tools
	@$(BIN)/ruff check --fix python tests tools
	@$(BIN)/python -m pytest tests/golden tests/features tests/planner tests/tidy tests/transactions/test_conflicts.py --update
	@$(BIN)/python tools/reference_pages.py

BENCH_JSON ?= target/bench.json

bench: build ## the benchmark set: native load generator, fsync on, the disk's own floor beside every durable figure; BENCH_JSON
	@$(BIN)/samyama bench suite --json $(BENCH_JSON)

tck: build ## the openCypher TCK, embedded and over Bolt on three nodes: counts per folder, failing names, JSON reports
	@$(BIN)/python -m tests.tck --adapter embedded
	@$(BIN)/python -m tests.tck --adapter bolt

metamorphic: build ## long: a million checks of the language, against relations and the reference interpreter; CHECKS, SECONDS, SEED, JOBS
	@$(BIN)/python -m tests.metamorphic --checks $(CHECKS) --seed $(SEED) --jobs $(JOBS) --cluster $(if $(SECONDS),--seconds $(SECONDS))

fuzz: build ## long: an hour of texts for the Cypher front end; MINUTES, SEED
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) --seed $(SEED)

unseen: build ## long: random reads of open transactions against random writes of others; CHECKS, SEED
	@$(BIN)/python -m tests.transactions.unseen --checks $(CHECKS) --seed $(SEED)

HISTORIES ?= 100
CHAOS     := target/chaos
LOGS      := target/log

chaos: build ## long: HISTORIES=100 judged histories under faults, partitions, cycle checks, noisy neighbours
	@$(BIN)/python -m tests.chaos.histories --histories $(HISTORIES) --json $(CHAOS)/histories-3.json
	@$(BIN)/python -m tests.chaos.histories --histories $$(( $(HISTORIES) / 4 )) --nodes 5 --json $(CHAOS)/histories-5.json
	@$(BIN)/python -m tests.transactions.cycles --count $$(( $(HISTORIES) / 4 ))
	@$(BIN)/python -m pytest tests/transactions -m long
	@$(BIN)/python -m tests.chaos.partitions --count 20 --json $(CHAOS)/partitions.json
	@$(BIN)/python -m tests.chaos.neighbours --json $(CHAOS)/neighbours.json

failover: build ## long: fifty times kill -9 of the leader under load, on 3 and on 5 nodes, and twenty planned stops
	@$(BIN)/python -m tests.chaos.failover --nodes 3 --kills 50 --stops 20 --json $(CHAOS)/failover-3.json
	@$(BIN)/python -m tests.chaos.failover --nodes 5 --kills 50 --stops 20 --json $(CHAOS)/failover-5.json

log: build ## long: every crash state, flipped bits, torn tails; 200 kills of a node; snapshots of a million nodes under writes
	@mkdir -p $(LOGS)
	@cargo test --release --quiet -p samyama-raft --lib log:: -- --nocapture
	@$(BIN)/python -m tests.log.kills --kills 200 --json $(LOGS)/kills.json
	@$(BIN)/python -m tests.log.snapshots --json $(LOGS)/snapshots.json

rebuild: build ## long: a wiped follower of a million nodes and three million relationships is rebuilt under a new id, under writes
	@mkdir -p $(CHAOS)
	@$(BIN)/python -m tests.members.rebuild --json $(CHAOS)/rebuild.json

drivers: build ## the official Python (6 and 5) and JavaScript drivers, fetched, against one node and three
	@SAMYAMA_DRIVERS=required $(BIN)/python -m pytest tests/drivers -m "not long"

drivers-all: build ## the same with Java and Go as well (needs mvn, java and go)
	@SAMYAMA_DRIVERS=required $(BIN)/python -m pytest tests/drivers -m "long or not long"

sim: setup ## 200 whole clusters in virtual time, each under a seed, broken in every way; some twice, to compare the traces
	@cargo run --release --quiet -p samyama-sim -- --seeds 200

docs: build ## the documents for users: every block is run, every generated page is compared with its source
	@$(BIN)/python -m pytest tests/docs

wheel: setup ## the wheel that is shipped, in dist/
	@$(BIN)/maturin build --profile wheel --out dist

setup: $(VENV)/.stamp

$(VENV)/.stamp: pyproject.toml
	@command -v cargo >/dev/null || { echo "A Rust toolchain is needed: https://rustup.rs"; exit 1; }
	@echo "== Setting up $(VENV) (Python tools, pinned in pyproject.toml)"
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed"'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["dev"]))' > $(VENV)/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/requirements.txt
	@touch $@

build: $(VENV)/.stamp
	@echo "== Building the engine (release; a few minutes the first time, seconds after)"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release --quiet

clean: ## remove everything that was built
	@rm -rf $(VENV) target dist python/samyama/*.so
