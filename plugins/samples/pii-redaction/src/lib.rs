//! Removes configured attributes from both images before anything is stored. A salted hash of each value stays in the row,
//! so that a value which is known from elsewhere can be shown to have been this one.

use sealog_filter_sdk::{AttributePath, Change, Declare, Filter, Image, Keep, Redactable, Verdict};
use serde::Deserialize;

/// What is removed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// In the new image and in the old one.
    attributes: Vec<AttributePath>,
}

/// The filter.
#[derive(Debug)]
pub struct PiiRedaction {
    redactable: Vec<Redactable>,
}

impl Filter for PiiRedaction {
    const NAME: &'static str = "pii-redaction";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: Option<&'static str> = Some(include_str!("../config.schema.json"));
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        refuse_nested(&config.attributes)?;
        let images = [Image::OldImage, Image::NewImage];
        let both = config.attributes.iter().flat_map(|path| images.map(|image| (image, path)));
        Ok(Self { redactable: both.map(|(image, path)| declare.redactable(image, path)).collect() })
    }

    /// Asks for all of them, whether they seem to be there or not: of two members of one name only one counts, and the
    /// other has to go as well.
    fn judge(&self, _change: &Change<'_>) -> Verdict {
        self.redactable.iter().fold(Keep::new(), |keep, it| keep.redact(*it)).into()
    }
}

/// Of two attributes, one in the other, only the outer one can be removed: which was meant is the operator's to say.
fn refuse_nested(paths: &[AttributePath]) -> Result<(), String> {
    for (at, path) in paths.iter().enumerate() {
        let mut others = paths.iter().enumerate().filter(|(other, _)| *other != at);
        if let Some((_, inner)) = others.find(|(_, other)| path.contains(other)) {
            return Err(format!("{inner} lies in {path}, which is removed as a whole; name one of the two"));
        }
    }
    Ok(())
}

sealog_filter_sdk::export!(PiiRedaction);

#[cfg(test)]
mod tests {
    use sealog_filter_sdk::testing::{Harness, check_project};

    use super::*;

    #[test]
    fn fixtures_are_judged_as_expected() {
        assert_eq!(check_project::<PiiRedaction>(env!("CARGO_MANIFEST_DIR")), Ok(5));
    }

    #[test]
    fn nothing_is_said_about_an_attribute_that_is_not_there() {
        let filter = Harness::<PiiRedaction>::new(r#"{"attributes":["email"]}"#).unwrap();
        let said =
            filter.judge(r#"{"eventName":"INSERT","dynamodb":{"NewImage":{"name":{"S":"x"}}}}"#).unwrap();
        assert_eq!((said.verdict.as_str(), said.redact.len()), ("keep", 0));
    }

    #[test]
    fn an_attribute_within_another_is_refused() {
        let refused =
            |paths: &str| Harness::<PiiRedaction>::new(&format!(r#"{{"attributes":{paths}}}"#)).unwrap_err();
        assert!(refused(r#"["customer.email","customer"]"#).contains("customer.email lies in customer"));
        assert!(refused(r#"["email","email"]"#).contains("name one of the two"));
        assert!(Harness::<PiiRedaction>::new(r#"{"attributes":["customer","customer_id"]}"#).is_ok());
    }

    #[test]
    fn thirty_two_attributes_are_the_most() {
        let config = |count: usize| {
            let paths: Vec<_> = (0..count).map(|number| format!("\"a{number}\"")).collect();
            format!(r#"{{"attributes":[{}]}}"#, paths.join(","))
        };
        assert!(Harness::<PiiRedaction>::new(&config(32)).is_ok());
        assert!(Harness::<PiiRedaction>::new(&config(33)).is_err());
    }
}
