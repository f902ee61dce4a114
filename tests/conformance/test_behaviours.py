"""What behaviours say about the documentation is true, as far as botocore's service models hold its text."""

import re
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "integration")]

import botocore.session  # noqa: E402

from behaviours import BEHAVIOURS  # noqa: E402
from checks import run_unittest  # noqa: E402
from differences import DIFFERENCES  # noqa: E402

PAGE = re.compile(r"API_[A-Za-z_]+|Developer Guide, [A-Za-z.]+\.html|observed")


def documentation():
    """All texts of the two service models: no mark-up, single spaces."""
    texts = []
    for service in ("dynamodbstreams", "dynamodb"):
        collect(botocore.session.get_session().get_component("data_loader").load_service_model(service, "service-2"), texts)
    return " ".join(" ".join(re.sub(r"<[^>]+>", " ", text).split()) for text in texts)


def collect(node, texts):
    """The values of every `documentation` below a node."""
    if isinstance(node, dict):
        texts += [text for name, text in node.items() if name == "documentation" and isinstance(text, str)]
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        collect(inner, texts)


def plain(text):
    """A text without what differs in nothing but setting."""
    return re.sub(r"\W+", " ", text).strip()


class TestBehaviours(unittest.TestCase):
    def test_each_names_what_decides(self):
        for name, behaviour in BEHAVIOURS.items():
            with self.subTest(name):
                self.assertRegex(behaviour.decides, PAGE)

    def test_what_is_quoted_stands_in_the_documentation(self):
        everything = plain(documentation())
        quotes = 0
        for name, behaviour in BEHAVIOURS.items():
            found = re.search(r'"(.+)"', behaviour.decides)
            if found is not None:
                quotes += 1
                with self.subTest(name):
                    self.assertIn("API_", behaviour.decides[:found.start()], "only the reference is quoted")
                    self.assertIn(plain(found.group(1)), everything)
        self.assertGreater(quotes, 15)

    def test_each_difference_is_listed_once(self):
        places = [(it.behaviour, it.server) for it in DIFFERENCES]
        self.assertEqual(len(places), len(set(places)))
        self.assertEqual({it.server for it in DIFFERENCES}, {"moto", "simulator"})


if __name__ == "__main__":
    run_unittest(__name__)
