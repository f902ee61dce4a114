#!/usr/bin/env bash
# Installs what the tests need, runs all of them, adds up, and ends with the line `N passed, N failed`.
#
# A suite is a program that prints lines `test result: … N passed; N failed; N ignored …` (cargo) or `N passed, N failed`
# (the others) and whose exit code is not 0 if anything failed. One that breaks off without saying so counts as a failure,
# and so does an ignored test: nothing is skipped.
set -uo pipefail
setup="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=tests/setup/env.sh
source "$setup/env.sh"
cd "$setup/../.." || exit 1

"$setup/system.sh" tests || exit 1
SEALOG_PYTHON="$("$setup/venv.sh")" || exit 1
SEALOG_VERSITYGW="$("$setup/versitygw.sh")" || exit 1
SEALOG_MINIO="$("$setup/minio.sh")" || exit 1
SEALOG_TOXIPROXY="$("$setup/toxiproxy.sh")" || exit 1
SEALOG_FSCK="$("$setup/fsck.sh")" || exit 1
SEALOG_GUESTS="$("$setup/guests.sh")" || exit 1
SEALOG_PROMTOOL="$("$setup/promtool.sh")" || exit 1
SEALOG_DEPLOY_TOOLS="$("$setup/deploy.sh")" || exit 1
SEALOG_LAKE="$("$setup/lake.sh")" || exit 1
export SEALOG_PYTHON SEALOG_VERSITYGW SEALOG_MINIO SEALOG_TOXIPROXY SEALOG_GUESTS SEALOG_DEPLOY_TOOLS
target="${CARGO_TARGET_DIR:-target}"
# Python must not write its caches into the clone: a test of a read-only tree would differ from one of a fresh tree.
export PYTHONDONTWRITEBYTECODE=1

passed=0
failed=0
broken=()
log="$(mktemp "${TMPDIR:-/tmp}/sealog-test.XXXXXX")"
trap 'rm -f "$log"' EXIT

