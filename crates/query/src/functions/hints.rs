//! What to write instead of functions of Trino that are not here.

/// Name and what does the same.
const INSTEAD: [(&str, &str); 19] = [
    ("approx_percentile", "approx_percentile_cont(x, p)"),
    ("arbitrary", "any_value(x), or first_value(x)"),
    ("array_join", "array_to_string(x, separator)"),
    ("date_parse", "to_timestamp(x, '%Y-%m-%d %H:%M')"),
    ("filter", "SELECT element FROM (SELECT unnest(x) AS element FROM ...) WHERE condition"),
    ("format_datetime", "date_format(x, '%Y-%m-%d %H:%i:%s')"),
    ("if", "CASE WHEN condition THEN a ELSE b END"),
    ("json_array_length", "json_extract_scalar(x, '$.member.L[0].S') and so on, element by element"),
    ("json_format", "the column itself: images are text here"),
    ("json_parse", "the column itself: images are text here, which json_extract takes"),
    ("json_query", "json_extract(x, '$.path')"),
    ("json_value", "json_extract_scalar(x, '$.path')"),
    ("map_agg", "array_agg(value), grouped by the key"),
    ("max_by", "last_value(x ORDER BY y)"),
    ("min_by", "first_value(x ORDER BY y)"),
    ("parse_datetime", "to_timestamp(x, '%Y-%m-%d %H:%M')"),
    ("regexp_extract", "regexp_match(x, pattern)[1]"),
    ("split", "string_to_array(x, separator)"),
    ("transform", "SELECT f(element) FROM (SELECT unnest(x) AS element FROM ...)"),
];

/// What does what the function of this name does in Trino; `None`: nothing that is known.
pub(crate) fn instead_of(function: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(name, _)| *name == function).map(|(_, instead)| *instead)
}
