#!/usr/bin/env bash
# The toolchains that compile filters in Rust, C, Go, JavaScript and Python to WebAssembly, pinned. Prints the folder
# that SEALOG_GUESTS has to name for `sealog filter build`.
# Installs into $SEALOG_TOOLS/guests, package registries only: a wasm32 standard library for Rust where rustup has none
# (Debian's rustc-web and rust-web-src, the linker and the cargo of the Rust that is there; two CPU-minutes), componentize-py
# and zig from PyPI, jco from npm. Go is taken from PATH. Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

COMPONENTIZE_PY=0.25.1
ZIGLANG=0.17.1
JCO=1.35.0
GO_MINIMUM=1.25

guests="$SEALOG_TOOLS/guests"
mkdir -p "$guests/rust/bin"
lock guests

# 1. Rust: nothing to do where the user's own toolchain has the target.
host="$(rustc -vV | sed -n 's/^host: //p')"
rust_std() {
  local sysroot="$guests/rust" seed="$guests/rust-seed" cargo linker
  [ -x /usr/bin/rustc ] && [ -d /usr/lib/rustlib/src/rust/library/std ] || apt_install rustc-web rust-web-src
  # The linker and the cargo of the toolchain that builds Sealog: they need no particular std.
  linker="$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld"
  [ -x "$linker" ] || die "no rust-lld in $(rustc --print sysroot)" "run: rustup update stable"
  cargo="$(rustup which cargo 2>/dev/null || command -v cargo)"
  say "building Rust's standard library for wasm32 (two minutes, once)"
  rm -rf "$seed" "$sysroot"
  mkdir -p "$seed/src" "$sysroot/bin" "$sysroot/lib/rustlib/wasm32-unknown-unknown/lib"
  printf '[package]\nname = "seed"\nversion = "0.0.0"\nedition = "2024"\n[profile.release]\nopt-level = 3\npanic = "abort"\n[workspace]\n' >"$seed/Cargo.toml"
  : >"$seed/src/lib.rs"
  # Its own paths must not depend on where it was built, or no filter could be rebuilt to the same bytes elsewhere.
  (
    cd "$seed"
    RUSTFLAGS="-Cembed-bitcode=yes --remap-path-prefix=/usr/lib/rustlib/src/rust=/rustc --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$seed=/seed" \
      RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$seed/target" \
      nice "$cargo" build --quiet -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown --release >&2
  ) || die "Rust's standard library for wasm32 could not be built" "see above; deleting $guests and trying again is always safe"
  cp "$seed"/target/wasm32-unknown-unknown/release/deps/*.rlib "$sysroot/lib/rustlib/wasm32-unknown-unknown/lib/"
  rm -f "$sysroot"/lib/rustlib/wasm32-unknown-unknown/lib/libseed*
  ln -sfn "/usr/lib/rustlib/$host" "$sysroot/lib/rustlib/$host"
  printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$sysroot" >"$sysroot/bin/rustc"
  chmod +x "$sysroot/bin/rustc"
  ln -sfn "$linker" "$sysroot/bin/rust-lld"
  ln -sfn "$cargo" "$sysroot/bin/cargo"
  rm -rf "$seed"
  /usr/bin/rustc -vV >"$sysroot/.stamp"
}
if [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" ]; then
  rm -rf "$guests/rust"
elif [ ! -x /usr/bin/rustc ] || ! /usr/bin/rustc -vV | cmp -s - "$guests/rust/.stamp" || [ ! -x "$guests/rust/bin/rust-lld" ]; then
  rust_std
fi

# 2. Python, and C by zig.
if [ "$(cat "$guests/venv/.stamp" 2>/dev/null)" != "$COMPONENTIZE_PY $ZIGLANG" ]; then
  say "componentize-py $COMPONENTIZE_PY and zig $ZIGLANG from PyPI"
  rm -rf "$guests/venv"
  python3 -m venv "$guests/venv" || die "python3 -m venv failed" "run: apt-get install -y python3-venv"
  "$guests/venv/bin/python" -m pip install --quiet --disable-pip-version-check "componentize-py==$COMPONENTIZE_PY" "ziglang==$ZIGLANG" >&2 ||
    die "pip could not install componentize-py and ziglang" "check that PyPI (or your mirror, PIP_INDEX_URL) can be reached, then run make again"
  printf '%s %s\n' "$COMPONENTIZE_PY" "$ZIGLANG" >"$guests/venv/.stamp"
fi

# 3. JavaScript.
if [ "$(cat "$guests/npm/.stamp" 2>/dev/null)" != "$JCO" ]; then
  command -v npm >/dev/null || apt_install nodejs npm
  say "jco $JCO from npm"
  rm -rf "$guests/npm"
  mkdir -p "$guests/npm"
  npm install --silent --no-audit --no-fund --prefix "$guests/npm" "@bytecodealliance/jco@$JCO" >&2 ||
    die "npm could not install @bytecodealliance/jco" "check that the npm registry can be reached, then run make again"
  printf '%s\n' "$JCO" >"$guests/npm/.stamp"
fi

# 4. Go.
command -v go >/dev/null || apt_install golang-go
go_version="$(cd / && go env GOVERSION)"
[ "$(printf 'go%s\n%s\n' "$GO_MINIMUM" "$go_version" | sort -V | head -n1)" = "go$GO_MINIMUM" ] ||
  die "$go_version is too old for filters in Go; Go $GO_MINIMUM or newer is needed" "install it from https://go.dev/dl/ and put it first on PATH"

printf '%s\n' "$guests"
