#!/usr/bin/env bash
# Runs a command beside an S3 server on loopback: `with-s3.sh COMMAND…`.
#
# SEALOG_TEST_S3 names the bucket; endpoint and credentials are in the usual AWS variables. The server and what it
# stores are gone afterwards. SEALOG_VERSITYGW is its binary (versitygw.sh), SEALOG_PYTHON has boto3 (venv.sh).
set -euo pipefail
: "${SEALOG_VERSITYGW:?run by make test, or set it to what tests/setup/versitygw.sh prints}"
: "${SEALOG_PYTHON:?run by make test, or set it to what tests/setup/venv.sh prints}"

folder="$(mktemp -d "${TMPDIR:-/tmp}/sealog-s3.XXXXXX")"
mkdir "$folder/data" "$folder/iam" "$folder/versions"
port="$("$SEALOG_PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
ROOT_ACCESS_KEY=sealogtest ROOT_SECRET_KEY=sealogtestsecret "$SEALOG_VERSITYGW" --port "127.0.0.1:$port" \
  --iam-dir "$folder/iam" --quiet posix --versioning-dir "$folder/versions" "$folder/data" >"$folder/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT

export AWS_ENDPOINT_URL_S3="http://127.0.0.1:$port" AWS_REGION=us-east-1 SEALOG_TEST_S3=sealog-test
export AWS_ACCESS_KEY_ID=sealogtest AWS_SECRET_ACCESS_KEY=sealogtestsecret
"$SEALOG_PYTHON" - <<'PY' || { cat "$folder/log"; exit 1; }
import boto3, os, time
client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"])
for attempt in range(100):
    try:
        client.create_bucket(Bucket=os.environ["SEALOG_TEST_S3"], ObjectLockEnabledForBucket=True)
        break
    except Exception:
        if attempt == 99:
            raise
        time.sleep(0.1)
PY
"$@"
