#!/usr/bin/env bash
# Runs a command beside the servers of the tests, all on free ports of loopback: `with-servers.sh COMMAND…`.
#
# Two S3 servers, versitygw and MinIO, each with a bucket that has versions and Object Lock, and toxiproxy for a bad
# network. They and what they store are gone afterwards. What the command finds in its environment:
#   SEALOG_TEST_S3          the bucket, the same name on both
#   SEALOG_TEST_VERSITYGW, SEALOG_TEST_MINIO    the endpoints
#   SEALOG_TEST_VERSITYGW_DATA    where versitygw keeps its buckets
#   SEALOG_TEST_TOXIPROXY   the address of toxiproxy's control
#   AWS_ENDPOINT_URL_S3     versitygw, for who asks for no server in particular; AWS_REGION and the keys are good for both
# SEALOG_VERSITYGW, SEALOG_MINIO and SEALOG_TOXIPROXY are the binaries (versitygw.sh, minio.sh, toxiproxy.sh), SEALOG_PYTHON
# has boto3 (venv.sh).
set -euo pipefail
: "${SEALOG_VERSITYGW:?run by make test, or set it to what tests/setup/versitygw.sh prints}"
: "${SEALOG_MINIO:?run by make test, or set it to what tests/setup/minio.sh prints}"
: "${SEALOG_TOXIPROXY:?run by make test, or set it to what tests/setup/toxiproxy.sh prints}"
: "${SEALOG_PYTHON:?run by make test, or set it to what tests/setup/venv.sh prints}"

folder="$(mktemp -d "${TMPDIR:-/tmp}/sealog-servers.XXXXXX")"
servers=()
trap 'kill "${servers[@]}" 2>/dev/null; wait "${servers[@]}" 2>/dev/null; rm -rf "$folder"' EXIT
mkdir "$folder/data" "$folder/iam" "$folder/versions" "$folder/minio"

# All three at once, so that none is given twice.
read -r gateway minio proxy < <("$SEALOG_PYTHON" -c '
import socket
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(it.getsockname()[1] for it in taken))')

export AWS_ACCESS_KEY_ID=sealogtest AWS_SECRET_ACCESS_KEY=sealogtestsecret AWS_REGION=us-east-1
ROOT_ACCESS_KEY="$AWS_ACCESS_KEY_ID" ROOT_SECRET_KEY="$AWS_SECRET_ACCESS_KEY" "$SEALOG_VERSITYGW" --port "127.0.0.1:$gateway" \
  --iam-dir "$folder/iam" --quiet posix --versioning-dir "$folder/versions" "$folder/data" >"$folder/versitygw.log" 2>&1 &
servers+=($!)
# The key that MinIO encrypts with stands for KMS; it protects nothing.
MINIO_ROOT_USER="$AWS_ACCESS_KEY_ID" MINIO_ROOT_PASSWORD="$AWS_SECRET_ACCESS_KEY" MINIO_BROWSER=off MINIO_UPDATE=off \
  MINIO_KMS_SECRET_KEY="sealog-test:$(printf '0123456789abcdef0123456789abcdef' | base64)" \
  "$SEALOG_MINIO" server --quiet --address "127.0.0.1:$minio" "$folder/minio" >"$folder/minio.log" 2>&1 &
servers+=($!)
"$SEALOG_TOXIPROXY" -host 127.0.0.1 -port "$proxy" >"$folder/toxiproxy.log" 2>&1 &
servers+=($!)

export SEALOG_TEST_S3=sealog-test
export SEALOG_TEST_VERSITYGW="http://127.0.0.1:$gateway" SEALOG_TEST_MINIO="http://127.0.0.1:$minio"
export SEALOG_TEST_VERSITYGW_DATA="$folder/data"
export SEALOG_TEST_TOXIPROXY="127.0.0.1:$proxy" AWS_ENDPOINT_URL_S3="http://127.0.0.1:$gateway"
"$SEALOG_PYTHON" - <<'PY' || { tail -n 20 "$folder"/*.log >&2; exit 1; }
import boto3, os, socket, time

def until_it_answers(ask):
    for attempt in range(200):
        try:
            return ask()
        except Exception:
            if attempt == 199:
                raise
            time.sleep(0.1)

for server in ("SEALOG_TEST_VERSITYGW", "SEALOG_TEST_MINIO"):
    client = boto3.client("s3", endpoint_url=os.environ[server])
    until_it_answers(lambda: client.create_bucket(Bucket=os.environ["SEALOG_TEST_S3"], ObjectLockEnabledForBucket=True))
host, port = os.environ["SEALOG_TEST_TOXIPROXY"].split(":")
until_it_answers(lambda: socket.create_connection((host, int(port)), timeout=1).close())
PY
"$@"
