"""Judges what a server did: as documented, different as listed, or different in a way that nobody knows of.

A behaviour is a function of (server, table) that returns when the server does as the documentation says, and raises
`Differs` with a short text of what it saw instead. A difference that is listed must be seen, with exactly that text: a
server that conforms again, or that differs otherwise, fails the suite, so that the list never lies.
"""

import traceback
from collections.abc import Callable
from typing import NamedTuple


class Differs(Exception):
    """What a server did instead of what is documented, in words that are the same in every run."""


class Behaviour(NamedTuple):
    """What a server must do: the function that looks, its table, and the documentation that decides, as text."""

    look: Callable
    table: object
    decides: str


class Difference(NamedTuple):
    """A difference that is known: which server does what instead of a behaviour."""

    behaviour: str
    server: str
    instead: str


def seen(behaviour, server, table):
    """What a server does instead, or None if it does as documented."""
    try:
        behaviour(server, table)
    except Differs as differs:
        return str(differs)
    return None


def judge(checks, server, behaviours, differences):
    """Runs all behaviours (by name) on one server; each is one check."""
    listed = {it.behaviour: it for it in differences if it.server == server.name}
    for name in sorted(set(listed) - set(behaviours)):
        checks.check(f"{server.name}: {name}", False, "the list of differences names a behaviour that does not exist")
    for name, behaviour in behaviours.items():
        try:
            instead = seen(behaviour.look, server, behaviour.table)
        except Exception:  # pylint: disable=broad-except
            checks.check(f"{server.name}: {name}", False, traceback.format_exc())
            continue
        known = listed.get(name)
        if known is None:
            checks.check(f"{server.name}: {name}", instead is None, f"instead: {instead}")
        else:
            checks.check(f"{server.name}: {name} (differs as listed)", instead == known.instead,
                         f"instead: {instead or 'as documented: take it off the list'}\nlisted:  {known.instead}")


def table(differences, behaviours):
    """The differences and what decides them, as lines to print."""
    lines = ["differences from the documentation, each seen in this run:"]
    for server in sorted({it.server for it in differences}):
        mine = [it for it in differences if it.server == server]
        lines.append(f"  {server} ({len(mine)})")
        lines += [f"    {it.behaviour}\n      instead: {it.instead}\n      decides: {behaviours[it.behaviour].decides}"
                  for it in mine]
    return "\n".join(lines)
