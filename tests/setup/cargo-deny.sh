#!/usr/bin/env bash
# The checker of licences, sources and duplicate versions: cargo-deny, pinned, built once. Prints its path.
# Installs: $SEALOG_TOOLS/cargo-deny-<version>/bin/cargo-deny (several CPU-minutes). Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

VERSION="0.20.2"
root="$SEALOG_TOOLS/cargo-deny-$VERSION"

lock cargo-deny
if [ ! -x "$root/bin/cargo-deny" ]; then
  say "building cargo-deny $VERSION (several minutes, once)"
  # Its own target folder, outside any clone, so that neither RUSTFLAGS nor a half-built tree of ours gets mixed in.
  building="$(mktemp -d "$SEALOG_TOOLS/cargo-deny.XXXXXX")"
  trap 'rm -rf "$building"' EXIT
  (cd "$building" && env -u RUSTFLAGS -u CARGO_TARGET_DIR cargo install --quiet --locked \
    --version "$VERSION" --root "$root" --target-dir "$building/target" cargo-deny) ||
    die "cargo install cargo-deny $VERSION failed" "check that crates.io (or your mirror) can be reached, then run make again"
fi
printf '%s\n' "$root/bin/cargo-deny"
