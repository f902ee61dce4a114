"""Asks every question of docs/queries.md, on every engine that the document names, and holds the answers against each other.

    questions.py --sealog PATH --home DIR [--document FILE]

DIR is what tests/setup/lake.sh prints, whose Python this must be. The document itself is executed: what it says to set up an
engine is how the engine is set up. Each answer must be what the evidence says (answers.py), and what the document prints. A text
that nothing ran, and an answer that nothing was held against, are failures.
"""

import argparse
import contextlib
import dataclasses
import datetime
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]

import answers  # noqa: E402
import document  # noqa: E402
import engine  # noqa: E402
import engines  # noqa: E402
import items  # noqa: E402
import programs  # noqa: E402
import story  # noqa: E402
from checks import Checks  # noqa: E402

DEMO, LOG, PREFIX = "sealog-demo", "accounts", "sealog"
ENGINES = {"athena": "Athena", "sealog": "`sealog query`", "duckdb": "DuckDB", "spark": "Spark"}
INSTANT = re.compile(r"(?<![\d-])(\d{4}-\d\d-\d\d)([ T])(\d\d:\d\d:\d\d)(?![.\d])")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, help="the built binary")
    parser.add_argument("--home", required=True, help="what tests/setup/lake.sh prints")
    parser.add_argument("--document", type=Path, default=HERE.parent.parent / "docs/queries.md")
    options = parser.parse_args()
    checks = Checks("questions")
    with tempfile.TemporaryDirectory(prefix="sealog-questions-") as folder, checks.section("the document"):
        asking = Asking(checks, Path(options.sealog).resolve(), options.home, Path(folder), document.read(options.document))
        asking.demo()
        asking.console("setup")
        asking.all_engines()
        asking.files()
        asking.console()
        items.check(checks, asking)
        asking.nothing_is_left()
    return checks.finish()


