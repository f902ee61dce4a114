"""Athena: the statements are what `sealog athena ddl` writes for the configuration beside them."""

import shutil
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


def check(place):
    folder = place.deploy / "athena"
    with place.folder() as temporary:
        # An archive whose first day does not change.
        shutil.copytree(VECTORS / "clean-ledger" / "archive", temporary / "archive")
        shutil.copy(folder / "sealog.toml", temporary)
        place.passes("athena: the lake is published", place.sealog, "lake", "publish", "--config", temporary / "sealog.toml")
        place.passes("athena: the statements are written", place.sealog, "athena", "ddl", "--archive", temporary / "archive",
                     "--location", "s3://acme-audit/sealog", "--out", temporary / "ddl")
        made = {path.name: path.read_text() for path in sorted((temporary / "ddl").iterdir())}
    for name, text in made.items():
        place.same(f"athena: {name} is what sealog writes", folder / name, text)
    held = sorted(path.name for path in folder.glob("*.sql"))
    place.checks.equal("athena: no other statement lies there", held, sorted(made))
    said = (folder / "README.md").read_text()
    place.checks.equal("athena: README.md names each", [name for name in made if name != "00_database.sql" and name not in said], [])
