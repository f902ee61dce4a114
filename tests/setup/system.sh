#!/usr/bin/env bash
# What the operating system must have. `system.sh build`: make, a C compiler (ring, zstd), cargo. `system.sh tests`:
# also a C++ compiler (libFuzzer), python3 with venv, patch, and strace. On Debian and Ubuntu, missing packages are installed with apt; Rust never is, because rustup is
# the user's choice.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

RUST_MINIMUM="1.95"

missing=()
command -v cc >/dev/null || missing+=(build-essential)
command -v make >/dev/null || missing+=(make)
if [ "${1:-build}" = tests ]; then
  command -v c++ >/dev/null || missing+=(g++)
  command -v python3 >/dev/null || missing+=(python3)
  command -v patch >/dev/null || missing+=(patch)
  python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
  # Shows in which order an archive in a directory is flushed to the disk.
  command -v strace >/dev/null || missing+=(strace)
fi
[ "${#missing[@]}" -eq 0 ] || apt_install "${missing[@]}"

if [ "${1:-build}" = tests ]; then
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "python3 is $(python3 --version 2>&1 | cut -d' ' -f2), 3.11 or newer is needed" "put a newer python3 first on PATH"
fi

command -v cargo >/dev/null || die "cargo is not on PATH; Rust $RUST_MINIMUM or newer is needed" \
  "install: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --component clippy,rustfmt" \
  "then:    . \"\$HOME/.cargo/env\""
rust="$(rustc --version | cut -d' ' -f2)"
[ "$(printf '%s\n%s\n' "$RUST_MINIMUM" "$rust" | sort -V | head -n1)" = "$RUST_MINIMUM" ] ||
  die "rustc is $rust, $RUST_MINIMUM or newer is needed" "run: rustup update stable"