class Asking:
    """The document, the demo's archive, and what was asked so far."""

    def __init__(self, checks, sealog, home, folder, asked):
        self.checks, self.sealog, self.home, self.folder, self.asked = checks, sealog, home, folder, asked
        self.ran, self.held, self.places = set(), set(), {}
        # The document's commands say `sealog`, and start where the demo lies.
        (folder / "bin").mkdir()
        (folder / "bin/sealog").symlink_to(sealog)
        os.chdir(folder)

    def demo(self):
        code, said = self.run(f"sealog demo --out {DEMO}")
        self.checks.check("sealog demo", code == 0, said)
        self.told = story.read(self.folder / DEMO / "archive", LOG)
        self.later = self.told.last_at - answers.LAST
        self.dates = sorted({change.day for change in self.told.changes})

    def run(self, command):
        """A line of the document, as a shell would run it; gives exit code and everything that was said."""
        environment = programs.environment("http://127.0.0.1:9")
        environment["PATH"] = f"{self.folder}/bin:{environment['PATH']}"
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=300, check=False, env=environment)
        return done.returncode, done.stdout

    def today(self, text):
        """A text of the document with its instants and days moved to those of this demo."""
        def moved(found):
            at = datetime.datetime.fromisoformat(f"{found[1]} {found[3]}") + self.later
            return at.isoformat(found[2], "seconds")
        text = INSTANT.sub(moved, text)
        text = re.sub(r"dt >= '[\d-]+'", f"dt >= '{self.dates[0]}'", text)
        return re.sub(r"dt <= '[\d-]+'", f"dt <= '{self.dates[-1]}'", text)

    def blocks(self, language, *words):
        for asked in self.asked:
            for block in asked.blocks:
                if block.language == language and set(words) <= set(block.words):
                    yield asked, block

    def setup(self, name):
        """The one block that sets something up, as it stands."""
        [(_, block)] = self.blocks("python", name, "setup")
        self.ran.add((block.line, name))
        return block.text

    def all_engines(self):
        with self.checks.section("athena"), engine.Engine(self.home, self.folder) as running:
            running.upload(self.folder / DEMO / "archive", PREFIX)
            running.make(sorted((self.folder / "ddl").iterdir()))
            self.ask(engines.Athena(running))
        with self.checks.section("sealog"):
            self.ask(engines.Sealog(self.sealog, self.folder, f"{DEMO}/sealog.toml"))
        with self.checks.section("duckdb"), contextlib.closing(engines.DuckDb(self.setup("duckdb"))) as running:
            self.ask(running)
        with self.checks.section("spark"), contextlib.closing(engines.Spark(self.setup("spark"), self.folder)) as running:
            self.ask(running)

    def ask(self, running):
        """Every text that names this engine."""
        for asked, block in self.blocks("sql", running.name):
            self.ran.add((block.line, running.name))
            name = f"{running.name}, question {asked.name}"
            try:
                got = running.rows(self.today(block.text))
            except (engine.Refused, engines.Refused) as error:
                self.checks.check(name, False, error)
                continue
            truth = engines.cells(answers.ANSWERS[asked.question, asked.place](self.told))
            self.checks.equal(name, got, truth)
            if asked.name not in self.held:
                self.held.add(asked.name)
                self.hold(asked, truth)

    def hold(self, asked, rows):
        """The printed answer against the rows that the evidence gives."""
        answer, name = asked.answer, f"the printed answer to question {asked.name}"
        shown = "\n".join(f"| {' | '.join(row)} |" for row in rows[:30])
        self.checks.check(name, holds(answer, rows), f"line {answer.line}; the evidence says {len(rows)} rows:\n{shown}")
        for planted in wrong(answer):
            self.checks.check(f"{name}, with a mistake planted, is refused", not holds(planted, rows), planted)
        # A later command names a row by the place that is printed here.
        at = [answer.columns.index(name) for name in ("commit_number", "row_index") if answer.columns and name in answer.columns]
        if len(at) == 2:
            for cells, row in zip(answer.cells, rows):
                self.places["/".join(document.value(cells[n]) for n in at)] = "/".join(row[n] for n in at)

    def files(self):
        """Readers without views: each line that is printed is count and sum."""
        said = io.StringIO()
        [(_, block)] = [pair for pair in self.blocks("python", "files") if "setup" not in pair[1].words]
        self.ran.add((block.line, "files"))
        with contextlib.redirect_stdout(said):
            exec(self.setup("files") + block.text, {})  # noqa: S102 - the document's own text is what is tested
        balances = [story.number(change.new, "balance") for change in self.told.changes if change.new]
        want = f"{len(self.told.changes)} {sum(balances)}"
        self.checks.equal("files without views", said.getvalue().splitlines(), [want] * 3)

    def console(self, *words):
        """Commands and what they say; an ellipsis stands for anything."""
        for asked, block in self.blocks("console", *words):
            if ("setup" in block.words) != ("setup" in words):
                continue
            self.ran.add((block.line, "console"))
            text = self.today(block.text)
            for printed, actual in self.places.items():
                text = re.sub(rf"(?<!\d){printed}(?!\d)", actual, text)
            for command, expected in commands(text):
                code, said = self.run(command)
                good = code == 0 and matches(expected, said)
                self.checks.check(f"{asked.name}: {shlex.split(command)[1]}", good, f"$ {command}\nexit code {code}\n{said}\nexpected:\n{expected}")

    def nothing_is_left(self):
        """Every block ran wherever it says, and every text of SQL has an answer that was held against something."""
        for asked in self.asked:
            for block in asked.blocks:
                runners = {"sql": block.words, "console": ["console"], "python": [it for it in block.words if it != "setup"]}
                wanted = runners.get(block.language, [])
                missing = [it for it in wanted if (block.line, it) not in self.ran]
                self.checks.check(f"{block} is run", wanted and not missing, f"not by {missing}")
                if block.language == "sql" and len(block.words) < len(ENGINES):
                    self.checks.equal(f"{block} says whom it is for", block.label, ", ".join(ENGINES[it] for it in block.words) + ":")
            if asked.question and asked.blocks[0].language == "sql":
                named = [word for block in asked.blocks for word in block.words]
                self.checks.equal(f"question {asked.name} is asked once of each engine", sorted(named), sorted(ENGINES))
                self.checks.check(f"question {asked.name} has an answer that is held", asked.answer and asked.name in self.held)
        asked = {(it.question, it.place) for it in self.asked if it.question and it.blocks[0].language == "sql"}
        self.checks.equal("every known answer is asked for", sorted(set(answers.ANSWERS) - asked), [])


def holds(answer, rows):
    """Whether a printed answer is what rows say."""
    if answer.count is not None:
        return len(rows) == answer.count and all(map(agrees, answer.cells, rows))
    # How many rows there are depends on the clock; those that are printed come in this order.
    remaining = iter(rows)
    return all(any(agrees(cells, row) for row in remaining) for cells in answer.cells if not described(cells))


def wrong(answer):
    """An answer with a mistake in it: in its first cell that does not depend on the clock, and in how many rows it says there are."""
    for n, cells in enumerate(answer.cells):
        for m, cell in enumerate(cells):
            if cell and not document.is_described(cell):
                changed = [*cells[:m], f"{cell}0", *cells[m + 1:]]
                yield dataclasses.replace(answer, cells=[*answer.cells[:n], changed, *answer.cells[n + 1:]])
                return
    if answer.count is not None:
        yield dataclasses.replace(answer, count=answer.count + 1)


def agrees(cells, row):
    return len(cells) == len(row) and all(map(document.agrees, cells, row))


def described(cells):
    """Whether all of a row depends on the clock."""
    return all(document.is_described(cell) for cell in cells if cell)


def commands(text):
    """Pairs of a command and what it must say."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif not found:
            raise document.Malformed(f"output without a command: {line}")
        else:
            found[-1][1].append(line)
    return [(command, "\n".join(said)) for command, said in found]


def matches(expected, said):
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    return not expected.strip() or re.fullmatch(pattern, said.strip(), re.DOTALL) is not None


if __name__ == "__main__":
    sys.exit(main())
