#!/usr/bin/env bash
# The first S3 server of the tests: versitygw (Apache-2.0), pinned, built once from source with Go. Prints its path.
# Installs: $SEALOG_TOOLS/bin/versitygw-<version> (45 MB, about two CPU-minutes). Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
# shellcheck source=tests/setup/go-tool.sh
source "$(dirname "${BASH_SOURCE[0]}")/go-tool.sh"

go_tool versitygw 1.8.0 github.com/versity/versitygw/cmd/versitygw two
