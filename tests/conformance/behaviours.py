"""What DynamoDB Streams does, one function a behaviour, each with a table of its own.

A function's name is the behaviour's name; its docstring says what decides: an `API_…` page of the Amazon DynamoDB API
Reference (what is quoted from there is checked against the service model that botocore ships), a page of the Developer
Guide, or "observed" for what only clients tell.
"""

import json
import re
import time

from botocore.exceptions import ClientError

from judge import Behaviour, Differs
from reading import (arns, described, expect, item, iterator, must, names, newest, numbers, page, put, raw_records, read,
                     refused, versions)
from servers import REGION, TTL, Table, crc32

BEHAVIOURS = {}
NOWHERE = f"arn:aws:dynamodb:{REGION}:123456789012:table/nowhere/stream/2026-01-01T00:00:00.000"
LOST = "shardId-00000000000000000001-00000000"


def behaviour(**table):
    """Takes a function into the suite, with the table that it asks for. A refusal that it did not expect is a difference."""
    def take(function):
        def judged(server, made):
            try:
                function(server, made)
            except ClientError as error:
                raise Differs(f"{error.operation_name} is refused with {error.response['Error']['Code']}") from error
        decides = " ".join(function.__doc__.split())
        BEHAVIOURS[function.__name__] = Behaviour(judged, Table(function.__name__, **table), decides)
        return function
    return take


# Streams

@behaviour()
def list_streams_names_arn_label_and_table(server, table):
    """API_streams_Stream"""
    stream, = server.streams.list_streams(TableName=table.name)["Streams"]
    expect(set(stream), {"StreamArn", "TableName", "StreamLabel"}, "members")
    expect(stream["TableName"], table.name, "TableName")
    must(stream["StreamArn"].endswith(f":table/{table.name}/stream/{stream['StreamLabel']}"), "the ARN lacks table or label")


@behaviour()
def list_streams_without_a_table_lists_all(server, table):
    """API_streams_ListStreams"""
    listed = {it["TableName"] for it in server.streams.list_streams()["Streams"]}
    must(table.name in listed and len(listed) > 1, "lists not all tables")


@behaviour()
def list_streams_of_an_unknown_table_is_empty(server, _table):
    """API_streams_ListStreams (says of no error what a table without a stream is)"""
    expect(server.streams.list_streams(TableName="nowhere")["Streams"], [], "Streams")


@behaviour()
def list_streams_comes_in_pages_with_a_cursor(server, _table):
    """API_streams_ListStreams: Limit, "The maximum number of streams to return." """
    seen, cursor = [], {}
    for _ in range(500):
        reply = server.streams.list_streams(Limit=7, **cursor)
        must(len(reply["Streams"]) <= 7, "a page is longer than Limit")
        seen += [it["StreamArn"] for it in reply["Streams"]]
        if not reply.get("LastEvaluatedStreamArn"):
            break
        cursor = {"ExclusiveStartStreamArn": reply["LastEvaluatedStreamArn"]}
    expect(len(set(seen)), len(seen), "different streams")
    must(len(seen) > 14, "the pages do not hold all streams")


@behaviour()
def limit_zero_is_refused(server, _table):
    """API_streams_ListStreams: Limit is at least 1; the error's name is observed"""
    refused(lambda: server.streams.list_streams(Limit=0), "ValidationException")


@behaviour()
def describe_stream_tells_what_it_is(server, table):
    """API_streams_StreamDescription"""
    stream = described(server, table)
    expect(stream["StreamStatus"], "ENABLED", "StreamStatus")
    expect(stream["StreamViewType"], "NEW_AND_OLD_IMAGES", "StreamViewType")
    expect(stream["TableName"], table.name, "TableName")
    expect(stream["StreamArn"].rsplit("/", 1)[1], stream["StreamLabel"], "StreamLabel")
    must(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+", stream["StreamLabel"]), "the label is no time in ISO 8601")


@behaviour(range_key=True)
def describe_stream_names_the_keys_partition_key_first(server, table):
    """API_streams_StreamDescription: KeySchema"""
    expect(described(server, table)["KeySchema"],
           [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}], "KeySchema")


