"""The answers to the questions of docs/queries.md, from the story of the demo alone.

One function a text, registered under the number of its question and its place there. Each gives rows in the order in which the
text asks for them.
"""

import datetime
import hashlib
import json
from collections import Counter
from decimal import Decimal
from zoneinfo import ZoneInfo

import story
from story import number, string

ACCOUNT = "ACC-00051680"
# Instants of the texts, as time before the demo's last change, which the document dates 17:59:00.
LAST = datetime.datetime(2026, 11, 28, 17, 59)
ANSWERS = {}


def answers(question, place):
    """Registers a function of the story."""
    def register(function):
        ANSWERS[question, place] = function
        return function
    return register


def at(told, clock):
    """The instant that the document calls by this time of day."""
    return told.last_at + (datetime.datetime.combine(LAST.date(), datetime.time.fromisoformat(clock)) - LAST)


def most(counted):
    """Pairs by falling count, then by name; no name comes last, as engines sort it."""
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0] is None, pair[0] or ""))


@answers(1, 1)
def between(told):
    return [(it.at, it.event, it.who, it.commit, it.row) for it in told.histories[ACCOUNT]
            if at(told, "15:00") <= it.at < at(told, "17:00")]


@answers(2, 1)
def last_ten(told):
    return [(it.version, it.event, it.who, number(it.old, "balance"), number(it.new, "balance"))
            for it in told.histories[ACCOUNT][:-11:-1]]


@answers(3, 1)
def deleted_by_somebody(told):
    return sorted((it.account, it.at, string(it.old, "status"), number(it.old, "balance"))
                  for it in told.changes if it.event == "REMOVE" and not it.by_ttl)


@answers(4, 1)
def by_ttl_each_day(told):
    deletes = [it for it in told.changes if it.event == "REMOVE"]
    return [(day, sum(it.by_ttl for it in deletes if it.day == day), sum(it.day == day for it in deletes))
            for day in sorted({it.day for it in deletes})]


@answers(5, 1)
def outside_hours(told):
    def outside(moment):
        berlin = moment.replace(tzinfo=datetime.timezone.utc).astimezone(ZoneInfo("Europe/Berlin"))
        return not 8 <= berlin.hour < 18 or berlin.isoweekday() > 5
    return most(Counter(it.who for it in told.changes if outside(it.at)))


@answers(6, 1)
def large_amounts(told):
    moved = ((it, number(it.old, "balance"), number(it.new, "balance")) for it in told.changes if it.old and it.new)
    return [(it.account, it.who, old, new, new - old) for it, old, new in moved if abs(new - old) >= Decimal(10_000)]


@answers(7, 1)
def limits_changed(told):
    found = [it for it in told.changes if it.event == "MODIFY" and "limits" in it.changed]
    return [(who, sum(it.who == who for it in found), len({it.account for it in found if it.who == who}))
            for who in sorted({it.who for it in found})]


@answers(8, 1)
def changed_back(told):
    rows = []
    for account, history in told.histories.items():
        states = [(string(it.old, "status"), string(it.new, "status")) for it in history if it.event == "MODIFY"]
        turns = [(old, new) for old, new in states if None not in (old, new) and old != new]
        if turns and turns[0][0] == turns[-1][1]:
            rows.append((account, len(turns), turns[0][0]))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


@answers(9, 1)
def short_lives(told):
    rows = []
    for account, history in told.histories.items():
        born = None
        for it in history:
            born = it.at if it.event == "INSERT" else born
            if it.event == "REMOVE" and born and it.at - born < datetime.timedelta(hours=1):
                rows.append((account, born, it.at, it.identity))
    return sorted(rows, key=lambda row: row[0])


@answers(10, 1)
def per_principal(told):
    return most(Counter(it.who or it.principal or "(a deletion)" for it in told.changes))


@answers(11, 1)
def gaps(told):
    facts = [fact for commit in told.commits for fact in commit.get("facts", [])]
    return [tuple(gap.get(name) for name in ("noticed_at", "stream", "shard", "after", "first", "cause"))
            for gap in facts if gap["kind"] == "gap"]


@answers(12, 1)
def dropped(told):
    found = [it for it in told.changes if it.verdict == "drop"]
    return [(*why, count, len({it.account for it in found if (it.reason, it.event) == why}))
            for why, count in sorted(Counter((it.reason, it.event) for it in found).items())]


