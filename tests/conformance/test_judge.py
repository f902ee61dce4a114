"""The judge finds what it is there to find; a suite that cannot fail would be worth nothing."""

import sys
import unittest
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "integration")]

from checks import Checks, run_unittest  # noqa: E402
from judge import Behaviour, Difference, Differs, judge, table  # noqa: E402


class Server:
    name = "moto"


def conforms(_server, _table):
    return None


def differs(_server, _table):
    raise Differs("ignores Limit")


def breaks(_server, _table):
    raise KeyError("Streams")


def verdict(behaviour, *differences):
    """(passed, failed) and what was printed, for one behaviour named `pages`."""
    checks, out = Checks("t"), StringIO()
    with redirect_stdout(out):
        judge(checks, Server(), {"pages": Behaviour(behaviour, None, "API_ListStreams")}, differences)
    return checks.passed, checks.failed, out.getvalue()


LISTED = Difference("pages", "moto", "ignores Limit")


class TestJudge(unittest.TestCase):
    def test_what_is_documented_passes(self):
        self.assertEqual(verdict(conforms)[:2], (1, 0))

    def test_a_difference_that_is_not_listed_fails(self):
        self.assertEqual(verdict(differs)[:2], (0, 1))

    def test_a_difference_that_is_listed_passes(self):
        self.assertEqual(verdict(differs, LISTED)[:2], (1, 0))

    def test_a_server_that_conforms_again_fails_and_is_told_what_to_do(self):
        passed, failed, said = verdict(conforms, LISTED)
        self.assertEqual((passed, failed), (0, 1))
        self.assertIn("take it off the list", said)

    def test_a_server_that_differs_otherwise_fails(self):
        self.assertEqual(verdict(differs, LISTED._replace(instead="lists nothing"))[:2], (0, 1))

    def test_a_difference_of_another_server_excuses_nothing(self):
        self.assertEqual(verdict(differs, LISTED._replace(server="simulator"))[:2], (0, 1))

    def test_a_difference_in_a_behaviour_that_does_not_exist_fails(self):
        self.assertEqual(verdict(conforms, LISTED._replace(behaviour="page"))[:2], (1, 1))

    def test_a_behaviour_that_breaks_fails_listed_or_not(self):
        self.assertEqual(verdict(breaks)[:2], (0, 1))
        self.assertEqual(verdict(breaks, LISTED)[:2], (0, 1))

    def test_the_table_says_what_decides(self):
        shown = table([LISTED], {"pages": Behaviour(conforms, None, "API_ListStreams")})
        self.assertIn("instead: ignores Limit", shown)
        self.assertIn("decides: API_ListStreams", shown)


if __name__ == "__main__":
    run_unittest(__name__)