@behaviour()
def describe_stream_tells_when_it_was_asked_for(server, table):
    """API_streams_StreamDescription: CreationRequestDateTime"""
    age = time.time() - described(server, table)["CreationRequestDateTime"].timestamp()
    must(-5 < age < 600, "CreationRequestDateTime is not when the stream was asked for")


@behaviour()
def an_unknown_stream_is_not_found(server, _table):
    """API_streams_DescribeStream: ResourceNotFoundException"""
    refused(lambda: server.streams.describe_stream(StreamArn=NOWHERE), "ResourceNotFoundException")


@behaviour()
def describe_stream_needs_an_arn(server, _table):
    """API_streams_DescribeStream: StreamArn is required; the error's name is observed"""
    refused(server.streams.describe_stream, "ValidationException")


# Shards

@behaviour()
def shard_ids_have_28_to_65_characters(server, table):
    """API_streams_Shard: ShardId; its form is observed"""
    for shard in described(server, table)["Shards"]:
        must(re.fullmatch(r"shardId-\d{20}-[0-9a-f]{8,}", shard["ShardId"]) and 28 <= len(shard["ShardId"]) <= 65,
             "a shard id looks otherwise")


@behaviour()
def an_open_shard_has_a_first_and_no_last_number(server, table):
    """API_streams_DescribeStream: "then the shard is still open (able to receive more stream records)" """
    must(described(server, table)["Shards"], "a new stream has no shard")
    for shard in described(server, table)["Shards"]:
        expect(set(shard["SequenceNumberRange"]), {"StartingSequenceNumber"}, "SequenceNumberRange")


@behaviour()
def describe_stream_begins_behind_its_cursor(server, table):
    """API_streams_StreamDescription: LastEvaluatedShardId, "excluding this value in the new request" """
    last = described(server, table)["Shards"][-1]["ShardId"]
    stream = described(server, table, ExclusiveStartShardId=last)
    must(not stream["Shards"], "lists the shard of the cursor again")
    must("LastEvaluatedShardId" not in stream, "the last page has a cursor")


@behaviour()
def a_split_shard_closes_and_has_two_children(server, table):
    """Developer Guide, Streams.html: shards split by themselves; API_streams_Shard:
    "The shard ID of the current shard's parent." """
    parent = described(server, table)["Shards"][0]["ShardId"]
    server.replace_shard(table, "split")
    shards = described(server, table)["Shards"]
    children = [it for it in shards if it.get("ParentShardId") == parent]
    expect(len(children), 2, "children")
    first = next(it for it in shards if it["ShardId"] == parent)
    must("EndingSequenceNumber" in first["SequenceNumberRange"], "the parent looks open")
    must(all("EndingSequenceNumber" not in it["SequenceNumberRange"] for it in children), "a new child is closed")


@behaviour()
def describe_stream_comes_in_pages_of_shards(server, table):
    """API_streams_DescribeStream: Limit, "The maximum number of shard objects to return." """
    server.replace_shard(table, "split")
    ids, cursor = [], {}
    for _ in range(10):
        stream = described(server, table, Limit=1, **cursor)
        ids += [it["ShardId"] for it in stream["Shards"]]
        if "LastEvaluatedShardId" not in stream:
            break
        expect(stream["LastEvaluatedShardId"], ids[-1], "LastEvaluatedShardId")
        cursor = {"ExclusiveStartShardId": stream["LastEvaluatedShardId"]}
    expect(len(ids), 3, "shards of a stream that was split once")
    expect(sorted(set(ids)), ids, "shards")


