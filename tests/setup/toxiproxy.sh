#!/usr/bin/env bash
# The bad network of the tests: toxiproxy (MIT), pinned, built once from source with Go. Prints its path.
# Installs: $SEALOG_TOOLS/bin/toxiproxy-<version> (10 MB, seconds). Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
# shellcheck source=tests/setup/go-tool.sh
source "$(dirname "${BASH_SOURCE[0]}")/go-tool.sh"

go_tool toxiproxy 2.5.0 github.com/Shopify/toxiproxy/v2/cmd/server one
