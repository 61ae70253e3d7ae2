#!/usr/bin/env bash
# Makes sure that the programs which the tests use for real are there. On Debian
# and Ubuntu missing ones are installed by apt, as root or with sudo, and it says
# so first; elsewhere it names them and fails. With arguments: only these commands.
set -euo pipefail

# command:package. The browser and its driver, the digest and the signatures checked
# by tools that we did not write, a registry and a tool that reads it, a terminal to
# type into, a load generator.
known=(chromium:chromium chromedriver:chromium-driver b3sum:b3sum minisign:minisign docker-registry:docker-registry
  skopeo:skopeo tmux:tmux python3:python3 wrk:wrk)
wanted=("$@")
[[ ${#wanted[@]} -gt 0 ]] || wanted=(chromium chromedriver b3sum minisign docker-registry skopeo tmux python3)

missing=()
for command in "${wanted[@]}"; do
  command -v "$command" >/dev/null && continue
  for entry in "${known[@]}"; do
    [[ ${entry%%:*} == "$command" ]] && missing+=("${entry##*:}")
  done
done
# The pages are looked at with Chinese text in them too.
if [[ $# -eq 0 ]] && command -v fc-list >/dev/null && ! fc-list :lang=zh | grep -q .; then
  missing+=(fonts-noto-cjk)
fi
[[ ${#missing[@]} -gt 0 ]] || exit 0

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
