#!/usr/bin/env bash
# The second S3 server of the tests: MinIO, the last release of its source (AGPL: run by tests, never linked or shipped),
# pinned, built once with Go. Prints its path.
# Installs: $SEALOG_TOOLS/bin/minio-<version> (110 MB, several CPU-minutes). Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
# shellcheck source=tests/setup/go-tool.sh
source "$(dirname "${BASH_SOURCE[0]}")/go-tool.sh"

go_tool minio 0.0.0-20260212201848-7aac2a2c5b7c github.com/minio/minio six
