#!/usr/bin/env bash
# Everything that is wrong with the source and can be told without running it. Goes through all checks, then says which
# failed.
set -uo pipefail
setup="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=tests/setup/env.sh
source "$setup/env.sh"
cd "$setup/../.." || exit 1

"$setup/system.sh" build || exit 1
for part in clippy fmt; do
  cargo "$part" --version >/dev/null 2>&1 || die "cargo $part is missing" "run: rustup component add clippy rustfmt"
done
deny="$("$setup/cargo-deny.sh")" || exit 1

failed=()
check() {
  local name="$1"
  shift
  printf '== %s\n' "$name"
  "$@" || failed+=("$name")
}

check format cargo fmt --all --check
check clippy cargo clippy --workspace --all-targets --locked -- -D warnings
# The fuzz targets are another workspace. Without libFuzzer's C++, which checking does not need.
check "format of fuzz targets" cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
check "clippy on fuzz targets" env RUSTFLAGS="--cfg fuzzing" CUSTOM_LIBFUZZER_PATH=/not/linked/libfuzzer.a \
  cargo clippy --manifest-path tests/fuzz/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}/fuzz-lint" --locked -- -D warnings
# Filters are another workspace too; natively, so that no WebAssembly compiler is needed.
check "format of plugins" cargo fmt --manifest-path plugins/Cargo.toml --all --check
check "clippy on plugins" cargo clippy --manifest-path plugins/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}/plugins" \
  --workspace --all-targets --locked -- -D warnings
check "documentation of plugins" env RUSTDOCFLAGS="-D warnings" cargo doc --manifest-path plugins/Cargo.toml \
  --target-dir "${CARGO_TARGET_DIR:-target}/plugins" -p sealog-filter-sdk --no-deps --locked --quiet
check documentation env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
check "licences, sources, duplicates" "$deny" --locked check bans licenses sources
check "licences in plugins" "$deny" --manifest-path plugins/Cargo.toml --locked check bans licenses sources
check "house rules" cargo test --quiet --locked -p sealog-tidy

if [ "${#failed[@]}" -gt 0 ]; then
  printf 'lint: failed: %s\n' "$(IFS=,; echo "${failed[*]}")"
  exit 1
fi
printf 'lint: all good\n'
