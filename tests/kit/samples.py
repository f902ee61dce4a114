"""The samples of plugins/ and the demo's filter: built, asked about their fixtures, and the committed component compared.

    samples.py --sealog PATH [--write]

Builds each project of plugins/ as a user would, with the toolchains that SEALOG_GUESTS names; runs `sealog filter test` on the
result, and the same sources' native tests. The demo's component is in the repository, because `make demo` has to run
without a WebAssembly compiler: it has to be, byte for byte, what its source gives. --write puts it there anew.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from checks import Checks  # noqa: E402

PLUGINS = HERE.parent.parent / "plugins"
DEMO = PLUGINS / "demo"
# What the README promises of the samples: whoever deploys one should not have to wonder at its size.
BYTES_MAX = 256 * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, type=os.path.abspath)
    parser.add_argument("--write", action="store_true", help="put the demo's component into the repository anew")
    options = parser.parse_args()
    checks = Checks("samples")
    with checks.section("native tests"):
        native(checks)
    with tempfile.TemporaryDirectory(prefix="sealog-samples-") as folder:
        # A copy, so that nothing is built into the clone; and another folder than the one that the component came from.
        copy = Path(folder) / "elsewhere" / "plugins"
        shutil.copytree(PLUGINS, copy, ignore=shutil.ignore_patterns("target", "build", "templates"))
        sealog = Shell(options.sealog, Path(folder))
        for project in sorted([copy / "demo", *(copy / "samples").iterdir()]):
            with checks.section(project.name):
                component = build_and_ask(checks, sealog, project)
                if project.name == DEMO.name:
                    compare(checks, component, options.write)
        with checks.section("committed component"):
            ask_committed(checks, sealog)
    return checks.finish()


class Shell:
    """Calls `sealog filter`, with a cache of its own and one target directory for all projects."""

    def __init__(self, sealog, folder):
        self.sealog = sealog
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "NO_COLOR": "1",
                            "SEALOG_FILTER_TARGET": target() + "/samples"}

    def __call__(self, *arguments, cwd):
        return subprocess.run([self.sealog, "filter", *arguments], cwd=cwd, env=self.environment, capture_output=True,
                              text=True, timeout=1800, check=False)


def target():
    """Where cargo keeps what it built, from one run to the next."""
    return os.path.abspath(os.environ.get("CARGO_TARGET_DIR", PLUGINS / "target")) + "/plugins"


def native(checks):
    """The same sources without WebAssembly: each test of cargo counts."""
    environment = {**os.environ, "CARGO_TARGET_DIR": target(), "CARGO_TERM_COLOR": "never"}
    done = subprocess.run(["cargo", "test", "--workspace", "--locked", "--no-fail-fast"], cwd=PLUGINS, env=environment,
                          capture_output=True, text=True, timeout=3600, check=False)
    counts = re.findall(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", done.stdout, re.MULTILINE)
    passed, failed, ignored = (sum(map(int, column)) for column in zip(*counts)) if counts else (0, 0, 0)
    checks.check(f"cargo test: {passed} passed", done.returncode == 0 and passed > 0 and failed == ignored == 0,
                 lambda: done.stdout[-4000:] + done.stderr[-4000:])


def build_and_ask(checks, sealog, project):
    """Builds one project and asks the component about its fixtures. Gives the component's path."""
    said = lambda done: done.stdout + done.stderr  # noqa: E731
    built = sealog("build", "--format", "json", cwd=project)
    if not checks.check(f"{project.name}: build", built.returncode == 0, lambda: said(built)):
        raise RuntimeError(f"{project.name} was not built")
    result = json.loads(built.stdout)
    component = project / result["component"]
    checks.check(f"{project.name}: {result['bytes']} bytes", result["bytes"] <= BYTES_MAX, f"more than {BYTES_MAX}")
    expected = {path.name for path in (project / "fixtures").glob("*.expect.json")}
    checks.check(f"{project.name}: has fixtures", expected)
    tested = sealog("test", cwd=project)
    checks.check(f"{project.name}: says what its fixtures expect", tested.returncode == 0, lambda: said(tested))
    inspected = sealog("inspect", "--format", "json", cwd=project)
    found = json.loads(inspected.stdout)
    checks.equal(f"{project.name}: nothing speaks against it", (inspected.returncode, found["violations"]), (0, []))
    named = tomllib.loads((project / "filter.toml").read_text())["name"]
    checks.equal(f"{project.name}: the component has the project's name", found["manifest"]["name"], named)
    return component


def compare(checks, component, write):
    """The committed component is what the source gives."""
    built = component.read_bytes()
    digest = hashlib.sha256(built).hexdigest()
    if write:
        (DEMO / "ledger.wasm").write_bytes(built)
        (DEMO / "ledger.wasm.sha256").write_text(f"{digest}  ledger.wasm\n")
    committed = hashlib.sha256((DEMO / "ledger.wasm").read_bytes()).hexdigest()
    named = (DEMO / "ledger.wasm.sha256").read_text().split()[0]
    checks.equal("demo: the committed component is what the committed digest names", committed, named)
    checks.equal("demo: the source gives the committed component, byte for byte (else: samples.py --write, and say why)",
                 digest, committed)


def ask_committed(checks, sealog):
    """The component as it is in the repository, without a compiler."""
    tested = sealog("test", "--component", str(DEMO / "ledger.wasm"), cwd=DEMO)
    checks.check("demo: the committed component says what its fixtures expect", tested.returncode == 0,
                 lambda: tested.stdout + tested.stderr)


if __name__ == "__main__":
    sys.exit(main())
