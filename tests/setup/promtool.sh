#!/usr/bin/env bash
# promtool, which reads what Prometheus would scrape. Prints its path. From Debian's package without installing that: it
# would start a server. Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

lock promtool
binary="$(command -v promtool || printf '%s' "$SEALOG_TOOLS/promtool/usr/bin/promtool")"
if [ ! -x "$binary" ]; then
  command -v apt-get >/dev/null || die "promtool is not on PATH, and there is no apt-get here" "install Prometheus' promtool, then run make again"
  say "promtool, from Debian's package prometheus"
  unpacked="$(mktemp -d "$SEALOG_TOOLS/promtool.XXXXXX")"
  chmod 755 "$unpacked"
  (cd "$unpacked" && { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; } >&2 &&
    dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb) ||
    die "the package prometheus cannot be had" "run: apt-get update, or put promtool on PATH"
  rm -rf "$SEALOG_TOOLS/promtool"
  mv "$unpacked" "$SEALOG_TOOLS/promtool"
fi
printf '%s\n' "$binary"
