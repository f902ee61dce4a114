"""Where a server differs from the documentation, and what it does instead, word for word as the suite sees it.

Each entry is a check: the suite fails when the server conforms, or differs otherwise. What decides is said by the
behaviour's docstring, and printed with the list.
"""

from judge import Difference

MOTO = {
    "list_streams_comes_in_pages_with_a_cursor":
        "a page is longer than Limit",
    "limit_zero_is_refused":
        "answers where ValidationException is due",
    "describe_stream_needs_an_arn":
        "refuses with 500, not ValidationException",
    "describe_stream_begins_behind_its_cursor":
        "lists the shard of the cursor again",
    "a_split_shard_closes_and_has_two_children":
        "children: 0, not 2",
    "describe_stream_comes_in_pages_of_shards":
        "shards of a stream that was split once: 1, not 3",
    "a_filter_lists_only_the_children_of_a_shard":
        "lists shards that are no children",
    "a_closed_shard_is_read_to_its_end":
        "the shard has no end",
    "the_last_number_of_a_closed_shard_is_that_of_its_last_record":
        "the shard has no last number",
    "at_timestamp_begins_with_the_first_record_that_is_not_older":
        "GetRecords is refused with 500",
    "at_timestamp_in_the_future_is_refused":
        "answers where ValidationException is due",
    "an_iterator_of_an_unknown_shard_is_not_found":
        "refuses with 500, not ResourceNotFoundException",
    "an_unknown_iterator_type_is_refused":
        "answers where ValidationException is due",
    "a_number_must_be_given_where_one_is_needed":
        "answers where ValidationException is due",
    "a_number_has_at_least_21_digits":
        "answers where ValidationException is due",
    "an_iterator_that_was_never_issued_is_refused":
        "refuses with 500, not ValidationException",
    "a_page_has_at_most_1_mb":
        "a page holds all records, of more than 2 MB",
    "a_limit_of_more_than_1000_is_refused":
        "answers where LimitExceededException or ValidationException is due",
    "a_page_limit_of_zero_is_refused":
        "answers where ValidationException is due",
    "a_put_that_changes_nothing_leaves_no_record":
        "records of three puts, one of which changes nothing: 3, not 2",
    "records_name_the_region":
        "awsRegion: 'us-east-1', not 'eu-central-1'",
    "records_tell_their_time_in_whole_seconds":
        "has parts of a second",
    "size_bytes_counts_names_and_values":
        "counts more than names and values",
    "a_delete_by_ttl_names_the_service":
        "deletes nothing by TTL",
    "a_stream_that_is_off_is_disabled_and_its_shards_are_closed":
        "DescribeStream is refused with 500",
    "a_stream_that_is_off_can_still_be_read_to_its_end":
        "the shard has no end",
    "a_stream_that_is_on_again_has_another_arn":
        "UpdateTable is refused with ResourceInUseException",
    "the_old_stream_keeps_its_records_when_there_is_a_new_one":
        "UpdateTable is refused with ResourceInUseException",
    "a_new_stream_has_its_own_view_type":
        "UpdateTable is refused with ResourceInUseException",
    "what_changes_while_the_stream_is_off_is_never_told":
        "PutItem is refused with 500",
    "the_stream_of_a_deleted_table_can_still_be_read":
        "DescribeStream is refused with ResourceNotFoundException",
    "replies_carry_their_checksum":
        "no x-amz-crc32",
    "an_unknown_operation_is_refused":
        "reply: (500, 'no JSON'), not (400, 'UnknownOperationException')",
    "a_body_that_is_no_json_is_refused":
        "reply: (200, ''), not (400, 'SerializationException')",
    "a_value_of_the_wrong_type_is_refused":
        "reply: (200, ''), not (400, 'SerializationException')",
}

# All on purpose; crates/simulator/README.md says why.
SIMULATOR = {
    "the_last_number_of_a_closed_shard_is_that_of_its_last_record":
        "the last number lies behind the last record",
    "size_bytes_counts_names_and_values":
        "counts more than names and values",
}

DIFFERENCES = [Difference(behaviour, server, instead)
               for server, listed in (("moto", MOTO), ("simulator", SIMULATOR)) for behaviour, instead in listed.items()]
