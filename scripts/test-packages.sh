#!/usr/bin/env bash
# Makes sure that the programs which the tests use for real are there. On Debian
# and Ubuntu missing ones are installed by apt, as root or with sudo, and it says
# so first; elsewhere it names them and fails. With arguments: only these commands.
# Without: also what the browser tests need from npm, in target/test-tools.
set -euo pipefail
cd "$(dirname "$0")/.."

# command:package. The browser and its driver, the digest and the signatures checked
# by tools that we did not write, a registry and a tool that reads it, a terminal to
# type into, a load generator, npm for what has no package,
# a network of the test's own with a certificate in it.
known=(chromium:chromium chromedriver:chromium-driver b3sum:b3sum minisign:minisign docker-registry:docker-registry
  skopeo:skopeo tmux:tmux python3:python3 wrk:wrk npm:npm openssl:openssl ip:iproute2 unshare:util-linux)
# name version sha512 files: what is kept of a package of npm. axe-core looks for what
# shuts people out of a page; the list has texts that made other programs fail; weui is
# the style sheet of WeChat's own pages, which ours are pictured beside.
tools=(
  "axe-core 4.14.1
   1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
   axe.min.js LICENSE"
  "big-list-of-naughty-strings 1.0.0
   5a20be816dfc2a14aa1d1e67990e75976e4292253f5a40c25c55dde91d6ebf209d62b324ef423399c56bad5dc210a535a697763dc658f94b11cff47233bfe330
   blns.json LICENSE"
  "weui 2.6.26
   576b381d534d73bbce171ce597d6f5dddcfd22fb02756f83c6fe756a1712d9a0675fa2c18702724891c10b762846ca703bfa3296d9231ab8bd4d3c89d4570066
   dist/style/weui.min.css LICENSE.txt"
)
folder=target/test-tools

# The tool that is not there as it should be, one after the other.
absent() {
  local tool name version sha512 files
  for tool in "${tools[@]}"; do
    read -r -d '' name version sha512 files <<<"$tool" || true
    [[ -f $folder/$name/$version ]] || echo "$name"
  done
}

# Fetches a tool, refuses any other bytes than those that were looked at, and keeps
# the files of it.
fetch() {
  local name=$1 version=$2 sha512=$3 archive
  shift 3
  local place=$folder/.$name.$$
  rm -rf "$place" && mkdir -p "$place"
  archive=$place/$(cd "$place" && npm pack --silent "$name@$version")
  if ! echo "$sha512  $archive" | sha512sum --check --status; then
    echo "error: $name $version from npm is not what it was when it was chosen (sha512)" >&2
    rm -rf "$place"
    exit 1
  fi
  tar --no-same-owner -xzf "$archive" -C "$place" --strip-components=1 "${@/#/package/}"
  rm "$archive"
  # What says that all of it is there comes last.
  : >"$place/$version"
  rm -rf "${folder:?}/$name" && mv "$place" "$folder/$name"
}

wanted=("$@")
if [[ ${#wanted[@]} -eq 0 ]]; then
  wanted=(chromium chromedriver b3sum minisign docker-registry skopeo tmux python3 openssl ip unshare)
  [[ -z $(absent) ]] || wanted+=(npm)
fi

missing=()
for command in "${wanted[@]}"; do
  command -v "$command" >/dev/null && continue
  for entry in "${known[@]}"; do
    [[ ${entry%%:*} == "$command" ]] && missing+=("${entry##*:}")
  done
done
# The pages are looked at with Chinese and Arabic text in them too.
if [[ $# -eq 0 ]] && command -v fc-list >/dev/null; then
  fc-list :lang=zh | grep -q . || missing+=(fonts-noto-cjk)
  fc-list :lang=ar | grep -q . || missing+=(fonts-noto-core)
fi

if [[ ${#missing[@]} -gt 0 ]]; then
  if ! command -v apt-get >/dev/null; then
    echo "error: the tests need: ${missing[*]}" >&2
    echo "hint: install these programs with your system's package manager, then start again" >&2
    exit 1
  fi
  sudo=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || {
      echo "error: the tests need the packages ${missing[*]}, and installing them needs root" >&2
      echo "hint: run as root: apt-get install ${missing[*]}" >&2
      exit 1
    }
    sudo=(sudo)
  fi
  echo "test packages: installing ${missing[*]} with apt (once)" >&2
  start=$SECONDS
  export DEBIAN_FRONTEND=noninteractive
  "${sudo[@]}" apt-get -qq update
  "${sudo[@]}" apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
  echo "test packages: done after $((SECONDS - start)) s" >&2
fi

[[ $# -eq 0 ]] || exit 0
for tool in "${tools[@]}"; do
  read -r -d '' name version sha512 files <<<"$tool" || true
  [[ -f $folder/$name/$version ]] && continue
  echo "test packages: fetching $name $version from npm (once)" >&2
  read -r -a files <<<"$files"
  fetch "$name" "$version" "$sha512" "${files[@]}"
done
