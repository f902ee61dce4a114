#!/usr/bin/env bash
# Somebody else's reader of tlog-tiles: Tessera's fsck (Apache-2.0), pinned, built once from source with Go. Prints its path.
# Installs: $SEALOG_TOOLS/bin/fsck-<version> (15 MB, less than a CPU-minute). Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
# shellcheck source=tests/setup/go-tool.sh
source "$(dirname "${BASH_SOURCE[0]}")/go-tool.sh"

go_tool fsck 1.0.4 github.com/transparency-dev/tessera/cmd/fsck one
