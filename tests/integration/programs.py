"""Starts and stops the programs under test on loopback, with an environment that knows nothing of the host's AWS set-up."""

import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path

REGION = "eu-west-1"


def environment(endpoint):
    """The environment of a `sealog` that talks to `endpoint` and to nothing else."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("AWS_") and name.lower() not in ("http_proxy", "https_proxy", "all_proxy")}
    return kept | {
        "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1",
    }


def configuration(folder, tables, rows_max=None):
    """Writes the smallest configuration for `tables` under `folder`; gives its path. The archive is `folder/archive`."""
    lines = [f'archive = "{folder}/archive"', "[signing]", f'key = "file:{folder}/sealog.key"']
    if rows_max is not None:
        lines += ["[batch]", f"rows_max = {rows_max}"]
    for table in tables:
        lines += ["[[table]]", f'name = "{table}"']
    path = Path(folder) / "sealog.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def new_key(sealog, folder):
    """Makes a signing key in `folder`; gives the verifier key that `sealog keys generate` printed."""
    done = subprocess.run([sealog, "keys", "generate", "--out", f"{folder}/sealog.key"],
                          capture_output=True, text=True, timeout=60, check=False)
    keys = [word for word in done.stdout.split() if re.fullmatch(r"[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+", word)]
    if done.returncode != 0 or not keys:
        raise RuntimeError(f"no verifier key from `keys generate` (exit {done.returncode}):\n{done.stdout}{done.stderr}")
    return keys[-1]


def run_until_caught_up(sealog, config, endpoint, log, timeout_s=600):
    """`sealog run --until-caught-up`; its output is appended to the file `log`. Gives the exit code."""
    with open(log, "ab") as output:
        return subprocess.run([sealog, "run", "--config", str(config), "--until-caught-up"], stdout=output,
                              stderr=subprocess.STDOUT, env=environment(endpoint), timeout=timeout_s,
                              check=False).returncode


def start_run(sealog, config, endpoint, log, *more):
    """`sealog run` in the background, its output appended to `log`."""
    with open(log, "ab") as output:
        return subprocess.Popen([sealog, "run", "--config", str(config), *more], stdout=output,
                                stderr=subprocess.STDOUT, env=environment(endpoint))


def verify(sealog, archive, key, *more):
    """`sealog verify ARCHIVE --key KEY`: (exit code, everything it printed)."""
    done = subprocess.run([sealog, "verify", str(archive), "--key", key, *more], capture_output=True, text=True, timeout=600,
                          env=environment("http://127.0.0.1:9"), check=False)
    return done.returncode, done.stdout + done.stderr


def check_intact(checks, name, sealog, archive, key, *more):
    """Checks that the archive verifies: exit code 0 and the word INTACT, and no worse word."""
    code, said = verify(sealog, archive, key, *more)
    words = set(re.findall(r"[A-Z]{5,}", said))
    good = code == 0 and "INTACT" in words and not words & {"TAMPERED", "STALE", "CONSISTENT", "UNVERIFIABLE", "GAPS"}
    checks.check(f"{name}: sealog verify says INTACT", good, f"exit code {code}\n{said}")


def check_intact_with_gaps(checks, name, sealog, archive, key):
    """Checks that the archive verifies but for gaps that it declares itself."""
    code, said = verify(sealog, archive, key)
    checks.check(f"{name}: sealog verify says INTACT WITH DECLARED GAPS", code == 3 and "INTACT WITH DECLARED GAPS" in said,
                 f"exit code {code}\n{said}")


def gaps(sealog, archive):
    """The gaps that an archive declares (`sealog gaps`)."""
    said = subprocess.run([sealog, "gaps", str(archive), "--format", "json"], capture_output=True, text=True, timeout=60,
                          check=True).stdout
    return [gap["gap"] for of in json.loads(said)["logs"] for gap in of["gaps"]]


def lies_in(gap, place):
    """Whether a record (stream label, shard, sequence number) lies in this gap."""
    stream, shard, number = place
    if gap["stream"] != stream or gap["shard"] not in (shard, None):
        return False
    if gap["shard"] is None:
        return gap["cause"] == "stream_vanished"
    after, first = gap["after"], gap["first"]
    return (after is None or int(after) < int(number)) and (first is None or int(number) < int(first))


def free_port():
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_listening(process, port, timeout_s=60):
    """Returns when `port` accepts connections; an error if `process` ends or the time is over."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode} instead of listening")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not listen on port {port} after {timeout_s} s")


def stop(process, grace_s=20):
    """Ends a process that we started: SIGTERM, and SIGKILL if it is still there after `grace_s`. Gives its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def tail(path, lines=40):
    """The last lines of a log, for a failure's detail."""
    text = Path(path).read_text(errors="replace") if Path(path).exists() else "(no log)"
    return "\n".join(text.splitlines()[-lines:])
