"""What {{name}} decides. `configure` says which attributes it looks at; nothing else reaches it.

There are no files, no clock and no `print` in here; `log.write` is for people.
"""
import json

import wit_world
from componentize_py_types import Err
from wit_world.imports.types import (
    Change, ChangeKind, Column, Edits, Image, Manifest, Tag, Value_Absent, Value_Text, VerdictKinds,
    Verdict_Drop, Verdict_Keep, Verdict_KeepWith,
)

SCHEMA = {"type": "object", "properties": {"drop_status": {"type": "string"}}, "additionalProperties": False}
COLUMNS = [
    Column(Image.OLD_IMAGE, ["status"]),
    Column(Image.NEW_IMAGE, ["status"]),
    Column(Image.OLD_IMAGE, ["email"]),
    Column(Image.NEW_IMAGE, ["email"]),
]
# Places in COLUMNS, and so in a change's cells.
OLD_STATUS, NEW_STATUS, OLD_EMAIL, NEW_EMAIL = range(4)

# Of the module, not of WitWorld: each call gets a new object of that.
settings = {"drop_status": "DRAFT"}


def text(change: Change, column: int):
    cell = change.cells[column]
    return cell.value if isinstance(cell, Value_Text) else None


def judge(change: Change, drop_status: str):
    old, new = text(change, OLD_STATUS), text(change, NEW_STATUS)
    if new == drop_status:
        return Verdict_Drop("draft")
    redact = [column for column in (OLD_EMAIL, NEW_EMAIL) if not isinstance(change.cells[column], Value_Absent)]
    tags = []
    by = change.identity
    if change.kind == ChangeKind.REMOVE and by and (by.kind, by.principal) == ("Service", "dynamodb.amazonaws.com"):
        tags.append(Tag("deleted-by", "ttl"))
    alert = "paid-cancelled" if (old, new) == ("PAID", "CANCELLED") else None
    if not (redact or tags or alert):
        return Verdict_Keep()
    return Verdict_KeepWith(Edits(tags, redact, alert))


class WitWorld(wit_world.WitWorld):
    def configure(self, config: str) -> Manifest:
        try:
            settings.update(json.loads(config))
        except ValueError as error:
            raise Err(f"the configuration is no JSON: {error}")
        kinds = VerdictKinds.DROP | VerdictKinds.REDACT | VerdictKinds.TAG | VerdictKinds.ALERT
        return Manifest("{{name}}", "0.1.0", COLUMNS, ["draft", "paid-cancelled"], kinds, json.dumps(SCHEMA))

    def evaluate(self, batch):
        return [judge(change, settings["drop_status"]) for change in batch]
