#!/usr/bin/env bash
# Decides which compiler builds mini-programs (target wasm32-unknown-unknown), preparing one if need be.
#
# stdout, one line:  `rustup`   the ordinary rustc has the target: nothing to set
#               or   a path     use it as RUSTC (plain `cargo build --target wasm32-unknown-unknown`)
# stderr: each step and the seconds since the start; nothing when there was nothing to do. Failure: exit 1.
#
# In this order:
#   1. the ordinary rustc already has the target;
#   2. a compiler prepared by an earlier run is in the cache (works offline; to renew it, delete its folder);
#   3. `rustup target add` gets the target, within a minute;
#   4. on Debian: its packages rustc-web and rust-web-src are a recent rustc and the matching library source.
#      They are unpacked into the cache, and the library is built from source for the target;
#   5. otherwise it says what to do, and fails.
#
# It refuses to install packages, to need root and to name a version: Debian moves rustc-web with its security
# updates, so whatever version is on offer is used. It refuses to keep a compiler that cannot link, or whose
# library carries a path of this machine: both would only show much later, in somebody's program.
#
# Where it puts things: ${MPRUN_CACHE:-${XDG_CACHE_HOME:-~/.cache}/mprun}/toolchain
set -euo pipefail

target=wasm32-unknown-unknown
cache=${MPRUN_CACHE:-${XDG_CACHE_HOME:-${HOME:?is not set: set it, or MPRUN_CACHE}/.cache}/mprun}
[[ $cache == /* ]] || cache=$PWD/$cache
home=$cache/toolchain/debian        # the finished compiler: appears by a rename, so it is whole or absent
new=$home.new                       # where it is made; only the holder of the lock touches it

say() { printf 'guest compiler: %s (%ss)\n' "$1" "$SECONDS" >&2; }
die() { # die <what happened> <hint>
  printf 'error: guest compiler: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}
by_hand="run \`rustup target add $target\` where the server of rustup can be reached, then start again"

# Everything below looks at the toolchain that is there; rustup must not start fetching another one unasked.
export RUSTUP_AUTO_INSTALL=0
ordinary=$(rustc --print sysroot) ||
  die "no working rustc" "install Rust (https://rustup.rs), then run \`rustup target add $target\`"
has_target() { compgen -G "$ordinary/lib/rustlib/$target/lib/libcore-*.rlib" >/dev/null; }

# --- 1 and 2: what is already there -------------------------------------------------------------------------
if has_target; then echo rustup; exit; fi

# The prepared compiler links with the ordinary toolchain's rust-lld (Debian's rustc brings none), so its stamp
# names that toolchain. Running its own rustc, not rustup's stand-in, keeps this quick.
version=$("$ordinary/bin/rustc" -vV) || die "$ordinary/bin/rustc does not run" "$by_hand"
host=$(sed -n 's/^host: //p' <<<"$version")
lld=$ordinary/lib/rustlib/$host/bin/rust-lld
stamp="1 $ordinary $version"        # raise the number when a compiler made by an older script will not do
# The link is looked through: a removed toolchain makes the prepared compiler invalid.
valid() { [[ -x $home/usr/lib/rustlib/$host/bin/rust-lld && "$(cat "$home/stamp" 2>/dev/null)" == "$stamp" ]]; }
if valid; then echo "$home/bin/rustc"; exit; fi

# --- 3: rustup ----------------------------------------------------------------------------------------------
# Not tried when a prepared compiler only needs to be linked anew (see below). `timeout` is missing on macOS.
if [[ ! -e $home/stamp ]] && command -v rustup >/dev/null; then
  say "rustup target add $target"
  if $(command -v timeout >/dev/null && echo timeout -k 5 60) rustup target add "$target" </dev/null >&2 2>/dev/null &&
    has_target; then
    say "ready: the ordinary compiler has the target"
    echo rustup
    exit
  fi
  say "rustup could not get it"
fi

# --- 4: Debian's packages -----------------------------------------------------------------------------------
for tool in apt-get dpkg-deb; do
  command -v $tool >/dev/null || die "rustup could not get $target, and without $tool there is no other way" "$by_hand"
done
for tool in tar flock cargo; do
  command -v $tool >/dev/null || die "$tool is missing" "install $tool, or $by_hand"
done
command -v cc >/dev/null || die "cc is missing: macros and build scripts cannot be linked" "apt-get install gcc libc6-dev"
[[ -x $lld ]] || die "the ordinary toolchain has no rust-lld ($lld)" "install Rust with rustup (https://rustup.rs), or $by_hand"

mkdir -p "$cache/toolchain"
exec 9>"$cache/toolchain/lock"      # children inherit it: what a killed run left running still keeps others out
flock -n 9 || { say "waiting for another run"; flock 9; }
if valid; then echo "$home/bin/rustc"; exit; fi

# Links rust-lld into $1 and proves that programs (with LTO) and macros can be built; then, and only then, stamps.
finish() {
  local bin=$1/usr/lib/rustlib/$host/bin check=$1/check
  mkdir -p "$bin" "$check"
  ln -sfn "$lld" "$bin/rust-lld"    # a link, as rust-lld finds its libLLVM beside its real place
  echo '#[no_mangle] pub fn f() -> String { std::env::args().collect() }' |
    "$1/bin/rustc" - --target "$target" --crate-type cdylib -O -Clto=fat -Cpanic=abort -o "$check/guest" &&
    echo 'fn main() {}' | "$1/bin/rustc" - -o "$check/host" && "$check/host" ||
    die "the prepared compiler does not work" "delete $home and start again, or $by_hand"
  rm -r "$check"
  printf '%s\n' "$stamp" >"$1/stamp.new" && mv "$1/stamp.new" "$1/stamp"
}

if [[ -e $home/stamp ]]; then       # made by an earlier run, but the ordinary toolchain has changed since
  say "linking to $lld"
  finish "$home"
  echo "$home/bin/rustc"
  exit
fi

rm -rf "$new" "$home"
trap 'rm -rf "$new"' EXIT
mkdir -p "$new/apt/lists/partial" "$new/apt/cache/archives/partial" "$new/deb" "$new/bin" "$new/build/src"
new=$(cd "$new" && pwd -P)          # the name rustc will see, for the remapping below
cd "$new/deb"

# apt, on the machine's own sources and settings, but with its own lists and cache: no lock, no root, nothing
# installed. The settings are copied without the hooks (such as cleaning /var/cache): those are for real updates.
apt-config dump | grep -v -e '-Invoke' >"$new/apt/conf"
cat >>"$new/apt/conf" <<CONF
Dir::Etc::Main "/dev/null"; Dir::Etc::Parts "/dev/null";
Dir::State::Lists "$new/apt/lists"; Dir::Cache "$new/apt/cache";
Debug::NoLocking "1"; APT::Sandbox::User "$(id -un)"; Acquire::Languages "none";
Acquire::Retries "2"; Acquire::http::Timeout "30"; Acquire::https::Timeout "30";
CONF
export APT_CONFIG=$new/apt/conf
say "reading Debian's package lists"
apt-get -qq update >&2 || say "some lists could not be read; going on with the others"
# What a compiler of its own needs even where it is installed already, and the libraries this machine lacks.
# Never libc: a second one beside the machine's own loader crashes everything.
everything=$(apt-cache depends --recurse --important rustc-web rust-web-src 2>/dev/null) ||
  die "this machine's package sources have no rustc-web and rust-web-src" "$by_hand"
lacking=$(apt-get -qq --no-install-recommends --print-uris install rustc-web rust-web-src 2>/dev/null || true)
mapfile -t packages < <({
  grep -E '^(rustc-web|rust-web-src|libstd-rust-web|libllvm)' <<<"$everything" || true
  sed -nE "s/^'[^']*' (lib[^_]*)_.*/\1/p" <<<"$lacking" | grep -vE '^libc(6|-)' || true
} | sort -u)
say "downloading Debian's rustc-web (about 150 MB): ${packages[*]}"
apt-get -qq download "${packages[@]}" >&2 || die "the download failed" "start again, or $by_hand"

