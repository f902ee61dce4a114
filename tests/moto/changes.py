"""A table's worth of changes of every kind that DynamoDB's write API has, drawn from a seed.

Values are chosen to hurt: names that differ by case or hold dots and quotes, 38-digit numbers, empty texts, binaries of
zero bytes, sets, deep nesting. boto3's low-level client sends numbers as the texts they are.
"""

from collections import Counter

TABLES = {
    "orders": [("order", "S", "HASH")],
    "Ledger.entries-2026": [("account", "N", "HASH"), ("entry", "B", "RANGE")],
}

NAMES = ["a.b", "A.b", "amount", "Amount", "AMOUNT", "S", "N", "M", "名前", "é", "e\u0301", "with space", 'quo"te',
         "back\\slash", "#hash", ":colon", "tab\there", "😀", "x" * 255]
TEXTS = ["", " ", "plain", "ü", "naïve café", "\u2028\u2029", "😀👩‍👩‍👧", '"\\/\b\f\n\r\t', "\x01\x1f\x7f", "</script>",
         "null", "{\"S\":\"x\"}", "\\u0041", "lorem ipsum " * 150]
NUMBERS = ["0", "-1", "1.10", "12345678901234567890123456789012345678", "-99999999999999999999999999999999999999",
           "1E-130", "-1E-130", "9.9999999999999999999999999999999999999E+125", "1.2345678901234567890123456789012345678",
           "0.00000000000000000000000000000000000001", "100000000000000000000"]
BINARIES = [b"", b"\x00", b"\x00\x00\xff", bytes(range(256)), b"\xff" * 7]

TYPES = ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")


def value(rng, used, depth=4):
    """One attribute value; the types that occur are counted in `used`."""
    kind = rng.choice(TYPES if depth else TYPES[:8])
    used[kind] += 1
    inner = {
        "S": lambda: rng.choice(TEXTS),
        "N": lambda: rng.choice(NUMBERS),
        "B": lambda: rng.choice(BINARIES),
        "BOOL": lambda: rng.random() < 0.5,
        "NULL": lambda: True,
        "SS": lambda: rng.sample(TEXTS[1:], rng.randint(1, 4)),
        "NS": lambda: rng.sample(NUMBERS, rng.randint(1, 4)),
        "BS": lambda: rng.sample(BINARIES[1:], rng.randint(1, 3)),
        "L": lambda: [value(rng, used, depth - 1) for _ in range(rng.randint(0, 3))],
        "M": lambda: {name: value(rng, used, depth - 1) for name in rng.sample(NAMES, rng.randint(0, 3))},
    }[kind]
    return {kind: inner()}


def deep(levels):
    """A value nested `levels` deep, lists and maps in turn (DynamoDB allows 32)."""
    nested = {"N": NUMBERS[3]}
    for level in range(levels - 1):
        nested = {"L": [nested]} if level % 2 else {"M": {"level.down": nested}}
    return nested


class Writer:
    """Makes changes to one table; counts the calls of each kind in `made` and the types in `used`."""

    def __init__(self, client, table, rng):
        self.client, self.table, self.rng = client, table, rng
        self.made, self.used, self.present = Counter(), Counter(), {}

    def create(self):
        """Creates the table with its stream on."""
        schema = TABLES[self.table]
        self.client.create_table(
            TableName=self.table, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": role} for name, _, role in schema],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind, _ in schema],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )

    def change(self, calls):
        """Makes `calls` write calls; batches and transactions make several changes each."""
        # Few transactions: moto copies the whole table, stream included, for each.
        kinds = {self.put: 5, self.update: 7, self.delete: 3, self.batch: 4, self.transact: 1}
        for kind in self.rng.choices(list(kinds), list(kinds.values()), k=calls):
            kind()

    def put(self):
        self.made["put"] += 1
        self.client.put_item(TableName=self.table, Item=self._item(self._key()))

    def update(self):
        self.made["update"] += 1
        self.client.update_item(TableName=self.table, Key=self._key(), **self._update())

    def delete(self):
        self.made["delete"] += 1
        self.client.delete_item(TableName=self.table, Key=self._old_key())

    def batch(self):
        self.made["batch_write"] += 1
        requests = [{"PutRequest": {"Item": self._item(key)}} if self.rng.random() < 0.7
                    else {"DeleteRequest": {"Key": self._forget(key)}} for key in self._keys(12)]
        reply = self.client.batch_write_item(RequestItems={self.table: requests})
        assert not reply.get("UnprocessedItems"), reply

    def transact(self):
        self.made["transact_write"] += 1
        first, second, third, fourth = self._keys(4)
        self.client.transact_write_items(TransactItems=[
            {"Put": {"TableName": self.table, "Item": self._item(first)}},
            {"Update": {"TableName": self.table, "Key": second, **self._update()}},
            {"Delete": {"TableName": self.table, "Key": self._forget(third)}},
            {"ConditionCheck": {"TableName": self.table, "Key": fourth, "ConditionExpression": "attribute_not_exists(#n)",
                                "ExpressionAttributeNames": {"#n": "never there"}}},
        ])

    def _key(self):
        key = {}
        for name, kind, _ in TABLES[self.table]:
            number = self.rng.randrange(60)
            key[name] = {
                "S": lambda: {"S": f"order#{number:04} {self.rng.choice(['', 'é', 'É', '.'])}"},
                "N": lambda: {"N": str(number - 20) if number else NUMBERS[3]},
                "B": lambda: {"B": bytes([0, number % 8, 255])},
            }[kind]()
        self.present[repr(key)] = key
        return key

    def _keys(self, most):
        """Different keys, as batches and transactions demand."""
        keys = {}
        while len(keys) < most:
            key = self._key()
            keys[repr(key)] = key
        return list(keys.values())

    def _old_key(self):
        return self._forget(self.rng.choice(list(self.present.values())) if self.present else self._key())

    def _forget(self, key):
        self.present.pop(repr(key), None)
        return key

    def _item(self, key):
        item = {name: value(self.rng, self.used) for name in self.rng.sample(NAMES, self.rng.randint(0, 6))}
        if self.rng.random() < 0.05:
            item["deep"] = deep(31)
        return item | key

    def _update(self):
        """SET, ADD, REMOVE and DELETE on attributes that only updates touch, so that their types always fit."""
        name, other = self.rng.sample(NAMES, 2)
        return {
            "UpdateExpression": "SET #set = :value, #log = list_append(if_not_exists(#log, :none), :entry) "
                                "REMOVE #other ADD #count :one, #labels :labels",
            "ExpressionAttributeNames": {"#set": name, "#other": other, "#log": "update.log", "#count": "update.count",
                                         "#labels": "update.labels"},
            "ExpressionAttributeValues": {":value": value(self.rng, self.used), ":none": {"L": []},
                                          ":entry": {"L": [{"N": self.rng.choice(NUMBERS[:3])}]}, ":one": {"N": "1"},
                                          ":labels": {"SS": [self.rng.choice(TEXTS[1:8])]}},
        }
