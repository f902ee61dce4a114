"""The tables of readers.py: a ledger, and keys of each type with everything in them that has ever broken a reader."""

import base64

import programs

# An account that is written by hand, late.
LATE = "ACC-LATE"
KEY_NAMES = {"texts": ["id"], "numbers": ["id", "at"], "binaries": ["id", "at"]}
TEXTS = ["plain", "a/b//c/", "..", "dt=2026-11-28/x", "it's", 'say "so"', "back\\slash", "line\nline\r\n", "tab\there", "a,b", "100%_",
         "${dt}", "é", "e\u0301", "名前", "👩‍👩‍👧", "\u2028", "NULL", "null", " ", "x" * 2048, "{\"S\":\"x\"}", "-1", "1.0"]
NUMBERS = ["0", "-1", "7", "1E-130", "12345678901234567890123456789012345678", "9.9999999999999999999999999999999999999E+125"]
BINARIES = [b"\x00", b"\xff" * 7, bytes(range(256)), b"a/b", b"k" * 2048]
KEYS = {
    "texts": [{"id": {"S": text}} for text in TEXTS],
    "numbers": [{"id": {"N": number}, "at": {"S": text}} for number, text in zip(NUMBERS, TEXTS[1:])],
    "binaries": [{"id": {"B": base64.b64encode(body).decode()}, "at": {"N": number}} for body, number in zip(BINARIES, NUMBERS)],
}


def texts(table, key):
    """A key as the lake's `pk` and `sk` have it: the value's own text, binaries in base64."""
    values = [next(iter(key[name].values())) for name in KEY_NAMES[table]]
    return tuple(values) if len(values) == 2 else (values[0], None)


def scenario(ledger, records, skew_s):
    """A ledger of the last 22 hours on a service whose clock is off by so much, and the tables of odd keys, empty."""
    head = f"""\
version = 1
seed = 11
[[table]]
name = "{ledger}"
region = "{programs.REGION}"
created = "-23h"
clock_skew = "{skew_s}s"
hash_key = "account_id"
[[table.writer]]
count = {records}
shape = "ledger"
items = 40
from = "-22h"
until = "-1m"
"""
    for name, (_, *sort_key) in KEY_NAMES.items():
        head += f'[[table]]\nname = "{name}"\nregion = "{programs.REGION}"\ncreated = "-1h"\n'
        head += "".join(f'range_key = "{it}"\n' for it in sort_key)
    return head


def configuration(ledger, columns):
    """`sealog.toml` with these typed columns of the ledger."""
    declared = ", ".join(f'"{path}" = "{kind}"' for path, kind in columns.items())
    tables = [f'[[table]]\nname = "{ledger}"\nkeys = ["account_id"]\ncolumns = {{ {declared} }}\n']
    tables += [f'[[table]]\nname = "{name}"\nkeys = {names}\n'.replace("'", '"') for name, names in KEY_NAMES.items()]
    return 'archive = "archive"\n[signing]\nkey = "file:sealog.key"\n[batch]\nrows_max = 100\n[lake]\ncompact = "off"\n' + "".join(tables)
