"""JSON by spans: where each value begins and ends in the received bytes.

The archive must hold images exactly as they came. A JSON library would normalise them (escapes, white space, numbers),
so the comparison uses this scanner, which only ever cuts. It shares nothing with Sealog's own scanner. It accepts any
valid JSON; of invalid JSON it refuses what it has to walk over.
"""

import json
import re

_BLANK = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\.)*"', re.S)
_SCALAR = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
# From inside an object or array, the next thing that changes the depth; strings are stepped over whole.
_STEP = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\.)*"|[\[\]{}]|[^"\[\]{}]+', re.S)


class NotJson(ValueError):
    """The bytes are not what was expected at a place."""


def blank(body, at):
    """The first place at or after `at` that is not white space."""
    return _BLANK.match(body, at).end()


def skip(body, at):
    """The end (exclusive) of the value that begins at `at`."""
    first = body[at : at + 1]
    if first == b'"':
        return _must(_STRING, body, at).end()
    if first not in (b"{", b"["):
        return _must(_SCALAR, body, at).end()
    depth = 0
    while True:
        step = _must(_STEP, body, at)
        at = step.end()
        mark = step.group()
        if mark in (b"{", b"["):
            depth += 1
        elif mark in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return at


def members(body, at):
    """The members of the object that begins at `at`: a list of (decoded name, name span, value span), in order."""
    found = []
    at = _past(body, at, b"{")
    if body[at : at + 1] == b"}":
        return found
    while True:
        name_end = _must(_STRING, body, at).end()
        name = (at, name_end)
        value_at = _past(body, blank(body, name_end), b":")
        value_end = skip(body, value_at)
        found.append((json.loads(body[slice(*name)]), name, (value_at, value_end)))
        at = blank(body, value_end)
        if body[at : at + 1] == b"}":
            return found
        at = _past(body, at, b",")


def elements(body, at):
    """The elements of the array that begins at `at`: a list of spans, in order."""
    found = []
    at = _past(body, at, b"[")
    if body[at : at + 1] == b"]":
        return found
    while True:
        end = skip(body, at)
        found.append((at, end))
        at = blank(body, end)
        if body[at : at + 1] == b"]":
            return found
        at = _past(body, at, b",")


def _past(body, at, mark):
    if body[at : at + 1] != mark:
        raise NotJson(f"{mark!r} expected at byte {at}, found {body[at:at + 20]!r}")
    return blank(body, at + 1)


def _must(pattern, body, at):
    found = pattern.match(body, at)
    if found is None:
        raise NotJson(f"unexpected bytes at {at}: {body[at:at + 20]!r}")
    return found
