"""A new user's way from nothing to verdicts, in each language that filters are written in.

    languages.py --sealog PATH [--lang LANGUAGE …]

`sealog filter new x --lang L && cd x && sealog filter build && sealog filter test`, timed; then what the other commands say
of the result, and what all of them say when they are called wrongly or a tool is missing. SEALOG_GUESTS is what
`tests/setup/guests.sh` prints. For each language everything is built in a new folder with an empty cache.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from checks import Checks  # noqa: E402

LANGUAGES = ["rust", "c", "go", "js", "python"]
# These give the same bytes from the same sources in any folder; componentize-py and jco do not promise it.
REPRODUCIBLE = ["rust", "c", "go"]
SOURCES = {"rust": "src/lib.rs", "c": "filter.c", "go": "filter.go", "js": "src/filter.js", "python": "src/app.py"}


class Shell:
    """Calls Sealog in a folder, with a cache of its own."""

    def __init__(self, sealog, folder):
        self.sealog = sealog
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "NO_COLOR": "1"}

    def __call__(self, *arguments, cwd, stdin=None, **variables):
        environment = {**self.environment, **variables}
        return subprocess.run([self.sealog, "filter", *arguments], cwd=cwd, env=environment, input=stdin,
                              capture_output=True, text=True, timeout=900, check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, type=os.path.abspath)
    parser.add_argument("--lang", action="append", choices=LANGUAGES)
    options = parser.parse_args()
    checks = Checks("languages")
    checks.check("SEALOG_GUESTS names the toolchains", os.path.isdir(os.environ.get("SEALOG_GUESTS", "")))
    times = []
    with tempfile.TemporaryDirectory(prefix="sealog-languages-") as folder:
        folder = Path(folder)
        sealog = Shell(options.sealog, folder)
        for language in options.lang or LANGUAGES:
            with checks.section(language):
                times.append(way(checks, sealog, folder, language))
        built = [row["lang"] for row in times]
        if built:
            with checks.section("records"):
                records(checks, sealog, folder / built[0] / "orders")
        if "js" in built:
            with checks.section("misbehaviour"):
                misbehaviour(checks, sealog, folder / "js" / "orders")
            with checks.section("replay"):
                replay(checks, sealog, folder)
        with checks.section("wrong usage"):
            wrong_usage(checks, sealog, folder)
    print("\nlanguage  new s  build s  again s  test s  load ms   KiB  fuel a record  records/s")
    for row in times:
        print("{lang:8} {new:6.1f} {build:8.1f} {again:8.1f} {test:7.1f} {load:8} {kib:6.0f} {fuel:13,} {speed:10,}".format(**row))
    return checks.finish()


def way(checks, sealog, folder, language):
    """From nothing to a verdict, and what else can be done then."""
    home = folder / language
    home.mkdir()
    said = lambda done: done.stdout + done.stderr  # noqa: E731
    timed = {}

    def step(name, key, *arguments, cwd):
        start = time.monotonic()
        done = sealog(*arguments, cwd=cwd)
        timed[key] = time.monotonic() - start
        checks.check(f"{language}: {name}", done.returncode == 0, lambda: said(done))
        return done

    step("new", "new", "new", "orders", "--lang", language, cwd=home)
    project = home / "orders"
    built = step("build", "build", "build", "--format", "json", cwd=project)
    result = json.loads(built.stdout)
    component = project / result["component"]
    checks.equal(f"{language}: the size is the component's", result["bytes"], component.stat().st_size)
    tested = step("test", "test", "test", cwd=project)
    checks.check(f"{language}: its own fixtures pass", tested.stdout.endswith("2 passed, 0 failed\n"), lambda: said(tested))
    for part in ["drop draft", "redact alert:paid-cancelled -old_image/email", "keep deleted-by=ttl"]:
        checks.check(f"{language}: says {part}", part in tested.stdout, tested.stdout)

    inspected = sealog("inspect", "--format", "json", cwd=project)
    found = json.loads(inspected.stdout)
    checks.equal(f"{language}: inspect finds nothing wrong", (inspected.returncode, found["violations"]), (0, []))
    checks.equal(f"{language}: the manifest's name is the project's", found["manifest"]["name"], "orders")
    checks.equal(f"{language}: inspect and build name the same bytes", found["sha256"], result["sha256"])
    checks.check(f"{language}: nothing of an operating system is imported",
                 not any("wasi" in name for name in found["imports"]), found["imports"])

    again = step("build again", "again", "build", "--format", "json", cwd=project)
    if language in REPRODUCIBLE:
        elsewhere = home / "elsewhere" / "deeper" / "orders"
        shutil.copytree(project, elsewhere, ignore=shutil.ignore_patterns("build", "bindings"))
        other = sealog("build", "--format", "json", cwd=elsewhere)
        checks.check(f"{language}: builds elsewhere", other.returncode == 0, lambda: said(other))
        digests = {json.loads(done.stdout)["sha256"] for done in (built, again, other)}
        checks.equal(f"{language}: the same bytes again and elsewhere", len(digests), 1)

    mismatch(checks, sealog, project, language)
    broken(checks, sealog, project, language)
    measured = sealog("bench", "--seconds", "1", "--format", "json", cwd=project)
    checks.check(f"{language}: bench", measured.returncode == 0, lambda: said(measured))
    bench = json.loads(measured.stdout)
    return {"lang": language, **timed, "kib": result["bytes"] / 1024, "load": bench["load_ms"],
            "fuel": bench["fuel_per_record"], "speed": bench["records_per_second"]}


def mismatch(checks, sealog, project, language):
    """A wrong expectation fails with a difference, and --bless mends it."""
    expected = project / "fixtures" / "ttl.expect.json"
    before = expected.read_text()
    expected.write_text('[{"verdict": "drop", "reason": "draft"}]')
    failed = sealog("test", cwd=project)
    checks.equal(f"{language}: a wrong expectation fails", failed.returncode, 1)
    for line in ['- expected {"verdict":"drop","reason":"draft"}', '+ found    {"verdict":"keep","tags":{"deleted-by":"ttl"}}']:
        checks.check(f"{language}: the difference shows {line}", line in failed.stdout, failed.stdout)
    blessed = sealog("test", "--bless", cwd=project)
    checks.check(f"{language}: --bless mends it", blessed.returncode == 0 and "blessed fixtures/ttl" in blessed.stdout, blessed.stdout)
    checks.equal(f"{language}: what is blessed says what was there", json.loads(expected.read_text()), json.loads(before))


def broken(checks, sealog, project, language):
    """A mistake in the source shows what the compiler says, and leaves the last good component alone."""
    source = project / SOURCES[language]
    text, written = source.read_text(), source.stat().st_mtime_ns
    component = project / "build" / "orders.wasm"
    digest = component.read_bytes()
    source.write_text(text + "\n)}] no program goes on like this\n")
    failed = sealog("build", cwd=project)
    checks.equal(f"{language}: a mistake fails the build", failed.returncode, 1)
    checks.check(f"{language}: with what the compiler says", "failed:\n" in failed.stderr and len(failed.stderr) > 60, failed.stderr)
    checks.check(f"{language}: the last good component stays", component.read_bytes() == digest)
    source.write_text(text)
    stale = sealog("test", cwd=project)
    checks.check(f"{language}: a component older than its sources is said to be", "older than its sources" in stale.stderr, stale.stderr)
    os.utime(source, ns=(written, written))


def records(checks, sealog, project):
    """`run` on every form of records, on the component that was built first."""
    one = json.loads((project / "fixtures" / "ttl.json").read_text())
    draft = json.loads((project / "fixtures" / "orders.json").read_text())[0]
    item = draft["dynamodb"]["NewImage"]
    forms = {
        "a Lambda event": json.dumps({"Records": [draft, one]}),
        "one record after the other": json.dumps(draft) + "\n" + json.dumps(one) + "\n",
        "a full export": "".join(json.dumps({"Item": item}) + "\n" for _ in range(2)),
        "an incremental export": "".join(
            json.dumps({"Metadata": {"WriteTimestampMicros": {"N": "1680109764000123"}}, "Keys": {"order": item["order"]}, "NewImage": item}) + "\n"
            for _ in range(2)),
    }
    for name, text in forms.items():
        done = sealog("run", "-", "--format", "json", cwd=project, stdin=text)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        checks.equal(f"run on {name}: first record", lines[0]["said"], {"verdict": "drop", "reason": "draft"})
        checks.check(f"run on {name}: counts", done.stderr.startswith("2 records: "), done.stderr)
    file = project / "many.json"
    file.write_text(json.dumps(one) * 2500)
    many = sealog("run", "many.json", "many.json", cwd=project)
    checks.equal("run goes through files of many batches", many.stderr.splitlines()[-1], "5,000 records: 5,000 keep")
    effects = sealog("run", "-", "--only-effects", cwd=project, stdin=json.dumps([draft, json.loads((project / "fixtures/orders.json").read_text())[3]]))
    checks.equal("--only-effects leaves plain keeps out", len(effects.stdout.splitlines()), 1)
    bad = sealog("run", "-", cwd=project, stdin=forms["a Lambda event"] + "\n{]")
    checks.equal("run stops at what is no record", bad.returncode, 2)
    checks.check("and says where", "-, behind record 2: " in bad.stderr, bad.stderr)
    pins(checks, sealog, project)


def misbehaviour(checks, sealog, project):
    """A filter that remembers, and one that fails at one record."""
    source = project / SOURCES["js"]
    text = source.read_text()
    judging = "return batch.map(judge);"
    assert judging in text

    def rebuilt(body):
        source.write_text(text.replace(judging, body))
        done = sealog("build", cwd=project)
        checks.equal("the changed filter is built", (done.returncode, done.stderr), (0, ""))
        return sealog("test", cwd=project)

    remembers = rebuilt('return batch.map((change, place) => (place % 2 ? { tag: "keep" } : judge(change)));')
    checks.check("a verdict that depends on the batch fails the test",
                 remembers.returncode == 1 and "must depend on the one change only" in remembers.stdout, remembers.stdout)
    blessed = sealog("test", "--bless", cwd=project)
    checks.check("and is not blessed", blessed.returncode == 1 and "blessed" not in blessed.stdout, blessed.stdout)
    throws = rebuilt('return batch.map((change) => { if (change.kind === "remove") throw new Error("boom"); return judge(change); });')
    checks.check("a record that the filter fails at is named, with the class of the fault",
                 throws.returncode == 1 and '{"verdict":"keep","fault":"' in throws.stdout and "record 1 fails: " in throws.stdout, throws.stdout)
    checks.check("the other fixture passes", "ok   orders" in throws.stdout, throws.stdout)
    events = (project / "fixtures/orders.json").read_text() + (project / "fixtures/ttl.json").read_text()
    run = sealog("run", "-", "--format", "json", cwd=project, stdin=events)
    said = [json.loads(line)["said"] for line in run.stdout.splitlines()]
    checks.equal("run narrows the fault down to its record", [("fault" in it) for it in said], [False] * 4 + [True])
    rebuilt('return batch.map(() => ({ tag: "drop", val: "draft" }));')


def replay(checks, sealog, folder):
    """New against what was recorded, and against another component, over the archive of the demo."""
    demo = folder / "demo"
    made = subprocess.run([sealog.sealog, "demo", "--out", str(demo)], env=sealog.environment, capture_output=True, text=True,
                          timeout=600, check=False)
    checks.check("the demo makes an archive", made.returncode == 0, made.stdout + made.stderr)
    before = {path: path.stat().st_mtime_ns for path in sorted((demo / "archive").rglob("*"))}
    drops = folder / "js" / "orders" / "build" / "orders.wasm"
    other = [language for language in ["c", "rust", "go"] if (folder / language / "orders" / "build" / "orders.wasm").exists()]

    def replayed(*arguments):
        done = sealog("replay", str(demo / "archive"), "--range", "0..3", "--format", "json", *arguments, cwd=folder)
        checks.check(f"replay {' '.join(arguments[2:])}", done.returncode in (0, 1), done.stderr)
        return done.returncode, json.loads(done.stdout)

    code, found = replayed("--component", str(drops), "--check")
    checks.check("something is judged", found["judged"] > 0, found)
    checks.check("what drops everything changes every record that is judged",
                 code == 1 and found["changed"] == found["judged"] and all(row["now"] == "drop" for row in found["matrix"]), found)
    checks.equal("examples are bounded", len(found["examples"]), min(20, found["judged"]))
    code, found = replayed("--component", str(drops), "--old", str(drops), "--check")
    checks.equal("a component says what itself says", (code, found["changed"]), (0, 0))
    if other:
        component = folder / other[0] / "orders" / "build" / "orders.wasm"
        _, found = replayed("--component", str(component), "--old", str(drops))
        checks.check("old and new components are told apart", all(row["before"] == "drop" for row in found["matrix"]), found)
    rows = sealog("run", str(demo / "archive"), "--component", str(drops), "--only-effects", cwd=folder)
    checks.check("run reads archives", rows.returncode == 0 and " drop" in rows.stderr, rows.stderr)
    after = {path: path.stat().st_mtime_ns for path in sorted((demo / "archive").rglob("*"))}
    checks.check("the archive is not written to", before == after)


def pins(checks, sealog, project):
    """`pin` writes the digest and nothing else, and `--check` tells a changed component."""
    config = project / "sealog.toml"
    before = '# ours\n[[table]]\nname = "orders" # big\n\n[[table.filter]]\ncomponent = "build/orders.wasm"\n\n[[table]]\nname = "other"\n'
    config.write_text(before)
    unpinned = sealog("pin", "--check", cwd=project)
    checks.equal("an unpinned filter fails --check", (unpinned.returncode, config.read_text()), (1, before))
    pinned = sealog("pin", cwd=project)
    digest = json.loads(sealog("inspect", "--format", "json", cwd=project).stdout)["sha256"]
    expected = before.replace('orders.wasm"\n', f'orders.wasm"\nsha256 = "{digest}"\n')
    checks.equal("pin writes the digest and leaves the rest", (pinned.returncode, config.read_text()), (0, expected))
    checks.equal("a pinned filter passes --check", sealog("pin", "--check", cwd=project).returncode, 0)
    unknown = sealog("pin", "nobody", cwd=project)
    checks.check("pin knows its filters", unknown.returncode == 2 and "no filter \"nobody\"" in unknown.stderr, unknown.stderr)


def wrong_usage(checks, sealog, folder):
    """Messages say what to do next; exit codes are those of `sealog --help`."""
    empty = folder / "empty"
    empty.mkdir()
    pattern = '{"eventName":["INSERT"],"dynamodb":{"NewImage":{"a":{"S":[null]}}}}'
    nothing = {"PATH": str(empty), "SEALOG_GUESTS": ""}
    for name, arguments, extra, code, message in [
        ("build without a project", ["build"], {}, 2, r"sealog filter new NAME"),
        ("test without a project", ["test"], {}, 2, r"sealog filter new NAME"),
        ("inspect of what is not there", ["inspect", "no.wasm"], {}, 2, r"no\.wasm"),
        ("a bad name", ["new", "Not_Good", "--lang", "c"], {}, 2, r"1 to 64 of a-z"),
        ("an unknown language", ["new", "x", "--lang", "cobol"], {}, 2, r"rust, python, js, c, go"),
        ("run without input", ["run"], {}, 2, r"INPUT"),
        ("a pattern nobody can obey", ["from-lambda-pattern", "-"], {"stdin": '{"awsRegion":["x"]}'}, 1, r"at awsRegion: a filter does not see this"),
    ]:
        done = sealog(*arguments, cwd=empty, **extra)
        checks.equal(f"{name}: exit code", done.returncode, code)
        checks.check(f"{name}: message", re.search(message, done.stderr), done.stderr)
    section = sealog("from-lambda-pattern", "-", cwd=empty, stdin=pattern)
    checks.check("a pattern becomes a section", section.stdout.startswith("[[table.filter]]\n") and "shadow" in section.stderr, section.stdout)
    settings = sealog("from-lambda-pattern", "-", "--format", "json", cwd=empty, stdin=pattern)
    checks.equal("a pattern becomes a configuration", json.loads(settings.stdout), {"patterns": [json.loads(pattern)]})

    (empty / "x.wasm").write_bytes(b"\0asm\1\0\0\0")
    module = sealog("inspect", "x.wasm", cwd=empty)
    checks.check("a core module is refused", module.returncode == 1 and "refused: " in module.stdout, module.stdout + module.stderr)

    installs = {"rust": "rustup", "c": "pip install ziglang", "go": "https://go.dev/dl/", "js": "nodejs", "python": "pip install componentize-py"}
    for language, install in installs.items():
        made = sealog("new", f"m-{language}", "--lang", language, cwd=empty, **nothing)
        checks.check(f"{language}: new works without a toolchain, and says what is missing",
                     made.returncode == 0 and install in made.stdout, made.stdout + made.stderr)
        built = sealog("build", cwd=empty / f"m-{language}", **nothing)
        checks.check(f"{language}: build says how to install what is missing", built.returncode == 69 and install in built.stderr, built.stderr)
    sick = sealog("doctor", "--format", "json", cwd=empty, **nothing)
    checks.equal("doctor finds nothing where there is nothing", sick.returncode, 1)
    checks.check("and says how to get it", all(install in sick.stdout for install in installs.values()), sick.stdout)
    well = sealog("doctor", cwd=empty)
    checks.check("doctor finds all five here", well.returncode == 0 and well.stdout.count("\n") == 5, well.stdout + well.stderr)


if __name__ == "__main__":
    sys.exit(main())
