# Everything a contributor does, in one word each. `make help` lists them.
#
# `run` and `test` prepare what they need: the guest compiler goes into a cache
# folder (nothing is installed), only `test` may install Debian packages, and
# says so first.

LISTEN ?= 127.0.0.1:7878
CARGO ?= cargo
MPRUN = target/release/mprun
SAMPLES = hello coffee gallery
BUNDLES = $(SAMPLES:%=dist/%.wasm)
FUZZ_SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help run test pictures check bench fuzz samples toolchain release clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: samples ## build everything and serve the samples on http://127.0.0.1:7878
	$(MPRUN) serve --dev $(BUNDLES) --listen $(LISTEN)

samples: toolchain release ## build the mini-programs of samples/ into dist/
	@for sample in $(SAMPLES); do $(MPRUN) build samples/$$sample -o dist/$$sample.wasm || exit 1; done

test: toolchain ## all tests, with everything that they need
	@scripts/test-packages.sh
	$(CARGO) test --locked --workspace --no-fail-fast

pictures: toolchain ## every page of the samples in every way, and some beside WeUI, in target/pictures
	@scripts/test-packages.sh
	$(CARGO) build --locked -p mprun
	$(CARGO) test --locked -p mprun-tests -- --ignored --exact --nocapture \
	  live::looks::every_page_in_every_way_as_a_picture live::looks::pages_beside_the_same_in_weui_as_a_picture

check: ## what CI refuses before it runs a test: format, lints, dependencies
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	@# Advisories need the network; CI asks for them every night (ci.yml).
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --log-level error check bans licenses sources; \
	else echo "note: cargo-deny is not installed, dependencies are not checked (cargo install cargo-deny)"; fi

bench: toolchain ## what it costs, beside others in one run; needs Node, and builds wasmtime once (a quarter of an hour)
	@scripts/test-packages.sh wrk
	@scripts/bench-peers.sh
	$(CARGO) build --locked --release -p mprun -p mprun-bench
	target/release/mprun-bench

fuzz: ## look for input that breaks a reader, FUZZ_SECONDS for each (600); needs a C++ compiler
	@for target in bundle trust frame patch; do scripts/fuzz.sh $$target $(FUZZ_SECONDS) || exit 1; done

toolchain:
	@scripts/guest-toolchain.sh >/dev/null

release:
	@[ -x $(MPRUN) ] || echo "building mprun; the first time takes some minutes" >&2
	$(CARGO) build --locked --release -p mprun

clean: ## remove everything that was built here (the guest compiler's cache stays)
	$(CARGO) clean
	rm -rf dist
