#!/usr/bin/env bash
# A Python environment, with every version pinned, into $SEALOG_VENV. Prints its interpreter's path. `venv.sh [REQUIREMENTS]`:
# that of the tests by default (moto with DynamoDB and its streams, boto3, pyarrow, cryptography). Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
requirements="${1:-$(dirname "${BASH_SOURCE[0]}")/requirements.txt}"

lock "venv-${SEALOG_VENV##*/}"
python="$SEALOG_VENV/bin/python"
stamp="$SEALOG_VENV/.stamp"
# The stamp names interpreter and requirements: another Python, or another pin, is another environment.
want="$({ python3 -c 'import sys; print(sys.version, sys.base_prefix)'; cat "$requirements"; } | sha256sum | cut -d' ' -f1)"

if [ ! -x "$python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
  say "python packages into $SEALOG_VENV: $(grep -oE '^[A-Za-z0-9_.-]+(\[[a-z]+\])?==[^ ;]+' "$requirements" | head -n4 | paste -sd' ') …"
  rm -rf "$SEALOG_VENV"
  python3 -m venv "$SEALOG_VENV" || die "python3 -m venv failed" "run: apt-get install -y python3-venv"
  "$python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2 ||
    die "pip could not install $requirements" "check that PyPI (or your mirror, PIP_INDEX_URL) can be reached, then run make again"
  printf '%s\n' "$want" >"$stamp"
fi
printf '%s\n' "$python"
