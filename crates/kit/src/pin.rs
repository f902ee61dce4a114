//! The digests of filters in a configuration file, written so that everything else in it stays as it is.

use sealog_filter::FilterDigest;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::KitError;

/// A filter of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredFilter {
    /// Number of its table in the file, from 0.
    pub table: usize,
    /// Its place among the table's filters, from 0.
    pub place: usize,
    /// The table's name.
    pub table_name: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its component's path, as it stands there.
    pub component: String,
    /// The digest that is pinned now.
    pub sha256: Option<String>,
    /// Its configuration.
    pub config: serde_json::Value,
}

/// The filters that a configuration file names, in order.
///
/// # Errors
/// [`KitError::Project`] when it is no TOML, or a filter names no component.
pub fn configured_filters(file: &std::path::Path, text: &str) -> Result<Vec<ConfiguredFilter>, KitError> {
    let wrong = |why: String| KitError::Project { file: file.to_owned(), why };
    let parsed: toml::Table = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let mut filters = Vec::new();
    for (number, table) in array(parsed.get("table")).iter().enumerate() {
        let table_name = text_of(table, "name").or_else(|| text_of(table, "table")).unwrap_or_default();
        for (place, filter) in array(table.get("filter")).iter().enumerate() {
            let component = text_of(filter, "component");
            let component = component.ok_or_else(|| {
                wrong(format!("filter {} of table {table_name:?} names no component", place + 1))
            })?;
            let config = filter.get("config").map_or(Ok(serde_json::json!({})), serde_json::to_value);
            filters.push(ConfiguredFilter {
                table: number,
                place,
                table_name: table_name.clone(),
                name: text_of(filter, "name"),
                component,
                sha256: text_of(filter, "sha256"),
                config: config.map_err(|error| wrong(error.to_string()))?,
            });
        }
    }
    Ok(filters)
}

fn array(value: Option<&toml::Value>) -> &[toml::Value] {
    value.and_then(toml::Value::as_array).map_or(&[], Vec::as_slice)
}

fn text_of(value: &toml::Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

/// The file's text with this filter's digest in it.
///
/// # Errors
/// [`KitError::Project`] when the filter is not there in the form of `[[table]]` and `[[table.filter]]`.
pub fn pin(
    file: &std::path::Path,
    text: &str,
    filter: &ConfiguredFilter,
    digest: &FilterDigest,
) -> Result<String, KitError> {
    let wrong = |why: String| KitError::Project { file: file.to_owned(), why };
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| wrong(error.to_string()))?;
    let entry = tables(document.get_mut("table"))
        .and_then(|tables| tables.get_mut(filter.table))
        .and_then(|table| tables(table.get_mut("filter")))
        .and_then(|filters| filters.get_mut(filter.place));
    let entry = entry.ok_or_else(|| {
        wrong(
            "filters have to stand under [[table.filter]] to be pinned; write the digest by hand".to_owned(),
        )
    })?;
    set(entry, "sha256", &digest.to_string());
    Ok(document.to_string())
}

fn tables(item: Option<&mut Item>) -> Option<&mut ArrayOfTables> {
    item.and_then(Item::as_array_of_tables_mut)
}

/// Keeps what stands around a value that is there, such as a comment behind it.
fn set(table: &mut Table, key: &str, text: &str) {
    let decor = table.get(key).and_then(Item::as_value).map(|there| there.decor().clone());
    table.insert(key, value(text));
    if let (Some(decor), Some(now)) = (decor, table.get_mut(key).and_then(Item::as_value_mut)) {
        *now.decor_mut() = decor;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const TEXT: &str = "# ours\narchive = \"a\"\n\n[[table]]\nname = \"orders\"   # the big one\n\n[[table.filter]]\ncomponent = \"f/a.wasm\"\nsha256 = \"old\" # reviewed by Ada\n\n\
        [[table.filter]]\nname = \"b\"\ncomponent = \"f/b.wasm\"\nconfig = { x = 1 }\n\n[[table]]\nname = \"other\"\n";

    #[test]
    fn only_the_digest_changes() {
        let file = Path::new("sealog.toml");
        let filters = configured_filters(file, TEXT).unwrap();
        let seen: Vec<_> = filters
            .iter()
            .map(|filter| {
                (
                    filter.table_name.as_str(),
                    filter.name.as_deref(),
                    filter.component.as_str(),
                    filter.sha256.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [("orders", None, "f/a.wasm", Some("old")), ("orders", Some("b"), "f/b.wasm", None)]
        );
        assert_eq!(filters[1].config, serde_json::json!({ "x": 1 }));
        let digest = FilterDigest::of(b"x");
        let pinned = pin(file, TEXT, &filters[0], &digest).unwrap();
        assert_eq!(pinned, TEXT.replace("\"old\"", &format!("\"{digest}\"")));
        let pinned = pin(file, TEXT, &filters[1], &digest).unwrap();
        assert_eq!(
            pinned,
            TEXT.replace("config = { x = 1 }\n", &format!("config = {{ x = 1 }}\nsha256 = \"{digest}\"\n"))
        );
    }

    #[test]
    fn what_is_no_configuration_is_said_to_be_none() {
        let file = Path::new("sealog.toml");
        assert!(configured_filters(file, "[[table").is_err());
        assert!(
            configured_filters(file, "[[table]]\n[[table.filter]]\n")
                .unwrap_err()
                .to_string()
                .contains("names no component")
        );
        assert_eq!(configured_filters(file, "[[table]]\nname = \"a\"\n").unwrap(), []);
        let inline = "table = [{ name = \"a\", filter = [{ component = \"c\" }] }]";
        let filters = configured_filters(file, inline).unwrap();
        assert!(
            pin(file, inline, &filters[0], &FilterDigest::of(b""))
                .unwrap_err()
                .to_string()
                .contains("by hand")
        );
    }
}
