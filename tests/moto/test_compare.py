"""The comparison of the moto suite finds what it is there to find, and accepts what is right."""

import io
import sys
import unittest
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import run  # noqa: E402
from checks import Checks, run_unittest  # noqa: E402

PAGE = (b'{"Records": [{"eventID": "e%d", "eventName": "INSERT", "dynamodb": {"ApproximateCreationDateTime": 1795426594.17,'
        b' "Keys": {"k": {"S": "\\u0041"}}, "NewImage": {"k" : {"S": "\\u0041"}}, "SequenceNumber": "%d", "SizeBytes": 12}}]}')


def expected(number):
    """The expected row of a record in a made-up reply."""
    body = PAGE % (number, number)
    page = {name: span for name, _, span in run.raw_json.members(body, 0)}
    return run.expected_row(body, run.raw_json.elements(body, page["Records"][0])[0], "label", "shard")


def failures(got):
    """The names of the checks that fail when `got` is compared with records 1, 2 and 3."""
    checks = Checks("test")
    said = io.StringIO()
    with redirect_stdout(said):
        run.Suite.compare(SimpleNamespace(checks=checks), "x", [expected(number) for number in (1, 2, 3)], got)
    return [line.split("x: ")[1] for line in said.getvalue().splitlines() if line.startswith("FAILED")]


class Compare(unittest.TestCase):
    def test_a_record_is_cut_verbatim(self):
        row = expected(7)
        self.assertEqual(row["new_image"], b'{"k" : {"S": "\\u0041"}}')
        self.assertEqual((row["keys"], row["old_image"], row["extra"]), (b'{"k": {"S": "\\u0041"}}', None, None))
        self.assertEqual((row["created_at"], row["size_bytes"], row["event_id"]), (1795426594170, 12, b"e7"))

    def test_the_same_rows_pass(self):
        self.assertEqual(failures([expected(1), expected(2), expected(3)]), [])

    def test_one_blank_less_in_an_image_is_found(self):
        bad = expected(2)
        bad["new_image"] = bad["new_image"].replace(b'"k" :', b'"k":')
        self.assertEqual(failures([expected(1), bad, expected(3)]), ["column new_image"])

    def test_wrong_order_is_found(self):
        self.assertEqual(failures([expected(2), expected(1), expected(3)]), ["order in each shard"])

    def test_a_lost_and_a_doubled_record_are_found(self):
        self.assertIn("number of rows", failures([expected(1), expected(3)]))
        self.assertIn("each record once", failures([expected(1), expected(2), expected(2)]))

    def test_no_rows_at_all_fail_every_column(self):
        self.assertIn("column keys", failures([]))

    def test_times_are_exact(self):
        self.assertEqual(run.milliseconds(b"1795426594.17"), 1795426594170)
        self.assertEqual(run.milliseconds(b"1795426594"), 1795426594000)
        with self.assertRaises(ValueError):
            run.milliseconds(b"1795426594.1234")


if __name__ == "__main__":
    run_unittest(__name__)
