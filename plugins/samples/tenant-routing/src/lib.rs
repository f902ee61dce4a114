//! Marks each change with its tenant, from an attribute or from a part of the key, so that an archive of many tenants can be
//! searched, handed over and paid for by tenant.

use std::collections::BTreeSet;

use sealog_filter_sdk::{
    AlertCode, AttributePath, Change, Column, Declare, Filter, Image, Keep, TagName, Verdict,
};
use serde::Deserialize;

/// Longest name of a tenant in bytes: what a tag takes. A longer one is not cut, or two tenants could become one.
const TENANT_MAX: usize = 256;

/// Where the tenant is found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The first that gives something has its way.
    from: Vec<Source>,
    /// The name of the mark.
    #[serde(default = "tenant")]
    tag: String,
    /// All tenants; another one is told of. Without, any is fine.
    #[serde(default)]
    known: Option<BTreeSet<String>>,
    /// A change without a tenant is told of.
    #[serde(default)]
    required: bool,
}

/// One place to look at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Path of an attribute of the item.
    #[serde(default)]
    attribute: Option<AttributePath>,
    /// Name of a key attribute: there in every view type.
    #[serde(default)]
    key: Option<String>,
    /// What has to stand before the tenant.
    #[serde(default)]
    prefix: String,
    /// What ends the tenant.
    #[serde(default)]
    until: Option<String>,
}

fn tenant() -> String {
    "tenant".to_owned()
}

/// The filter.
#[derive(Debug)]
pub struct TenantRouting {
    places: Vec<Place>,
    tag: TagName,
    known: Option<BTreeSet<String>>,
    unknown: AlertCode,
    missing: Option<AlertCode>,
}

#[derive(Debug)]
struct Place {
    /// The first that is there is looked at.
    columns: Vec<Column>,
    prefix: String,
    until: Option<String>,
}

impl Place {
    fn declare(source: Source, declare: &mut Declare) -> Result<Self, String> {
        let columns = match (source.attribute, source.key) {
            (Some(path), None) => {
                [Image::NewImage, Image::OldImage].map(|image| declare.column(image, &path)).to_vec()
            }
            (None, Some(name)) => vec![declare.column(Image::Keys, [name.as_str()])],
            _ => return Err("each place in `from` has either `attribute` or `key`".to_owned()),
        };
        if source.until.as_deref() == Some("") {
            return Err("`until` is empty; leave it out to take everything".to_owned());
        }
        Ok(Self { columns, prefix: source.prefix, until: source.until })
    }

    fn tenant<'a>(&self, change: &Change<'a>) -> Option<&'a str> {
        let column = *self.columns.iter().find(|column| change.is_present(**column))?;
        let text = change.text(column).or_else(|| change.number_text(column))?;
        let rest = text.strip_prefix(&self.prefix)?;
        let tenant =
            self.until.as_deref().and_then(|end| rest.split_once(end)).map_or(rest, |(tenant, _)| tenant);
        (!tenant.is_empty() && tenant.len() <= TENANT_MAX).then_some(tenant)
    }
}

impl Filter for TenantRouting {
    const NAME: &'static str = "tenant-routing";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: Option<&'static str> = Some(include_str!("../config.schema.json"));
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        let places = config
            .from
            .into_iter()
            .map(|source| Place::declare(source, declare))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            places,
            tag: declare.tag(config.tag),
            known: config.known,
            unknown: declare.alert("tenant-unknown"),
            missing: config.required.then(|| declare.alert("tenant-missing")),
        })
    }

    fn judge(&self, change: &Change<'_>) -> Verdict {
        let Some(tenant) = self.places.iter().find_map(|place| place.tenant(change)) else {
            return self.missing.as_ref().map_or_else(Verdict::keep, |code| Keep::new().alert(code).into());
        };
        let keep = Keep::new().tag(&self.tag, tenant);
        match &self.known {
            Some(known) if !known.contains(tenant) => keep.alert(&self.unknown).into(),
            Some(_) | None => keep.into(),
        }
    }
}

sealog_filter_sdk::export!(TenantRouting);

#[cfg(test)]
mod tests {
    use sealog_filter_sdk::testing::{Harness, check_project};

    use super::*;

    fn configured(config: &str) -> Result<Harness<TenantRouting>, String> {
        Harness::new(config)
    }

    #[test]
    fn fixtures_are_judged_as_expected() {
        assert_eq!(check_project::<TenantRouting>(env!("CARGO_MANIFEST_DIR")), Ok(7));
    }

    #[test]
    fn a_place_is_an_attribute_or_a_key() {
        for from in [r#"[{}]"#, r#"[{"attribute":"a","key":"b"}]"#, r#"[{"key":"pk","until":""}]"#] {
            assert!(configured(&format!(r#"{{"from":{from}}}"#)).is_err(), "{from}");
        }
    }

    #[test]
    fn a_tenant_that_does_not_fit_into_a_tag_is_none() {
        let filter = configured(r#"{"from":[{"key":"pk"}],"required":true}"#).unwrap();
        let key = |tenant: &str| {
            format!(r#"{{"eventName":"INSERT","dynamodb":{{"Keys":{{"pk":{{"S":"{tenant}"}}}}}}}}"#)
        };
        assert_eq!(filter.judge(&key(&"a".repeat(256))).unwrap().tags.len(), 1);
        let said = filter.judge(&key(&"a".repeat(257))).unwrap();
        assert_eq!((said.tags.len(), said.alert.as_deref()), (0, Some("tenant-missing")));
    }

    #[test]
    fn any_tenant_is_fine_where_none_is_known() {
        let filter = configured(r#"{"from":[{"attribute":"tenant"}],"tag":"customer"}"#).unwrap();
        let said =
            filter.judge(r#"{"eventName":"INSERT","dynamodb":{"NewImage":{"tenant":{"N":"42"}}}}"#).unwrap();
        assert_eq!((said.tags["customer"].as_str(), said.alert), ("42", None));
        assert!(
            filter.judge(r#"{"eventName":"INSERT","dynamodb":{"NewImage":{}}}"#).unwrap().alert.is_none()
        );
    }
}
