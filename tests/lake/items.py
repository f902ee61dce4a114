"""`sealog history`, `as-of` and `diff` on the demo, whole and in JSON, against a replay of its story in plain Python."""

import json
import subprocess

import answers
import programs


def check(checks, asking):
    """Each account's state and history; instants as in the document."""
    early, late = (answers.at(asking.told, clock) for clock in ("16:00", "17:00"))
    ask = Ask(asking)
    with checks.section("as-of"):
        for instant in (early, late, asking.told.last_at):
            got = {key(line): line["item"] for line in ask("as-of", "accounts", "--at", iso(instant)) if "item" in line}
            check_states(checks, f"as-of {instant}", got, newest(asking.told, instant))
    with checks.section("diff"):
        lines = ask("diff", "accounts", "--from", iso(early), "--to", iso(late))
        got = {key(line): (line["item"]["difference"], line["item"]["changes"]) for line in lines if "item" in line}
        want = differences(asking.told, early, late)
        checks.check("diff: what became of each account, and in how many changes", got == want,
                     lambda: [(it, got.get(it), want.get(it)) for it in sorted(got.keys() | want.keys()) if got.get(it) != want.get(it)][:5])
    with checks.section("history"):
        busiest = sorted(asking.told.histories, key=lambda account: -len(asking.told.histories[account]))[:2]
        for account in [answers.ACCOUNT, *busiest, next(it.account for it in asking.told.changes if it.verdict == "drop")]:
            got = [line["change"] for line in ask("history", "accounts", "--key", account) if "change" in line]
            check_history(checks, account, got, asking.told.histories[account])


class Ask:
    """Runs a command; gives its lines."""

    def __init__(self, asking):
        self.asking = asking

    def __call__(self, *arguments):
        done = subprocess.run([self.asking.sealog, *arguments, "--config", "sealog-demo/sealog.toml", "--format", "json"],
                              cwd=self.asking.folder, capture_output=True, text=True, timeout=300, check=False,
                              env=programs.environment("http://127.0.0.1:9"))
        if done.returncode not in (0, 3):
            raise RuntimeError(f"sealog {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
        return [json.loads(line) for line in done.stdout.split("\n") if line]


def iso(instant):
    return instant.isoformat() + "Z"


def key(line):
    return line["item"]["keys"]["account_id"]["S"]


def newest(told, instant):
    """The newest change of each account until an instant."""
    until = ([it for it in history if it.at <= instant] for history in told.histories.values())
    return {history[-1].account: history[-1] for history in until if history}


def check_states(checks, name, got, want):
    alive = {account: change for account, change in want.items() if change.event != "REMOVE"}
    present = {account: it for account, it in got.items() if it["state"] == "present"}
    checks.equal(f"{name}: accounts that are there", sorted(present), sorted(alive))
    removed = {account: {one["path"][0] for one in json.loads(change.redactions or "[]") if one["image"] == "new_image"}
               for account, change in alive.items()}
    wrong = [account for account in alive if without(present[account]["item"], removed[account]) != without(alive[account].new, removed[account])]
    checks.equal(f"{name}: {len(alive)} accounts as they were", wrong[:3], [])
    named = {account: {path[0] for path in it["redacted"]} for account, it in present.items()}
    checks.check(f"{name}: what was redacted is named", named == removed and any(removed.values()),
                 lambda: [(account, named[account], names) for account, names in removed.items() if named[account] != names][:3])


def without(image, names):
    """An image without some attributes."""
    return {name: value for name, value in image.items() if name not in names}


def differences(told, early, late):
    """What became of each account between two instants: as the command calls it, and how many changes there were."""
    before, after = ({account: it.new for account, it in newest(told, instant).items()} for instant in (early, late))
    found = {}
    for account, history in told.histories.items():
        count = sum(early < it.at <= late for it in history)
        old, new = before.get(account), after.get(account)
        if count:
            became = "changed_back" if old == new else "added" if not old else "removed" if not new else "modified"
            found[account] = (became, count)
    return found


def check_history(checks, account, got, want):
    facts = [(it["version"], it["event"], it["sequence_number"], it["proof"]["commit"], it["proof"]["row"], it["verdict"]["verdict"]) for it in got]
    checks.equal(f"history of {account}: {len(want)} changes and where they are sealed", facts,
                 [(it.version, it.event, str(it.sequence), it.commit, it.row, it.verdict) for it in want])
    checks.check(f"history of {account}: every row's leaf hash, and the signed head", all(
        it["proof"]["leaf_hash_right"] and it["proof"]["signed"] for it in got), got)
    attributes = [it["attributes"] and sorted({one["path"][0] for one in it["attributes"]}) for it in got]
    checks.equal(f"history of {account}: what differs", attributes, [None if it.verdict == "drop" else it.changed for it in want])
