# Each target sets up what it needs. Tools are kept outside the clone, in $SEALOG_TOOLS
# (default: ~/.cache/sealog/tools); CARGO_TARGET_DIR is honoured.

# bash: the scripts and the pipes below rely on it.
SHELL := bash
TARGET := $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help demo test simulate lint lint-deploy advisories bench clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Build sealog, then seal, verify and tamper with a simulated bank's ledger, without AWS (leaves ./sealog-demo)
	@echo "demo: needs cargo (Rust 1.95 or newer) and a C compiler; the first build takes some minutes, then seconds"
	@tests/setup/system.sh build
	cargo build --release --locked -p sealog
	@rm -rf sealog-demo
	"$(TARGET)/release/sealog" demo --out sealog-demo

test: ## Install what the tests need (apt, pip, go), run everything, and count
	@echo "test: needs cargo, a C compiler, python3 and go; what is missing is installed or named"
	@tests/setup/test.sh

# A release build: an hour of seeds in some minutes.
SEEDS := 10000
simulate: ## Play seeds: the whole pipeline against a service and a store that fail (SEEDS=10000)
	@tests/setup/system.sh build
	cargo run --release --locked --quiet -p sealog-simulation --bin simulate -- --seeds $(SEEDS)

lint: ## Format, clippy, documentation, licences, house rules
	@tests/setup/lint.sh

lint-deploy: ## Every file of deploy/, read by the tool that its users would run
	@tests/setup/system.sh tests
	cargo build --locked --workspace --bin sealog
	SEALOG_DEPLOY_TOOLS="$$(tests/setup/deploy.sh)" PYTHONDONTWRITEBYTECODE=1 "$$(tests/setup/venv.sh)" \
	  tests/deploy/lint_deploy.py --sealog "$(TARGET)/debug/sealog"

# The RustSec database lies on GitHub, which CI cannot reach; so this one is for a desk, and not part of `lint`.
advisories: ## Known vulnerabilities in dependencies (needs GitHub)
	@deny="$$(tests/setup/cargo-deny.sh)" && "$$deny" check advisories

bench: ## Records and bytes a second, per core
	@tests/setup/system.sh tests
	cargo build --release --locked -p sealog
	export SEALOG_GUESTS_OUT="$$(tests/bench/guests.sh "$(TARGET)/release/sealog")" SEALOG_PYTHON="$$(tests/setup/venv.sh)" SEALOG_VERSITYGW="$$(tests/setup/versitygw.sh)" SEALOG_LAKE="$$(tests/setup/lake.sh)" \
	  SEALOG_MINIO="$$(tests/setup/minio.sh)" SEALOG_TOXIPROXY="$$(tests/setup/toxiproxy.sh)" && \
	  tests/setup/with-servers.sh cargo bench --locked --workspace --bench '*'
	PYTHONDONTWRITEBYTECODE=1 "$$(tests/setup/venv.sh)" tests/bench/end_to_end.py --sealog "$(TARGET)/release/sealog"
	PYTHONDONTWRITEBYTECODE=1 "$$(tests/setup/venv.sh)" tests/bench/start.py --sealog "$(TARGET)/release/sealog"

clean: ## Remove what was built in this clone (the tools outside stay)
	rm -rf target sealog-demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
