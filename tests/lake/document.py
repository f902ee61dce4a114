"""Reads docs/queries.md: its blocks of code, and the answers that stand behind them.

A block's info string says its language and who runs it: `sql athena duckdb`, `python spark setup`, `console`. Blocks that stand
together answer the same; behind them stands what they must say on the demo: a table, `No rows.`, or a table that shows the first
rows, and `N rows.`. A cell in italics depends on the clock; only its shape is held against what comes.
"""

import re
from dataclasses import dataclass, field

FENCE = "```"
QUESTION = re.compile(r"### (\d+)\. ")
ROWS = re.compile(r"(\*?)([\d]+)\1 rows\.$")


class Malformed(Exception):
    """The document is not written as the above says."""


@dataclass
class Block:
    """A piece of code. `words` are those of its info string after the language; `line` is where it begins; `label` is the line of
    text above it."""

    language: str
    words: list
    text: str
    line: int
    label: str

    def __str__(self):
        return f"line {self.line}, {' '.join([self.language, *self.words])}"


@dataclass
class Answer:
    """What is expected: names of the columns, cells as text, and how many rows there are (None: it depends on the clock)."""

    columns: list = None
    cells: list = field(default_factory=list)
    count: int = 0
    line: int = 0


@dataclass
class Asked:
    """Blocks that answer the same, and their answer if one is printed; `question` is None before the first one."""

    question: int
    place: int
    blocks: list
    answer: Answer = None

    @property
    def name(self):
        return f"{self.question}.{self.place}" if self.question else f"set-up, line {self.blocks[0].line}"


def read(path):
    """All that is asked, in the document's order."""
    lines = path.read_text().splitlines()
    asked, question, place, number, open_ended = [], None, 0, 0, False
    while number < len(lines):
        line = lines[number]
        if line.startswith(FENCE):
            block, number = _block(lines, number)
            if not (open_ended and block.language == "sql" and asked[-1].blocks[-1].language == "sql"):
                place += 1
                asked.append(Asked(question, place, []))
            asked[-1].blocks.append(block)
            open_ended = True
        elif line.startswith("|") or line == "No rows.":
            if not open_ended or asked[-1].answer:
                raise Malformed(f"line {number + 1}: an answer without a text before it")
            asked[-1].answer, number = _answer(lines, number)
            open_ended = False
        elif line.startswith("#"):
            found = QUESTION.match(line)
            question, place, open_ended = (int(found[1]) if found else None), 0, False
            number += 1
        else:
            number += 1
    return asked


def _block(lines, number):
    language, *words = lines[number][len(FENCE):].split() or [""]
    end = next((n for n in range(number + 1, len(lines)) if lines[n] == FENCE), None)
    if end is None or not language:
        raise Malformed(f"line {number + 1}: a block without an end or a language")
    label = next((line for line in reversed(lines[:number]) if line), "")
    return Block(language, words, "\n".join(lines[number + 1:end]) + "\n", number + 1, label), end + 1


def _answer(lines, number):
    answer = Answer(line=number + 1)
    if lines[number] == "No rows.":
        return answer, number + 1
    table = []
    while number < len(lines) and lines[number].startswith("|"):
        table.append([cell.strip() for cell in lines[number].strip().strip("|").split("|")])
        number += 1
    answer.columns, answer.cells = table[0], table[2:]
    answer.count = len(answer.cells)
    after = lines[number + 1] if number + 1 < len(lines) else ""
    if found := ROWS.match(after):
        answer.count = None if found[1] else int(found[2])
        number += 2
    return answer, number


def is_described(cell):
    """Whether a cell depends on the clock."""
    return len(cell) > 2 and cell.startswith("*") and cell.endswith("*")


def value(cell):
    """A cell's value, without its italics."""
    return cell[1:-1] if is_described(cell) else cell


def agrees(expected, got):
    """Whether a cell agrees with a value as text: equal, or of the same shape where it depends on the clock."""
    if not is_described(expected):
        return expected == got
    return shape(value(expected)) == shape(got)


def shape(text):
    """A text with each number in it, whatever its length, as one 9."""
    return re.sub(r"\d+", "9", text)