@answers(12, 2)
def said_by_filters(told):
    """Of the verdicts of rows; the one filter of the demo is pinned by a fact."""
    facts = [fact for commit in told.commits for fact in commit.get("facts", []) if fact["kind"] == "filter_pinned"]
    said = Counter(it.verdict for it in told.changes)
    faults = sum((it.reason or "").startswith("fault:") for it in told.changes)
    return [(fact["filter"]["name"], fact["filter"]["mode"], said["keep"], said["drop"], said["redact"], faults) for fact in facts]


@answers(13, 1)
def redacted(told):
    def row(it):
        removed = json.loads(it.redactions)
        names = [one["path"][0] for one in removed[:3]]
        return it.event, removed[0]["image"], *names, *[None] * (3 - len(names))
    found = Counter(row(it) for it in told.changes if it.redactions)
    return [(*which, count) for which, count in sorted(found.items(), key=lambda pair: [it or "~" for it in pair[0]])]


@answers(14, 1)
def marked(told):
    return [(it.account, it.reason, it.tags, number(it.new, "last_posting", "amount")) for it in told.changes
            if it.tags or (it.verdict == "keep" and it.reason)]


@answers(15, 1)
def population(told):
    until = [[it for it in history if it.at <= at(told, "17:00")] for history in told.histories.values()]
    gone = [history[-1].event == "REMOVE" for history in until if history]
    return [(gone.count(False), gone.count(True))]


@answers(15, 2)
def completeness(told):
    segments = [it for commit in told.commits for it in (commit.get("batch") or {}).get("segments", [])]
    began = [len({it["shard"] for it in segments if it["from"] == how}) for how in ("trim_horizon", "latest")]
    first, last = (story.when(told.commits[place]["committed_at"]) for place in (0, -1))
    return [(first, last, *began, len(gaps(told)))]


@answers(15, 3)
def seen_from_creation(told):
    first = [history[0].event for history in told.histories.values()]
    return [(len(first), first.count("INSERT"))]


@answers(16, 1)
def sample(told):
    return [(key,) for key in sorted(told.histories, key=lambda key: hashlib.sha256(f"audit-2026-Q4/{key}".encode()).digest())[:25]]


@answers(17, 1)
def as_of(told):
    it = [it for it in told.histories[ACCOUNT] if it.at <= at(told, "16:00")][-1]
    return [(it.version, it.event, number(it.new, "balance"), string(it.new, "status"), string(it.new, "owner"))]


@answers(18, 1)
def differences(told):
    def became(first, last):
        if first == "INSERT":
            return "come and gone" if last == "REMOVE" else "added"
        return "removed" if last == "REMOVE" else "changed"
    within = [[it for it in history if at(told, "16:00") < it.at <= at(told, "17:00")] for history in told.histories.values()]
    return sorted(Counter(became(history[0].event, history[-1].event) for history in within if history).items())


@answers(19, 1)
def leaves(told):
    return sorted(Counter(it.good for it in told.changes).items())


@answers(20, 1)
def place_of_the_correction(told):
    return [(it.commit, it.row, it.sequence) for it in told.changes if "@" in (it.who or "")]


@answers(21, 1)
def lags(told):
    found = [(it.committed_at - it.at) // datetime.timedelta(seconds=1) for it in told.changes]
    return [(max(found), min(found))]


@answers(21, 2)
def silence(told):
    instants = [story.when(commit["committed_at"]) for commit in told.commits]
    found = [((after - before) // datetime.timedelta(milliseconds=1), n) for n, (before, after) in
             enumerate(zip(instants, instants[1:]), 1)]
    longest, commit = max(found, key=lambda pair: (pair[0], -pair[1]))
    return [(commit, longest)]


@answers(22, 1)
def attributes(told):
    return most(Counter(name for it in told.changes if it.event == "MODIFY" for name in it.changed))


@answers(23, 1)
def by_hand(told):
    return [(it.account, it.version, it.who, string(it.new, "last_posting", "corrects"), string(it.new, "last_posting", "reason"),
             number(it.new, "balance")) for it in told.changes if "@" in (it.who or "")]
