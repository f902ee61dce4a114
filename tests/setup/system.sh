#!/usr/bin/env bash
# What the operating system must have: a C compiler (ring, zstd), make, python3 with venv, cargo.
# On Debian and Ubuntu, missing packages are installed with apt; cargo never is, because rustup is the user's choice.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

RUST_MINIMUM="1.95"

missing=()
command -v cc >/dev/null || missing+=(build-essential)
command -v make >/dev/null || missing+=(make)
command -v git >/dev/null || missing+=(git)
command -v python3 >/dev/null || missing+=(python3)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)

if [ "${#missing[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null || die "missing: ${missing[*]} (Debian package names), and there is no apt-get here" \
    "install their equivalents with your package manager, then run make again"
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "missing: ${missing[*]}" "run as root: apt-get install -y ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing with apt: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq || say "apt-get update failed; trying with the lists at hand"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null ||
    die "apt could not install: ${missing[*]}" "try: apt-get install -y ${missing[*]}"
fi

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  die "python3 is $(python3 --version 2>&1 | cut -d' ' -f2), 3.11 or newer is needed" "put a newer python3 first on PATH"

command -v cargo >/dev/null || die "cargo is not on PATH; Rust $RUST_MINIMUM or newer is needed" \
  "install: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --component clippy,rustfmt" \
  "then:    . \"\$HOME/.cargo/env\""
rust="$(rustc --version | cut -d' ' -f2)"
oldest="$(printf '%s\n%s\n' "$RUST_MINIMUM" "$rust" | sort -V | head -n1)"
[ "$oldest" = "$RUST_MINIMUM" ] || die "rustc is $rust, $RUST_MINIMUM or newer is needed" "run: rustup update stable"
for part in clippy fmt; do
  cargo "$part" --version >/dev/null 2>&1 || die "cargo $part is missing" "run: rustup component add clippy rustfmt"
done
