"""The span scanner against Python's own JSON parser, on odd but legal texts and on random ones."""

import json
import random
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import raw_json  # noqa: E402
from checks import run_unittest  # noqa: E402


class Scanner(unittest.TestCase):
    def test_spans_are_cut_not_rewritten(self):
        body = rb' {"a":{ "S" : "\u0041\/\"}{][" } , "b\u0041" : [1 , -2.50E+3,"]", {}, [ ] ],"n":null}'
        found = raw_json.members(body, 1)
        self.assertEqual([name for name, _, _ in found], ["a", "bA", "n"])
        self.assertEqual(body[slice(*found[0][2])], rb'{ "S" : "\u0041\/\"}{][" }')
        self.assertEqual(body[slice(*found[1][1])], rb'"b\u0041"')
        parts = [body[slice(*span)] for span in raw_json.elements(body, found[1][2][0])]
        self.assertEqual(parts, [b"1", b"-2.50E+3", b'"]"', b"{}", b"[ ]"])

    def test_duplicate_names_are_both_seen(self):
        body = b'{"a":1,"a":2}'
        self.assertEqual([body[slice(*value)] for _, _, value in raw_json.members(body, 0)], [b"1", b"2"])

    def test_empty_containers(self):
        self.assertEqual(raw_json.members(b"{ }", 0), [])
        self.assertEqual(raw_json.elements(b"[ ]", 0), [])

    def test_cut_text_is_refused(self):
        whole = b'{"a":[1,{"b":"x"}]}'
        self.assertEqual(raw_json.skip(whole, 0), len(whole))
        for end in range(len(whole)):
            with self.assertRaises(raw_json.NotJson, msg=whole[:end]):
                raw_json.skip(whole[:end], 0)

    def test_random_values_agree_with_the_standard_parser(self):
        rng = random.Random(20261122)
        for _ in range(500):
            value = random_value(rng, 5)
            body = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1])).encode()
            padded = body + rng.choice([b"", b" ", b",", b"]"]) if isinstance(value, (dict, list, str)) else body
            self.assertEqual(raw_json.skip(padded, 0), len(body))
            if isinstance(value, dict):
                rebuilt = {name: json.loads(body[slice(*span)]) for name, _, span in raw_json.members(body, 0)}
                self.assertEqual(rebuilt, value)
            if isinstance(value, list):
                self.assertEqual([json.loads(body[slice(*span)]) for span in raw_json.elements(body, 0)], value)


def random_value(rng, depth):
    kind = rng.randrange(7 if depth else 5)
    if kind == 0:
        return "".join(rng.choice('ab"\\/{}[],:\n\t\u2028é😀\x7f') for _ in range(rng.randrange(12)))
    if kind == 1:
        return rng.choice([0, -1, 10**38 - 1, 1.5, 1e-130, -2.5e99])
    if kind in (2, 3, 4):
        return (True, False, None)[kind - 2]
    if kind == 5:
        return [random_value(rng, depth - 1) for _ in range(rng.randrange(5))]
    return {f"{rng.choice('a.B é')}{i}": random_value(rng, depth - 1) for i in range(rng.randrange(5))}


if __name__ == "__main__":
    run_unittest(__name__)