say "unpacking"
for deb in *.deb; do                # of the source package, the library alone: the rest is 400 MB
  only=(); [[ $deb != rust-web-src_* ]] || only=(--wildcards './usr/src/*/library' './usr/lib/rustlib/src')
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$new" "${only[@]}"
  rm "$deb"
done
libs=$(cd "$new" && dirname usr/lib/*/librustc_driver-*.so)
cat >"$new/bin/rustc" <<WRAPPER
#!/bin/sh
here=\$(cd -- "\${0%/*}/.." && pwd -P)
export LD_LIBRARY_PATH="\$here/$libs:\$here/${libs#usr/}\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
exec "\$here/usr/bin/rustc" "\$@"
WRAPPER
chmod +x "$new/bin/rustc"
debian=$("$new/bin/rustc" -vV) || die "Debian's rustc does not run on this machine" "$by_hand"

# The library, as rustup ships it: bitcode for LTO, and sources named /rustc/<commit>/library wherever they lay.
# Its dependencies come vendored with the source, so this needs no registry. The flags of the user's own
# environment and configuration are overruled: they must not change what everybody's programs contain.
say "building the standard library of $(head -1 <<<"$debian") for $target"
library=$new/usr/lib/rustlib/src/rust/library      # cargo's name for it, through a link into usr/src;
real=$(cd "$library" && pwd -P)                    # as the working directory of rustc it has its real name
commit=$(sed -n 's/^commit-hash: //p' <<<"$debian")
[[ $commit != unknown ]] || commit=$(sed -n 's/^release: //p' <<<"$debian")
cd "$new/build"
printf '[package]\nname = "std-for-guests"\nedition = "2021"\n[workspace]\n' >Cargo.toml
: >src/lib.rs
env -u RUSTC_WRAPPER -u RUSTC_WORKSPACE_WRAPPER RUSTC="$new/bin/rustc" RUSTC_BOOTSTRAP=1 \
  CARGO_ENCODED_RUSTFLAGS="$(printf -- '-Cembed-bitcode=yes\x1f--remap-path-prefix=%s=%s\x1f--remap-path-prefix=%s=%s' \
    "$library" "/rustc/$commit/library" "$real" "/rustc/$commit/library")" \
  CARGO_TARGET_DIR="$new/build/target" CARGO_BUILD_BUILD_DIR="$new/build/target" CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
  "$([[ -x $ordinary/bin/cargo ]] && echo "$ordinary/bin/cargo" || echo cargo)" build -q -Zbuild-std=std,panic_abort \
  --target "$target" --release --config 'source.crates-io.replace-with="vendored"' \
  --config "source.vendored.directory=\"$library/vendor\"" >&2 ||
  die "Debian's library source did not build" "a newer cargo may help (\`rustup update\`), or $by_hand"
mkdir -p "$new/usr/lib/rustlib/$target/lib"
cp target/"$target"/release/deps/*.rlib "$new/usr/lib/rustlib/$target/lib/"
rm "$new/usr/lib/rustlib/$target/lib"/libstd_for_guests-*
! grep -qrF -e "$new" "$new/usr/lib/rustlib/$target" || 
  die "the built library contains a path of this machine" "please report this; until it is mended, $by_hand"

say "checking it"
cd "$cache"
rm -rf "$new"/{apt,deb,build} "$new"/usr/{src,share,lib/rustlib/src}
finish "$new"
mv "$new" "$home"
say "ready: $(head -1 <<<"$debian"), $(du -sm "$home" | cut -f1) MB in $home"
echo "$home/bin/rustc"
