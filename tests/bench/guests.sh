#!/usr/bin/env bash
# The Rust guest that the filters' bench measures (plugins/bench), once for each way of seeing a record.
#   guests.sh SEALOG     prints the folder that SEALOG_GUESTS_OUT has to name
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# shellcheck source=tests/setup/env.sh
source "$root/tests/setup/env.sh"
[ $# -eq 1 ] || die "usage: guests.sh SEALOG"
sealog="$(realpath "$1")"
target="$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")"
out="$target/bench-guests"

SEALOG_GUESTS="$("$root/tests/setup/guests.sh")"
export SEALOG_GUESTS SEALOG_FILTER_TARGET="$target/plugins/samples"
"$sealog" filter build --project "$root/plugins/bench" >&2
mkdir -p "$out"
for see in columns image; do
  cp "$root/plugins/bench/build/drafts.wasm" "$out/rust-$see.wasm"
  printf '{"see":"%s"}\n' "$see" >"$out/rust-$see.json"
done
printf '%s\n' "$out"