@behaviour()
def a_filter_lists_only_the_children_of_a_shard(server, table):
    """API_streams_ShardFilter: "the parent shard for which you are requesting child shards" """
    server.replace_shard(table, "roll")
    newest_shard = described(server, table)["Shards"][-1]["ShardId"]
    children = described(server, table, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": newest_shard})["Shards"]
    must(not children, "lists shards that are no children")


@behaviour()
def a_closed_shard_is_read_to_its_end(server, table):
    """API_streams_GetRecords: NextShardIterator, "If set to null, the shard has been closed and the
    requested iterator will not return any more data." """
    put(server, table, 1, 2)
    server.replace_shard(table, "roll")
    records, at = [], iterator(server, table, "TRIM_HORIZON")
    for _ in range(5):
        more, at = page(server, at)
        records += more
        if at is None:
            break
    expect(versions(records), ["1", "2"], "records")
    must(at is None, "the shard has no end")


@behaviour()
def the_last_number_of_a_closed_shard_is_that_of_its_last_record(server, table):
    """API_streams_SequenceNumberRange: "The last sequence number for the stream records contained within a shard." """
    put(server, table, 1)
    server.replace_shard(table, "roll")
    last = numbers(read(server, table))[-1]
    ending = described(server, table)["Shards"][0]["SequenceNumberRange"].get("EndingSequenceNumber")
    must(ending is not None, "the shard has no last number")
    must(ending == last, "the last number lies behind the last record" if int(ending) > int(last) else "it lies before")


# Iterators

@behaviour()
def trim_horizon_begins_with_the_oldest_record(server, table):
    """API_streams_GetShardIterator: TRIM_HORIZON"""
    put(server, table, 1, 2, 3)
    expect(versions(read(server, table)), ["1", "2", "3"], "records")


@behaviour()
def latest_begins_behind_the_newest_record(server, table):
    """API_streams_GetShardIterator: LATEST"""
    put(server, table, 1)
    at = iterator(server, table, "LATEST")
    put(server, table, 2)
    expect(versions(page(server, at)[0]), ["2"], "records")


@behaviour()
def at_sequence_number_is_inclusive(server, table):
    """API_streams_GetShardIterator: "Start reading exactly from the position denoted by a specific sequence number." """
    put(server, table, 1, 2, 3)
    number = numbers(read(server, table))[1]
    expect(versions(read(server, table, "AT_SEQUENCE_NUMBER", number)), ["2", "3"], "records")


@behaviour()
def after_sequence_number_is_exclusive(server, table):
    """API_streams_GetShardIterator: "Start reading right after the position denoted by a specific sequence number." """
    put(server, table, 1, 2, 3)
    number = numbers(read(server, table))[1]
    expect(versions(read(server, table, "AFTER_SEQUENCE_NUMBER", number)), ["3"], "records")


@behaviour()
def after_the_newest_record_there_is_nothing_yet(server, table):
    """API_streams_GetRecords: "GetRecords returns an empty list" """
    put(server, table, 1)
    at = iterator(server, table, "AFTER_SEQUENCE_NUMBER", numbers(read(server, table))[-1])
    records, at = page(server, at)
    expect(records, [], "records")
    put(server, table, 2)
    expect(versions(page(server, at)[0]), ["2"], "records behind the next iterator")


@behaviour()
def at_timestamp_begins_with_the_first_record_that_is_not_older(server, table):
    """API_streams_GetShardIterator: Timestamp, "the first stream record whose ApproximateCreationDateTime is at or
    after the specified timestamp" """
    put(server, table, 1, 2)
    at = iterator(server, table, "AT_TIMESTAMP", Timestamp=time.time() - 3_000)
    expect(versions(page(server, at)[0]), ["1", "2"], "records")


@behaviour()
def at_timestamp_in_the_future_is_refused(server, table):
    """API_streams_GetShardIterator: Timestamp, "If the timestamp is in the future, the
    request returns a ValidationException." """
    refused(lambda: iterator(server, table, "AT_TIMESTAMP", Timestamp=time.time() + 3_000), "ValidationException")


@behaviour()
def an_iterator_can_be_used_again(server, table):
    """API_streams_GetShardIterator: "A shard iterator expires 15 minutes after it is returned to the requester.",
    not with its use"""
    put(server, table, 1, 2)
    at = iterator(server, table, "TRIM_HORIZON")
    expect(versions(page(server, at)[0]), ["1", "2"], "records")
    expect(versions(page(server, at)[0]), ["1", "2"], "records of the second time")


@behaviour()
def an_iterator_has_at_most_2048_characters(server, table):
    """API_streams_GetRecords: ShardIterator has at most 2048 characters"""
    put(server, table, 1)
    at = iterator(server, table, "TRIM_HORIZON")
    must(len(at) <= 2048 and len(page(server, at)[1]) <= 2048, "an iterator is longer")


@behaviour()
def an_iterator_of_an_unknown_shard_is_not_found(server, table):
    """API_streams_GetShardIterator: ResourceNotFoundException"""
    refused(lambda: server.streams.get_shard_iterator(StreamArn=newest(server, table), ShardId=LOST,
                                                      ShardIteratorType="LATEST"), "ResourceNotFoundException")


@behaviour()
def an_iterator_of_an_unknown_stream_is_not_found(server, _table):
    """API_streams_GetShardIterator: ResourceNotFoundException"""
    refused(lambda: server.streams.get_shard_iterator(StreamArn=NOWHERE, ShardId=LOST, ShardIteratorType="LATEST"),
            "ResourceNotFoundException")


@behaviour()
def an_unknown_iterator_type_is_refused(server, table):
    """API_streams_GetShardIterator: ShardIteratorType is one of five; the error's name is observed"""
    refused(lambda: iterator(server, table, "OLDEST"), "ValidationException")


@behaviour()
def a_number_must_be_given_where_one_is_needed(server, table):
    """API_streams_GetShardIterator: AT_SEQUENCE_NUMBER, "the position denoted by a specific sequence
    number"; the error's name is observed"""
    refused(lambda: iterator(server, table, "AT_SEQUENCE_NUMBER"), "ValidationException")


@behaviour()
def a_number_has_at_least_21_digits(server, table):
    """API_streams_GetShardIterator: SequenceNumber has at least 21 characters; the error's name is observed"""
    refused(lambda: iterator(server, table, "AT_SEQUENCE_NUMBER", "17"), "ValidationException")


@behaviour()
def an_iterator_that_was_never_issued_is_refused(server, _table):
    """API_streams_GetRecords: "A shard iterator that was retrieved from a previous GetShardIterator operation."; the
    error's name is observed"""
    refused(lambda: server.streams.get_records(ShardIterator="rubbish"), "ValidationException")


# Pages

@behaviour()
def limit_cuts_a_page_and_the_next_goes_on(server, table):
    """API_streams_GetRecords: Limit"""
    put(server, table, 1, 2, 3)
    first, at = page(server, iterator(server, table, "TRIM_HORIZON"), Limit=2)
    second, _ = page(server, at, Limit=2)
    expect((versions(first), versions(second)), (["1", "2"], ["3"]), "pages")


@behaviour()
def a_page_has_at_most_1000_records(server, table):
    """API_streams_GetRecords: "a maximum of 1 MB of data or 1000 stream records, whichever comes first" """
    put(server, table, *range(1_003))
    first, at = page(server, iterator(server, table, "TRIM_HORIZON"))
    second, _ = page(server, at)
    expect((len(first), len(second)), (1_000, 3), "records a page")


@behaviour()
def a_page_has_at_most_1_mb(server, table):
    """API_streams_GetRecords: "a maximum of 1 MB of data or 1000 stream records, whichever comes first" """
    for version in range(4):
        server.put(table, item(version=version, text={"S": "x" * 350_000}))
    sizes, at = [], iterator(server, table, "TRIM_HORIZON")
    while sum(sizes) < 4 and len(sizes) < 8:
        records, at = page(server, at)
        sizes.append(len(records))
    # A change of an item carries both images: 700 KB.
    must(max(sizes) < 3, "a page holds all records, of more than 2 MB")
    expect(sum(sizes), 4, "records")


@behaviour()
def a_limit_of_more_than_1000_is_refused(server, table):
    """API_streams_GetRecords: "GetRecords was called with a value of more than 1000 for the limit request parameter."; some
    clients saw a ValidationException"""
    at = iterator(server, table, "TRIM_HORIZON")
    refused(lambda: page(server, at, Limit=1_001), "LimitExceededException", "ValidationException")


@behaviour()
def a_page_limit_of_zero_is_refused(server, table):
    """API_streams_GetRecords: Limit is at least 1; the error's name is observed"""
    at = iterator(server, table, "TRIM_HORIZON")
    refused(lambda: page(server, at, Limit=0), "ValidationException")


@behaviour()
def an_open_shard_leads_on_from_an_empty_page(server, table):
    """API_streams_GetRecords: NextShardIterator"""
    records, at = page(server, iterator(server, table, "TRIM_HORIZON"))
    expect(records, [], "records")
    for _ in range(3):
        records, at = page(server, at)
        must(at is not None, "an open shard ends")
    put(server, table, 1)
    expect(versions(page(server, at)[0]), ["1"], "records that came later")


# Records

@behaviour()
def insert_modify_and_remove_are_told_apart(server, table):
    """API_streams_Record: eventName"""
    put(server, table, 1, 2)
    server.delete(table, {"id": {"S": "a"}})
    put(server, table, 3)
    expect(names(read(server, table)), ["INSERT", "MODIFY", "REMOVE", "INSERT"], "eventName")


def images(server, table):
    """Which images INSERT, MODIFY and REMOVE carry, as pairs of versions (old, new)."""
    put(server, table, 1, 2)
    server.delete(table, {"id": {"S": "a"}})
    records = read(server, table)
    expect({record["dynamodb"]["StreamViewType"] for record in records}, {table.view_type}, "StreamViewType")
    for record in records:
        expect(record["dynamodb"]["Keys"], {"id": {"S": "a"}}, "Keys")
    version = lambda record, image: record["dynamodb"].get(image, {}).get("v", {}).get("N")
    return [(version(record, "OldImage"), version(record, "NewImage")) for record in records]


@behaviour()
def both_images_old_and_new(server, table):
    """API_streams_StreamRecord: NEW_AND_OLD_IMAGES"""
    expect(images(server, table), [(None, "1"), ("1", "2"), ("2", None)], "images")


@behaviour(view_type="NEW_IMAGE")
def new_images_only(server, table):
    """API_streams_StreamRecord: NEW_IMAGE"""
    expect(images(server, table), [(None, "1"), (None, "2"), (None, None)], "images")


@behaviour(view_type="OLD_IMAGE")
def old_images_only(server, table):
    """API_streams_StreamRecord: OLD_IMAGE"""
    expect(images(server, table), [(None, None), ("1", None), ("2", None)], "images")


@behaviour(view_type="KEYS_ONLY")
def no_images_but_keys(server, table):
    """API_streams_StreamRecord: KEYS_ONLY"""
    expect(images(server, table), [(None, None)] * 3, "images")


@behaviour(range_key=True)
def keys_are_partition_key_and_sort_key(server, table):
    """API_streams_StreamRecord: Keys"""
    server.put(table, item(at={"N": "7"}))
    record, = read(server, table)
    expect(record["dynamodb"]["Keys"], {"id": {"S": "a"}, "at": {"N": "7"}}, "Keys")


@behaviour()
def a_put_that_changes_nothing_leaves_no_record(server, table):
    """Developer Guide, Streams.html: a put or update that changes no data of an item writes no stream record"""
    put(server, table, 1, 1, 2)
    expect(len(read(server, table)), 2, "records of three puts, one of which changes nothing")


@behaviour()
def a_delete_of_what_is_not_there_leaves_no_record(server, table):
    """Developer Guide, Streams.html: a record is written when an item is created, updated or deleted"""
    server.delete(table, {"id": {"S": "a"}})
    expect(read(server, table), [], "records")


@behaviour()
def sequence_numbers_have_21_to_40_digits_and_increase(server, table):
    """API_streams_StreamRecord: SequenceNumber"""
    put(server, table, *range(20))
    found = numbers(read(server, table))
    must(all(re.fullmatch(r"[0-9]{21,40}", number) for number in found), "a number has another length")
    must(all(int(a) < int(b) for a, b in zip(found, found[1:])), "a number does not increase")
    first = described(server, table)["Shards"][0]["SequenceNumberRange"]["StartingSequenceNumber"]
    must(int(first) <= int(found[0]), "a number lies before the shard's first")


@behaviour()
def changes_of_an_item_come_in_the_order_of_its_writes(server, table):
    """Developer Guide, Streams.html: an item's records come in the sequence of its modifications"""
    put(server, table, *range(50))
    expect(versions(read(server, table)), [str(version) for version in range(50)], "versions")


@behaviour()
def event_ids_are_unique(server, table):
    """API_streams_Record: eventID, "A globally unique identifier" """
    put(server, table, *range(20))
    expect(len({record["eventID"] for record in read(server, table)}), 20, "event ids")


@behaviour()
def records_name_their_source_and_version(server, table):
    """API_streams_Record: eventSource, eventVersion"""
    put(server, table, 1)
    record, = read(server, table)
    expect(record["eventSource"], "aws:dynamodb", "eventSource")
    must(re.fullmatch(r"1\.[0-9]+", record["eventVersion"]), "eventVersion is not 1.x")


@behaviour()
def records_name_the_region(server, table):
    """API_streams_Record: awsRegion, "The region in which the GetRecords request was received." """
    put(server, table, 1)
    expect(read(server, table)[0]["awsRegion"], REGION, "awsRegion")


@behaviour()
def records_tell_their_time_in_whole_seconds(server, table):
    """API_streams_StreamRecord: ApproximateCreationDateTime, "rounded down to the closest second" """
    put(server, table, *range(8))
    created = [record["dynamodb"]["ApproximateCreationDateTime"] for record in raw_records(server, table)]
    must(all(abs(time.time() - it) < 600 for it in created), "the time is another")
    must(all(it == int(it) for it in created), "has parts of a second")


@behaviour()
def size_bytes_is_there(server, table):
    """API_streams_StreamRecord: "The size of the stream record, in bytes.", at least 1"""
    put(server, table, 1)
    size = raw_records(server, table)[0]["dynamodb"].get("SizeBytes")
    must(isinstance(size, int) and size >= 1, "SizeBytes is missing or no positive number")


@behaviour(view_type="KEYS_ONLY")
def size_bytes_counts_names_and_values(server, table):
    """API_streams_GetRecords, sample response: 41 bytes for the names ForumName, Subject and their values"""
    put(server, table, 1)
    size = raw_records(server, table)[0]["dynamodb"]["SizeBytes"]
    must(size >= len("id" + "a"), "counts less than names and values")
    must(size == len("id" + "a"), "counts more than names and values")


@behaviour()
def a_users_delete_has_no_identity(server, table):
    """API_streams_Record: userIdentity, "Items that are deleted by the Time to Live process after expiration" """
    put(server, table, 1)
    server.delete(table, {"id": {"S": "a"}})
    expect([record.get("userIdentity") for record in read(server, table)], [None, None], "userIdentity")


@behaviour()
def a_delete_by_ttl_names_the_service(server, table):
    """API_streams_Identity: "For Time To Live, the type is "Service"." """
    server.expire(table, item())
    removed = [record for record in read(server, table) if record["eventName"] == "REMOVE"]
    must(removed, "deletes nothing by TTL")
    expect([record.get("userIdentity") for record in removed], [TTL], "userIdentity")


@behaviour()
def all_ten_types_come_as_they_were_written(server, table):
    """API_streams_AttributeValue"""
    written = item(s={"S": "ü\u0000\"\\"}, n={"N": "-9.9999999999999999999999999999999999999E+125"}, b={"B": b"\x00\xff"},
                   yes={"BOOL": True}, null={"NULL": True}, empty={"S": ""}, ns={"NS": ["1", "2"]}, ss={"SS": ["a", "b"]},
                   bs={"BS": [b"\x00", b"\x01"]}, m={"M": {"a.b": {"L": [{"S": "x"}, {"M": {}}]}}}, many={"L": []})
    server.put(table, written)
    image = read(server, table)[0]["dynamodb"]["NewImage"]
    ordered = lambda value: json.dumps({name: sorted(map(str, next(iter(typed.values())))) if name in ("ns", "ss", "bs")
                                        else str(typed) for name, typed in value.items()}, sort_keys=True)
    expect(ordered(image), ordered(written), "image")


# Off and on

@behaviour()
def a_stream_that_is_off_is_disabled_and_its_shards_are_closed(server, table):
    """Developer Guide, Streams.html: shards that are open when a stream is disabled are closed;
    API_streams_StreamDescription: "DISABLED - the stream is disabled." """
    put(server, table, 1)
    arn = newest(server, table)
    server.disable(table)
    stream = server.streams.describe_stream(StreamArn=arn)["StreamDescription"]
    expect(stream["StreamStatus"], "DISABLED", "StreamStatus")
    must(stream["Shards"], "the shards are gone")
    must(all("EndingSequenceNumber" in it["SequenceNumberRange"] for it in stream["Shards"]), "a shard is open")


@behaviour()
def a_stream_that_is_off_can_still_be_read_to_its_end(server, table):
    """Developer Guide, Streams.html: the data of a disabled stream can be read for 24 hours"""
    put(server, table, 1, 2)
    at = iterator(server, table, "TRIM_HORIZON")
    server.disable(table)
    records, at = page(server, at)
    expect(versions(records), ["1", "2"], "records")
    if at is not None:
        must(page(server, at)[1] is None, "the shard has no end")


@behaviour()
def a_stream_that_is_off_is_still_listed(server, table):
    """Developer Guide, Streams.html: the data of a disabled stream can be read for 24 hours"""
    before = arns(server, table)
    server.disable(table)
    expect(arns(server, table), before, "ARNs")


@behaviour()
def a_stream_that_is_on_again_has_another_arn(server, table):
    """Developer Guide, Streams.html: disabling and enabling again makes a new stream with another stream descriptor"""
    before = newest(server, table)
    server.disable(table)
    server.enable(table, "KEYS_ONLY")
    must(newest(server, table) != before, "the ARN is the old one")
    must(before in arns(server, table), "the old ARN is not listed any more")


@behaviour()
def the_old_stream_keeps_its_records_when_there_is_a_new_one(server, table):
    """Developer Guide, Streams.html: the data of a disabled stream can be read for 24 hours"""
    put(server, table, 1)
    old = described(server, table)
    server.disable(table)
    server.enable(table, "KEYS_ONLY")
    put(server, table, 2)
    at = server.streams.get_shard_iterator(StreamArn=old["StreamArn"], ShardId=old["Shards"][0]["ShardId"],
                                           ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    found = [record["dynamodb"].get("NewImage", {}).get("v", {}).get("N") for record in page(server, at)[0]]
    expect(found, ["1"], "versions in the old stream")


@behaviour()
def a_new_stream_has_its_own_view_type(server, table):
    """API_StreamSpecification: StreamViewType"""
    server.disable(table)
    server.enable(table, "KEYS_ONLY")
    expect(described(server, table)["StreamViewType"], "KEYS_ONLY", "StreamViewType")
    put(server, table, 1)
    record, = read(server, table)
    expect((record["dynamodb"]["StreamViewType"], "NewImage" in record["dynamodb"]), ("KEYS_ONLY", False), "record")


@behaviour()
def what_changes_while_the_stream_is_off_is_never_told(server, table):
    """Developer Guide, Streams.html: a stream captures modifications while it is enabled"""
    server.disable(table)
    put(server, table, 1)
    server.enable(table, "NEW_AND_OLD_IMAGES")
    put(server, table, 2)
    record, = read(server, table)
    expect((record["eventName"], record["dynamodb"]["OldImage"]["v"]["N"]), ("MODIFY", "1"), "record")


@behaviour()
def a_table_names_its_stream(server, table):
    """API_TableDescription: StreamSpecification, LatestStreamArn, LatestStreamLabel"""
    found = server.tables.describe_table(TableName=table.name)["Table"]
    expect(found["StreamSpecification"], {"StreamEnabled": True, "StreamViewType": table.view_type}, "StreamSpecification")
    expect([found["LatestStreamArn"]], arns(server, table), "LatestStreamArn")
    expect(found["LatestStreamArn"], f"{found['TableArn']}/stream/{found['LatestStreamLabel']}", "LatestStreamArn")
    expect(found["TableStatus"], "ACTIVE", "TableStatus")


@behaviour(range_key=True)
def a_table_names_its_keys(server, table):
    """API_TableDescription: KeySchema, AttributeDefinitions"""
    found = server.tables.describe_table(TableName=table.name)["Table"]
    expect(found["KeySchema"], described(server, table)["KeySchema"], "KeySchema")
    kinds = {it["AttributeName"]: it["AttributeType"] for it in found["AttributeDefinitions"]}
    expect(kinds, {"id": "S", "at": "N"}, "AttributeDefinitions")


@behaviour()
def a_table_names_its_last_stream_while_that_is_off(server, table):
    """API_TableDescription: LatestStreamArn, "uniquely identifies the latest stream for this table." """
    before = newest(server, table)
    server.disable(table)
    found = server.tables.describe_table(TableName=table.name)["Table"]
    must("StreamSpecification" not in found, "StreamSpecification is still there")
    expect(found.get("LatestStreamArn"), before, "LatestStreamArn")


@behaviour()
def an_unknown_table_is_not_found(server, _table):
    """API_DescribeTable: ResourceNotFoundException"""
    refused(lambda: server.tables.describe_table(TableName="nowhere"), "ResourceNotFoundException")


@behaviour()
def the_stream_of_a_deleted_table_can_still_be_read(server, table):
    """Developer Guide, Streams.html: the data of a disabled stream can be read for 24 hours; observed for deleted tables"""
    put(server, table, 1)
    at = iterator(server, table, "TRIM_HORIZON")
    arn = newest(server, table)
    server.delete_table(table)
    refused(lambda: server.tables.describe_table(TableName=table.name), "ResourceNotFoundException")
    expect(versions(page(server, at)[0]), ["1"], "records")
    expect(server.streams.describe_stream(StreamArn=arn)["StreamDescription"]["StreamStatus"], "DISABLED", "StreamStatus")


# The wire

@behaviour()
def replies_carry_their_checksum(server, _table):
    """Developer Guide, Programming.LowLevelAPI.html, response: x-amz-crc32"""
    _, headers, body = server.raw("ListStreams", {})
    must(headers.get("x-amz-crc32") is not None, "no x-amz-crc32")
    expect(headers["x-amz-crc32"], crc32(body), "x-amz-crc32")


@behaviour()
def replies_are_json_1_0(server, _table):
    """Developer Guide, Programming.LowLevelAPI.html, response: Content-Type"""
    status, headers, _ = server.raw("ListStreams", {})
    expect((status, headers["Content-Type"]), (200, "application/x-amz-json-1.0"), "status and Content-Type")


def wire_error(server, operation, body):
    """Status and `__type` without its namespace; the text of a body that is no JSON."""
    status, _, said = server.raw(operation, body)
    try:
        return status, json.loads(said).get("__type", "").rsplit("#")[-1]
    except ValueError:
        return status, "no JSON"


@behaviour()
def an_unknown_operation_is_refused(server, _table):
    """observed: UnknownOperationException"""
    expect(wire_error(server, "PutRecords", {}), (400, "UnknownOperationException"), "reply")


@behaviour()
def a_body_that_is_no_json_is_refused(server, _table):
    """observed: SerializationException"""
    expect(wire_error(server, "ListStreams", b"{"), (400, "SerializationException"), "reply")


@behaviour()
def a_value_of_the_wrong_type_is_refused(server, _table):
    """observed: SerializationException"""
    expect(wire_error(server, "ListStreams", {"Limit": "many"}), (400, "SerializationException"), "reply")


@behaviour()
def errors_have_the_services_names(server, _table):
    """Developer Guide, Programming.Errors.html: an error's body has __type and message"""
    status, _, said = server.raw("DescribeStream", {"StreamArn": NOWHERE})
    said = json.loads(said)
    expect((status, said.get("__type")), (400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"), "reply")
    must(isinstance(said.get("message"), str), "no message")
