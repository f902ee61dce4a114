"""What happened in the demo's archive, told from its evidence by pyarrow and plain Python: no SQL, nothing of the lake."""

import datetime
import json
from dataclasses import dataclass
from functools import cached_property
from decimal import Decimal

import archive
import truth


@dataclass
class Change:
    """A change of an account. Images are DynamoDB JSON or None; instants are in UTC; `version` counts the item's changes from 1."""

    commit: int
    row: int
    day: str
    stream: str
    sequence: int
    account: str
    event: str
    at: datetime.datetime
    committed_at: datetime.datetime
    old: dict
    new: dict
    verdict: str
    reason: str
    tags: str
    redactions: str
    principal: str
    identity: str
    good: bool
    version: int = 0

    @property
    def who(self):
        return string(self.new, "updated_by")

    @property
    def order(self):
        return self.stream, self.sequence

    @property
    def by_ttl(self):
        return (self.identity, self.principal) == ("Service", "dynamodb.amazonaws.com")

    @property
    def changed(self):
        """Names of the attributes that differ, or None where it does not show."""
        old, new = self.old or {}, self.new or {}
        return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


@dataclass
class Story:
    """`changes` in the order of streams and sequence numbers; `commits` as their JSON says."""

    changes: list
    commits: list

    @cached_property
    def histories(self):
        """The changes of each account, in order."""
        found = {}
        for change in self.changes:
            found.setdefault(change.account, []).append(change)
        return found

    @cached_property
    def last_at(self):
        """When the last change was made."""
        return max(change.at for change in self.changes)


def read(folder, log):
    """The story of a log."""
    changes = sorted((_change(*place) for place in truth.rows(folder, log)), key=lambda change: change.order)
    story = Story(changes, [commit for _, commit in archive.commits(folder, log)])
    for history in story.histories.values():
        for number, change in enumerate(history, 1):
            change.version = number
    return story


def _change(commit, row, cells, committed_at):
    def words(name):
        return None if cells[name] is None else cells[name].decode()

    def image(name):
        return None if cells[name] is None else json.loads(cells[name])

    return Change(
        commit, row, truth.date(cells["created_at"], committed_at), words("stream_label"), int(cells["sequence_number"]),
        string(image("keys"), "account_id"), words("event_name"), instant(cells["created_at"]), when(committed_at),
        image("old_image"), image("new_image"), words("verdict"), words("reason"), words("tags"), words("redactions"),
        words("user_identity_principal_id"), words("user_identity_type"), archive.leaf_hash(cells) == cells["leaf_hash"])


def instant(milliseconds):
    """An instant from milliseconds since 1970."""
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=milliseconds)


def when(iso):
    """An instant from RFC 3339 text in UTC."""
    return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).replace(tzinfo=None)


def string(image, *path):
    """A string in an image, by its path through maps, or None."""
    return _at(image, *path).get("S")


def number(image, *path, scale=2):
    """A number in an image as a decimal of that scale, or None."""
    digits = _at(image, *path).get("N")
    return None if digits is None else Decimal(digits).quantize(Decimal(1).scaleb(-scale))


def _at(image, *path):
    found = {"M": image or {}}
    for name in path:
        found = found.get("M", {}).get(name, {})
    return found
