#!/usr/bin/env bash
# The S3 server of the tests: versitygw (Apache-2.0), pinned, built once from source with Go. Prints its path.
# Installs: $SEALOG_TOOLS/bin/versitygw-<version> (45 MB, about two CPU-minutes). Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

VERSION="1.8.0"
binary="$SEALOG_TOOLS/bin/versitygw-$VERSION"

lock versitygw
if [ ! -x "$binary" ]; then
  command -v go >/dev/null || apt_install golang-go
  # From 1.21 on, Go fetches the newer Go that a module asks for by itself.
  go_version="$(go env GOVERSION 2>/dev/null)"
  [ "$(printf 'go1.21\n%s\n' "$go_version" | sort -V | head -n1)" = "go1.21" ] ||
    die "${go_version:-go} is too old to build versitygw, the S3 server of the tests; Go 1.21 or newer is needed" \
      "install it from https://go.dev/dl/ and put it first on PATH, then run make again"
  say "building versitygw $VERSION (about two minutes, once)"
  building="$(mktemp -d "$SEALOG_TOOLS/versitygw.XXXXXX")"
  trap 'rm -rf "$building"' EXIT
  CGO_ENABLED=0 GOFLAGS="" GOBIN="$building" go install -trimpath -ldflags "-s -w" \
    "github.com/versity/versitygw/cmd/versitygw@v$VERSION" ||
    die "go install of versitygw v$VERSION failed" "check that the Go module proxy (go env GOPROXY) can be reached, then run make again"
  mv "$building/versitygw" "$binary"
fi
printf '%s\n' "$binary"
