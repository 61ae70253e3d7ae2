#!/usr/bin/env bash
# Makes sure that what the bench compares with is there, all of it in target/peers, each thing once, saying so first:
#
#   bin/wasmtime   wasmtime's own command, of the release line that mprun is built on, from the crates registry; that
#                  takes a quarter of an hour on two cores. One on the path that can `serve` is used as it is.
#   react/         React for Node, from npm, as bench/peers/react/package-lock.json has it
#   workerd/       workerd, from npm, as bench/peers/workerd/package-lock.json has it
#   wasi-http/     bench/peers/wasi-http, compiled for the sandbox, for `wasmtime serve`
#
# Nothing of what is installed runs code of its own while it is installed. Node has to be there: nothing is installed
# outside of target/. Exit 1 with what to do where something is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'bench peers: %s\n' "$1" >&2; }
die() { # die <what happened> <hint>
  printf 'error: bench peers: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}
peers=$PWD/target/peers
cargo=${CARGO:-cargo}
for tool in node npm; do
  command -v $tool >/dev/null || die "there is no $tool" "install Node 20 or newer (apt-get install nodejs npm)"
done

# --- wasmtime -----------------------------------------------------------------------------------------------
serves() { command -v "$1" >/dev/null && "$1" serve --help >/dev/null 2>&1; }
if ! serves "$peers/bin/wasmtime" && ! serves wasmtime; then
  version=$(sed -n '/^name = "wasmtime"$/{n;s/^version = "\(.*\)"$/\1/p;}' Cargo.lock)
  say "building wasmtime-cli $version into target/peers (once, some fifteen minutes)"
  start=$SECONDS
  # Without component-model-async `serve` does not compile, although it needs none of it here.
  "$cargo" install --quiet --locked --force wasmtime-cli --version "$version" --root "$peers" \
    --target-dir "$peers/build" --no-default-features --features \
    run,serve,compile,cranelift,component-model,component-model-async,parallel-compilation,pooling-allocator,wat >&2
  rm -rf "$peers/build"
  say "wasmtime-cli is there after $((SECONDS - start)) s"
fi

# --- React and workerd --------------------------------------------------------------------------------------
for peer in react workerd; do
  # The copy of the lock file is made last: it stands for a whole folder.
  cmp --quiet "bench/peers/$peer/package-lock.json" "$peers/$peer/installed.json" && continue
  say "installing $peer from npm into target/peers/$peer (once)"
  rm -rf "${peers:?}/$peer"
  mkdir -p "$peers/$peer"
  cp "bench/peers/$peer/package.json" "bench/peers/$peer/package-lock.json" "$peers/$peer/"
  (cd "$peers/$peer" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    die "npm could not install $peer" "npm says why above"
  cp "bench/peers/$peer/package-lock.json" "$peers/$peer/installed.json"
done

# --- the component ------------------------------------------------------------------------------------------
# Whoever builds mini-programs builds this too; the flags of the user's environment are not its own.
rustc=$(scripts/guest-toolchain.sh)
compiler=()
[[ $rustc == rustup ]] || compiler=("RUSTC=$rustc")
[[ -d $peers/wasi-http ]] || say "building the wasi:http component into target/peers/wasi-http (once)"
env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET -u RUSTC_WRAPPER "${compiler[@]}" "$cargo" build \
  --quiet --locked --release --manifest-path bench/peers/wasi-http/Cargo.toml --target wasm32-unknown-unknown \
  --target-dir "$peers/wasi-http"
