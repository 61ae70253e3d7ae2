#!/usr/bin/env bash
# Makes sure that what the bench compares with is there: wasmtime's own command, of
# the release line that mprun is built on. Built from the registry into
# target/peers, once; that takes ten minutes on two cores. A `wasmtime` on the path
# is used as it is.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v wasmtime >/dev/null && exit 0
peers=target/peers
[[ -x $peers/bin/wasmtime ]] && exit 0
version=$(sed -n '/^name = "wasmtime"$/{n;s/^version = "\(.*\)"$/\1/p;}' Cargo.lock)
echo "bench peers: building wasmtime-cli $version into $peers (once, some ten minutes)" >&2
start=$SECONDS
"${CARGO:-cargo}" install --quiet --locked wasmtime-cli --version "$version" --root "$peers" --target-dir "$peers/build" \
  --no-default-features --features run,compile,cranelift,component-model,parallel-compilation,pooling-allocator,wat >&2
rm -rf "$peers/build"
echo "bench peers: done after $((SECONDS - start)) s" >&2
