"""Tests of run_vectors.py with a fake sealog: verify.py behind a switch that makes it lie."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import run_vectors
from test_verify import good_log
from writer import EXAMPLE, NOW

FAKE = """#!{python}
import json, subprocess, sys
assert sys.argv[1] == "verify"
ran = subprocess.run([sys.executable, {verify!r}, *sys.argv[2:]], capture_output=True)
code, report = ran.returncode, json.loads(ran.stdout)
{lie}
print(json.dumps(report))
sys.exit(code)
"""


def fake(folder: Path, lie: str = "") -> str:
    path = folder / "sealog"
    path.write_text(FAKE.format(python=sys.executable, verify=str(run_vectors.HERE / "verify.py"), lie=lie))
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    folder = tmp_path / "vectors"
    log = good_log(folder / "missing" / "archive")
    log.save()
    (log.path / log.object_key(2)).unlink()
    (folder / "missing" / "vector.txt").write_text(
        f"about: an object was removed\nkey: {EXAMPLE.vkey}\nnow: {NOW}\nexpect: TAMPERED\n"
        "finding: object-missing commit=2 object=.parquet\n"
    )
    good_log(folder / "good" / "archive").save()
    outside = (folder / "good/archive/orders/checkpoint").read_bytes()
    (folder / "good" / "outside").write_bytes(outside)
    (folder / "good" / "vector.txt").write_text(
        f"about: good\ncheckpoint: outside\nnow: {NOW}\nexpect: INTACT\n"
    )
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run_vectors.main(list(arguments))
    return code, capsys.readouterr().out


def test_agreement(vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, fake(tmp_path), "--vectors", str(vectors))
    assert code == 0 and out.splitlines()[-1] == "2 passed, 0 failed"


@pytest.mark.parametrize("lie,says", [
    ("report['logs'][0]['findings'] = []", "does not find code=object-missing"),
    ("report['logs'][0]['findings'][0:0] = [{'code': 'stale', 'commit': 3, 'object': None, 'shard': None, 'row': None, 'key': None, 'earlier': None}]",
     "only sealog finds log=orders code=stale commit=3"),
    ("report['logs'][0]['findings'] = []", "only verify.py finds log=orders code=object-missing commit=2"),
    ("report['outcome'] = 'INTACT'; code = 0", "sealog: outcome INTACT, expected TAMPERED"),
    ("code = 7", "exit code 7 with outcome TAMPERED"),
    ("report = []", "no report"),
    ("raise SystemExit('boom')", "boom"),
])  # fmt: skip
def test_disagreement(
    vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lie: str, says: str
) -> None:
    code, out = run(capsys, fake(tmp_path, lie), "--vectors", str(vectors))
    assert code == 1 and says in out and not out.endswith(" 0 failed\n")


@pytest.mark.parametrize("line", [
    "expect: FINE", "finding: stale place=3", "finding: stale commit=3", "colour: red", "finding: object-missing row=0",
])  # fmt: skip
def test_vectors_that_are_wrong(
    vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    file = vectors / "missing" / "vector.txt"
    file.write_text(file.read_text() + line + "\n")
    code, out = run(capsys, fake(tmp_path), "--vectors", str(vectors))
    assert code == 1 and out.splitlines()[-1] == "1 passed, 1 failed"


def test_no_vector_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, fake(tmp_path), "--vectors", str(tmp_path))
    assert code == 1 and out == "0 passed, 0 failed\n"


def test_any_archive(vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--archive", str(vectors / "good/archive"), "--key", EXAMPLE.vkey, "--now", NOW]
    code, out = run(capsys, fake(tmp_path), *given)
    assert code == 0 and out.splitlines()[-1] == "1 passed, 0 failed"
    code, out = run(capsys, fake(tmp_path, "report['logs'][0]['log'] = 'x'; report['outcome'] = 'STALE'"), *given)
    assert code == 1 and "verdicts differ" in out
    code, out = run(capsys, "/nowhere/sealog", *given)
    assert code == 1 and "No such file" in out
