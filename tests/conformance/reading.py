"""What behaviours read with: small calls that give what the service answered, and refusals as text."""

import json

from botocore.exceptions import ClientError

from judge import Differs


# No behaviour's table has more than a handful of pages to read.
PAGES_MAX = 20


def expect(got, want, what):
    """The behaviour's heart: two values that must be equal, or a text of what was seen instead."""
    if got != want:
        raise Differs(f"{what}: {short(got)}, not {short(want)}")


def must(good, instead):
    """A condition that must hold, or what it means when it does not."""
    if not good:
        raise Differs(instead)


def refused(call, *codes):
    """The call must be refused with one of the codes."""
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        must(code in codes, f"refuses with {code}, not {' or '.join(codes)}")
        return
    raise Differs(f"answers where {' or '.join(codes)} is due")


def arns(server, table):
    """The ARNs of a table's streams, oldest first."""
    return sorted(it["StreamArn"] for it in server.streams.list_streams(TableName=table.name)["Streams"])


def newest(server, table):
    """The ARN of the table's newest stream."""
    return server.tables.describe_table(TableName=table.name)["Table"]["LatestStreamArn"]


def described(server, table, **more):
    """`StreamDescription` of the newest stream."""
    return server.streams.describe_stream(StreamArn=newest(server, table), **more)["StreamDescription"]


def iterator(server, table, kind, number=None, shard=0, **more):
    """An iterator into the newest stream; `shard` counts in the order of the listing."""
    if number is not None:
        more["SequenceNumber"] = number
    stream = described(server, table)
    return server.streams.get_shard_iterator(StreamArn=stream["StreamArn"], ShardIteratorType=kind,
                                             ShardId=stream["Shards"][shard]["ShardId"], **more)["ShardIterator"]


def page(server, at, **more):
    """A page: its records and its next iterator (None: there is none)."""
    reply = server.streams.get_records(ShardIterator=at, **more)
    return reply["Records"], reply.get("NextShardIterator")


def read(server, table, kind="TRIM_HORIZON", number=None):
    """The records behind an iterator, until a page is empty or the shard ends."""
    records, at = [], iterator(server, table, kind, number)
    for _ in range(PAGES_MAX):
        more, at = page(server, at)
        records += more
        if not more or at is None:
            return records
    raise Differs(f"gives records without end: {PAGES_MAX} pages of a few changes")


def raw_records(server, table):
    """The first page of the newest stream as plain JSON: numbers and members as they came."""
    _, _, body = server.raw("GetRecords", {"ShardIterator": iterator(server, table, "TRIM_HORIZON")})
    return json.loads(body)["Records"]


def numbers(records):
    """Their sequence numbers."""
    return [record["dynamodb"]["SequenceNumber"] for record in records]


def names(records):
    """Their event names."""
    return [record["eventName"] for record in records]


def versions(records):
    """The attribute `v` of their new images."""
    return [record["dynamodb"]["NewImage"]["v"]["N"] for record in records]


def item(name="a", version=1, **more):
    """An item with the key `id`."""
    return {"id": {"S": name}, "v": {"N": str(version)}, **more}


def put(server, table, *versions_):
    """Puts the same item with one version after the other."""
    for version in versions_:
        server.put(table, item(version=version))


def short(value):
    """A value's text, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}…"
