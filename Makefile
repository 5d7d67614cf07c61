# Every target is a line or two; CI runs the same ones (.ci/run).
.PHONY: build test lint fmt audit setup-clients live census policies

build:
	cargo build --release

test:
	cargo test

# cargo-deny does not look at `examples/`: nothing of it is linked into the program or shipped, and its libraries are the
# users' choice. `allow` in deny.toml would have to hold licences that the program has no use for.
lint: cargo-deny
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --all-targets -- -D warnings
	cargo deny --workspace check licenses bans sources

fmt:
	cargo fmt --all

# Advisories change by the day, so they are no part of `lint`.
audit: cargo-deny
	cargo deny --workspace check advisories

# The client programs of `shakedown survey` that Debian or pip has; only what is missing.
setup-clients:
	.ci/setup-clients

# Measures which suites the built-in stacks complete and writes scenarios/live.txt. Review the difference.
live:
	SHAKEDOWN_WRITE_LIVE=1 cargo test --test live

# Counts the cases and writes scenarios/census.txt. Review the difference.
census:
	SHAKEDOWN_WRITE_CENSUS=1 cargo test --test census

# Writes scenarios/policies/ from harness/data/aws-policies.json. Review the difference.
policies:
	SHAKEDOWN_WRITE_POLICIES=1 cargo test --test policies the_files_are

# `serve` under load: 10 000 idle connections per stack, 1 000 000 first records of nonsense. A minute; needs 11 000 open files.
.PHONY: soak
soak:
	SHAKEDOWN_SOAK_CONNECTIONS=10000 SHAKEDOWN_SOAK_RECORDS=1000000 SHAKEDOWN_SOAK_SOCKETS=20000 cargo test --test serve soak -- --nocapture

# Every policy on every stack beside the oracle: no unexplained difference, every cell accounted for.
.PHONY: matrix matrix-caps
matrix:
	cargo run --release -- matrix

# Measures what the stacks cannot express and writes scenarios/matrix.txt. Review the difference.
matrix-caps:
	cargo run -- matrix --print-caps > matrix.txt.new && mv matrix.txt.new scenarios/matrix.txt

# Fuzzing (fuzz/README.md). SAN=address for AddressSanitizer, SEED= for libFuzzer's seed.
SAN ?= none
SEED ?= 1
TIME ?= 30
BUDGET ?= 60
CAMPAIGN = python3 fuzz/campaign.py --san $(SAN) --seed $(SEED)
FAULTY = cargo test --features faults
.PHONY: setup-fuzz fuzz-seeds fuzz fuzz-all fuzz-smoke fuzz-faults fuzz-control fuzz-triage fuzz-min fuzz-cov fuzz-edges faults

# cargo-fuzz, and from Debian clang-19 and llvm-19, without which the C libraries are built blind. Nightly Rust is up to you.
setup-fuzz:
	.ci/setup-fuzz

# Writes fuzz/seeds, fuzz/targets.json, fuzz/faults.json and fuzz/tls.dict. Review the difference.
fuzz-seeds:
	SHAKEDOWN_WRITE_SEEDS=1 cargo test --test fuzzing committed

# One target: make fuzz TARGET=server_bytes TIME=60
fuzz:
	$(CAMPAIGN) run $(TARGET) --time $(TIME)

# Every target in turn, beside the committed baseline.
fuzz-all:
	$(CAMPAIGN) all --time $(TIME)

# Every target for ten seconds, from the committed inputs: what CI runs.
fuzz-smoke:
	$(CAMPAIGN) all --time 10 --smoke

# Every planted fault with three seeds; goes on where it stopped.
fuzz-faults:
	$(CAMPAIGN) faults --budget $(BUDGET)

# Half an hour without a fault: nothing may be found.
fuzz-control:
	$(CAMPAIGN) control

fuzz-triage:
	$(CAMPAIGN) triage

fuzz-min:
	$(CAMPAIGN) min $(TARGET)

fuzz-cov:
	$(CAMPAIGN) cov $(TARGET)

fuzz-edges:
	$(CAMPAIGN) edges

# Handshakes by stack, version, key exchange and certificate, and refusals: client's time, server's, both; and the harness's own
# parts. QUICK=1 for a moment of each.
.PHONY: bench bench-direct
bench:
	cargo bench --bench handshake --bench parts

# Instructions of every handshake (callgrind) against benches/instructions.txt: some minutes.
.PHONY: setup-bench bench-instructions bench-golden
setup-bench:
	.ci/setup-bench

bench-instructions: setup-bench
	cargo bench --bench instructions

# Writes benches/golden.txt, which `cargo test --test golden` compares, and benches/instructions.txt. Review the difference.
bench-golden: setup-bench
	SHAKEDOWN_WRITE_GOLDEN=1 cargo test --test golden
	SHAKEDOWN_WRITE_GOLDEN=1 cargo bench --bench instructions

# Handshakes beside their primitives alone.
.PHONY: bench-floor bench-report
bench-floor:
	cargo bench --bench floor

# All that is compared, in turns: docs/benchmarks.md and its plots. Ten minutes.
bench-report: setup-bench
	cargo bench --bench report

# What our trait costs: the same handshake with each library driven directly, alternating.
bench-direct:
	cargo bench --bench direct

# What the oracles of the fuzz targets cost beside the work itself.
.PHONY: bench-fuzz
bench-fuzz:
	cargo bench --bench fuzz_targets

# The witnesses of the planted faults; and that the unit tests of codec and parser do not see theirs.
faults:
	$(FAULTY) --test faults
	SHAKEDOWN_FAULT=F13 $(FAULTY) --lib wire::
	SHAKEDOWN_FAULT=F16 $(FAULTY) --lib policy::

# Without optimisation it is built in about half the time.
.PHONY: cargo-deny
cargo-deny:
	@command -v cargo-deny >/dev/null || { echo 'make: cargo-deny is missing; building it takes a few minutes' >&2; cargo install cargo-deny --locked --debug; }

# Clients of others that are tested with shakedown-mock. One by one: Cargo would unify their features.
.PHONY: setup-examples examples
setup-examples:
	.ci/setup-examples

examples:
	.ci/examples

# The scanners and the server that `scan` is compared with; only what is missing.
.PHONY: setup-scan-peers bench-scan
setup-scan-peers:
	.ci/setup-scan-peers

# Suites found and time taken by `scan` and four other scanners, against an openssl s_server that allows everything.
bench-scan: build
	benches/scan-peers target/release/shakedown
