#!/usr/bin/env bash
# Installs packages of Debian or Ubuntu, for tests that need a program which npm does not have. Says nothing, and takes
# no time, where they are installed. `.ci/debian.sh PACKAGE…`
#
# Fails where they cannot be installed: another system, not root, no network. The tests then say what they lack.
set -uo pipefail

missing=()
for package in "$@"; do
  [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "not installed, since there is no apt-get: ${missing[*]}" >&2
  exit 1
fi
as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo -n)
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  rm -f "$log"
  exit 1
fi
rm -f "$log"
