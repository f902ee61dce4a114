"""What a commit says of its filters, held against its rows (FORMAT.md, section 8, "Filters")."""

from __future__ import annotations

from collections import Counter
from typing import Any, Iterator

UNREADABLE = b"fault:unreadable"


class FilterCheck:
    """Takes the rows of a batch, then says what its filters' counts contradict."""

    def __init__(self, filters: list[dict[str, Any]]) -> None:
        self._filters = filters
        self._enforcing = [one for one in filters if one["mode"] == "enforce"]
        self._components = {one["component"].encode() for one in self._enforcing}
        self._rows = Counter[str]()  # rows by decision, those that no filter saw apart
        self._dropped = Counter[bytes]()  # tombstones by the component that they name
        self._failed = Counter[bytes]()
        self._redacted = 0

    def take(self, verdicts: list[Any], reasons: list[Any], names: list[Any]) -> Iterator[tuple[int, str]]:
        """Counts rows; gives those that none of the filters can have decided so."""
        for row, (verdict, reason, name) in enumerate(zip(verdicts, reasons, names)):
            unreadable = reason == UNREADABLE
            failed = not unreadable and isinstance(reason, bytes) and reason.startswith(b"fault:")
            decided = failed or verdict in (b"drop", b"redact")
            if unreadable:
                self._rows["unreadable"] += 1
            elif failed:
                self._rows["fault"] += 1
            elif verdict in (b"keep", b"drop", b"redact"):
                self._rows[verdict.decode()] += 1
            self._redacted += verdict == b"redact"
            if name is not None and name not in self._components:
                yield row, f"no filter {name!r} enforces here"
            elif name is None and decided and self._filters:
                yield row, "names no filter"
            elif name is not None:
                self._dropped[name] += verdict == b"drop"
                self._failed[name] += failed

    def contradiction(self) -> str | None:
        """What cannot be, given all rows of the batch."""
        if not self._filters:
            return None
        for check in (self._answers, self._components_add_up, self._no_more_than_rows):
            if problem := check():
                return problem
        return None

    def _answers(self) -> str | None:
        asked = sum(count for what, count in self._rows.items() if what != "unreadable")
        for one in self._filters:
            expected = 0 if one["mode"] == "bypassed" else asked
            if sum(one["decisions"].values()) != expected:
                return f"filter {one['name']} was asked about {expected} rows: {one['decisions']}"
            if one["mode"] == "enforce":
                asked -= one["decisions"]["drop"]
        return None

    def _components_add_up(self) -> str | None:
        for component in self._components:
            mine = [one["decisions"] for one in self._enforcing if one["component"].encode() == component]
            if sum(counts["drop"] for counts in mine) != self._dropped[component]:
                return f"{self._dropped[component]} tombstones name {component!r}"
            if sum(counts["fault"] for counts in mine) < self._failed[component]:
                return f"{self._failed[component]} failures name {component!r}"
        return None

    def _no_more_than_rows(self) -> str | None:
        counts = [one["decisions"] for one in self._enforcing]
        if sum(each["redact"] for each in counts) < self._redacted:
            return f"{self._redacted} rows are redacted"
        hidden = self._rows["drop"] if len(counts) > 1 else 0  # what another filter may have dropped
        for each in counts:
            if each["fault"] > self._rows["fault"] + hidden:
                return f"{each['fault']} failures are counted, and the rows show fewer"
        return None
