#!/usr/bin/env bash
# Looks for input that breaks a reader: builds one target of tests/fuzz with libFuzzer and runs it for some seconds,
# beginning with the seeds that are kept there.
#
#   scripts/fuzz.sh TARGET [SECONDS]       TARGET: a file of tests/fuzz/targets; SECONDS: 600 if not given
#
# stdout: what libFuzzer says, without its single steps, and its numbers at the end. A finding ends it with exit 1; the
# input that shows it is kept. Nothing is installed; the crates of tests/fuzz/Cargo.lock are fetched by cargo.
set -euo pipefail
cd "$(dirname "$0")/.."

die() { # die <what happened> <hint>
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}
fuzz=tests/fuzz
target=${1:-}
seconds=${2:-600}
targets=$(cd $fuzz/targets && printf '%s ' *.rs | sed 's/\.rs//g')
[[ -n $target && -f $fuzz/targets/$target.rs ]] || die "there is no target \`$target\`" "targets are: $targets"
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "expected a number of seconds, got \`$seconds\`" "scripts/fuzz.sh $target 600"
command -v "${CXX:-c++}" >/dev/null || die "libFuzzer is written in C++, and there is no compiler for it" "apt-get install g++"

# libFuzzer learns from counters in the code (which part of it ran, what was compared with what). With `--target`,
# macros and build scripts are built without them. Sums that overflow and assertions of our own are findings.
host=$(rustc -vV | sed -n 's/^host: //p')
sanitizer="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
for option in inline-8bit-counters pc-table trace-compares; do
  sanitizer+=" -Cllvm-args=-sanitizer-coverage-$option"
done
export RUSTFLAGS="$sanitizer -Ccodegen-units=1 -Cdebug-assertions=yes -Coverflow-checks=yes --cfg fuzzing"

scratch=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
echo "fuzz: building \`$target\`" >&2
cargo build --quiet --locked --release --manifest-path $fuzz/Cargo.toml --bin "$target" --target "$host" \
  --target-dir "$scratch/build"

corpus=$scratch/corpus/$target
findings=$scratch/findings/$target
log=$scratch/$target.log
mkdir -p "$corpus" "$findings"
echo "fuzz: looking for $seconds s (all of it: $log)" >&2
status=0
"$scratch/build/$host/release/$target" "$corpus" "$fuzz/seeds/$target" -dict="$fuzz/$target.dict" -max_len=16384 \
  -timeout=10 -rss_limit_mb=2048 -max_total_time="$seconds" -print_final_stats=1 -print_funcs=0 -artifact_prefix="$findings/" 2>&1 |
  tee "$log" | { grep --line-buffered -vE '^#[0-9]+[[:space:]]+(NEW|REDUCE|RELOAD)|^######|# Uses: [0-9]+$' || true; } ||
  status=$?

if [[ $status -ne 0 ]]; then
  found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
  die "\`$target\` has a finding: ${found:-see $log}" \
    "run it again: $scratch/build/$host/release/$target ${found:-FILE}; when it is mended, keep it in $fuzz/seeds/$target"
fi
echo "fuzz: no finding in \`$target\` within $seconds s"