suite() {
  local name="$1" code good bad
  shift
  printf '\n== %s\n' "$name"
  "$@" 2>&1 | tee "$log"
  code="${PIPESTATUS[0]}"
  read -r good bad < <(awk '
    /^test result: / { for (i = 2; i <= NF; i++) {
        if ($i ~ /^passed/) good += $(i - 1)
        if ($i ~ /^(failed|ignored);?$/) bad += $(i - 1) } }
    /^([0-9]+ failed, )?[0-9]+ passed(, [0-9]+ [a-z]+)* in [0-9.]+s/ { for (i = 2; i <= NF; i++) {
        if ($i ~ /^passed/) good += $(i - 1)
        if ($i ~ /^(failed|skipped|errors?|xfailed|xpassed)/) bad += $(i - 1) } }
    /^[0-9]+ passed, [0-9]+ failed$/ { good += $1; bad += $3 }
    END { print good + 0, bad + 0 }' "$log")
  if [ "$bad" -eq 0 ] && { [ "$code" -ne 0 ] || [ "$good" -eq 0 ]; }; then
    printf '%s: exit code %s after %s passed checks\n' "$name" "$code" "$good"
    bad=1
  fi
  [ "$bad" -eq 0 ] || broken+=("$name")
  passed=$((passed + good))
  failed=$((failed + bad))
}

# The stores' conformance suite runs on real S3 servers too.
suite "cargo test" "$setup/with-servers.sh" cargo test --workspace --locked --no-fail-fast

# Every `test_*.py` beside the tests of a subject is a suite of its own, without arguments.
for file in tests/*/test_*.py crates/*/tests/test_*.py; do
  [ -e "$file" ] || continue
  if grep -q '^import pytest' "$file"; then
    suite "$file" "$SEALOG_PYTHON" -m pytest -q -p no:cacheprovider "$file"
  else
    suite "$file" "$SEALOG_PYTHON" "$file"
  fi
done

suite "tests/fuzz/run.py" "$SEALOG_PYTHON" tests/fuzz/run.py

# What drives the built binary, which `cargo test` has built for the tests of the command line. SEALOG_BIN: another one.
SEALOG_BIN="${SEALOG_BIN:-$target/debug/sealog}"
export SEALOG_BIN
suite "crates/simulator/tests/model.py" "$SEALOG_PYTHON" crates/simulator/tests/model.py \
  "$SEALOG_BIN" simulator --listen 127.0.0.1:0 --scenario
suite "tests/conformance/streams.py" "$SEALOG_PYTHON" tests/conformance/streams.py --sealog "$SEALOG_BIN"
suite "tests/moto/run.py" "$SEALOG_PYTHON" tests/moto/run.py --sealog "$SEALOG_BIN"
suite "tests/moto/kms.py" "$SEALOG_PYTHON" tests/moto/kms.py --sealog "$SEALOG_BIN"
suite "tests/integration/failures.py" "$SEALOG_PYTHON" tests/integration/failures.py --sealog "$SEALOG_BIN"
suite "tests/integration/scenarios.py" "$SEALOG_PYTHON" tests/integration/scenarios.py --sealog "$SEALOG_BIN"
suite "tests/integration/memory.py" "$setup/with-servers.sh" "$SEALOG_PYTHON" tests/integration/memory.py --sealog "$SEALOG_BIN"
suite "tests/integration/s3.py" "$setup/with-servers.sh" "$SEALOG_PYTHON" tests/integration/s3.py --sealog "$SEALOG_BIN"
suite "tests/integration/bucket.py" "$setup/with-servers.sh" "$SEALOG_PYTHON" tests/integration/bucket.py --sealog "$SEALOG_BIN"
suite "tests/integration/signals.py" "$SEALOG_PYTHON" tests/integration/signals.py --sealog "$SEALOG_BIN" --promtool "$SEALOG_PROMTOOL"
suite "tests/integration/doctor.py" "$setup/with-servers.sh" "$SEALOG_PYTHON" tests/integration/doctor.py --sealog "$SEALOG_BIN"
suite "tests/integration/flush.py" "$SEALOG_PYTHON" tests/integration/flush.py --sealog "$SEALOG_BIN"
suite "tests/kit/languages.py" "$SEALOG_PYTHON" tests/kit/languages.py --sealog "$SEALOG_BIN"
suite "tests/kit/samples.py" "$SEALOG_PYTHON" tests/kit/samples.py --sealog "$SEALOG_BIN"
suite "tests/tlog/fsck.py" "$SEALOG_PYTHON" tests/tlog/fsck.py --sealog "$SEALOG_BIN" --fsck "$SEALOG_FSCK"
for part in run readers questions; do
  suite "tests/lake/$part.py" "$SEALOG_LAKE/venv/bin/python" "tests/lake/$part.py" --sealog "$SEALOG_BIN" --home "$SEALOG_LAKE"
done
suite "tests/vectors/run_vectors.py" "$SEALOG_PYTHON" tests/vectors/run_vectors.py "$SEALOG_BIN"
suite "tests/tamper/run.py" "$SEALOG_PYTHON" tests/tamper/run.py --sealog "$SEALOG_BIN"
suite "tests/crash/kill9.py" "$SEALOG_PYTHON" tests/crash/kill9.py --sealog "$SEALOG_BIN"
suite "tests/crash/kill9.py --trim" "$SEALOG_PYTHON" tests/crash/kill9.py --trim --sealog "$SEALOG_BIN"
# Small here; by itself it runs 16 writers with 500 commits each, and kills the server ten times.
suite "tests/crash/many_writers.py" "$SEALOG_PYTHON" tests/crash/many_writers.py --sealog "$SEALOG_BIN" \
  --writer "${SEALOG_BIN%/*}/race_writer" --commits 20 --kills 3
# Sampled here; by itself the one takes 40 points on each server (all with --points 0), the other kills ten times.
suite "tests/crash/points.py" "$SEALOG_PYTHON" tests/crash/points.py --sealog "$SEALOG_BIN" --points 8
suite "tests/crash/server_kill.py" "$SEALOG_PYTHON" tests/crash/server_kill.py --sealog "$SEALOG_BIN" --kills 3
suite "tests/crash/two_writers.py" "$SEALOG_PYTHON" tests/crash/two_writers.py --sealog "$SEALOG_BIN"
suite "tests/crash/two_writers.py --trim" "$SEALOG_PYTHON" tests/crash/two_writers.py --trim --sealog "$SEALOG_BIN"

# What `make lint-deploy` runs, and the proof that it notices mistakes.
suite "tests/deploy/lint_deploy.py" "$SEALOG_PYTHON" tests/deploy/lint_deploy.py --sealog "$SEALOG_BIN"
suite "tests/deploy/planted.py" "$SEALOG_PYTHON" tests/deploy/planted.py --sealog "$SEALOG_BIN"
suite "tests/deploy/iam.py" "$setup/with-servers.sh" "$SEALOG_PYTHON" tests/deploy/iam.py --sealog "$SEALOG_BIN"

# Built in a copy of the clone, with a target directory of its own beside the tools.
suite "tests/simulation/planted.py" "$SEALOG_PYTHON" tests/simulation/planted.py

printf '\n'
for name in ${broken[@]+"${broken[@]}"}; do printf 'failed: %s\n' "$name"; done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
