//! The JSON Schema of a manifest, made from its types: `docs/manifest.schema.json`,
//! so that an editor helps while somebody writes one.

use schemars::Schema;
use serde_json::json;

use super::{Manifest, SCHEMA_CHARS_MAX};

/// The JSON Schema of a manifest, for editors. It says less than
/// [`Manifest::parse`] checks (no page twice, pictures among the assets), and
/// never refuses what that accepts.
pub fn render_json_schema() -> String {
    let schema = schemars::schema_for!(Manifest);
    // The alternate form of a JSON value is the indented one.
    format!("{:#}\n", schema.as_value())
}

/// A manifest may name its schema. The type does not have it, because a bundle
/// does not.
pub(super) fn allow_schema(schema: &mut Schema) {
    let properties = schema.ensure_object().entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(
            "$schema".to_owned(),
            json!({
                "description": "Where this schema is, for editors. A bundle does not have it.",
                "type": "string",
                "minLength": 1,
                "maxLength": SCHEMA_CHARS_MAX,
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::manifest::{
        Manifest,
        keys::{
            HOST_SCOPE, ICON, KEY_SCOPE, Keys, LOCALE, LOCALE_WINDOW, MANIFEST, PERMISSION, PLATFORM_VERSION, TAB,
            TAB_BAR, VERSION, WINDOW,
        },
    };

    #[test]
    fn the_schema_knows_the_same_keys() {
        let schema = schemars::schema_for!(Manifest).to_value();
        let check = |object: &serde_json::Value, keys: &Keys| {
            let properties = object["properties"].as_object().unwrap();
            let in_schema: BTreeSet<_> = properties.keys().map(String::as_str).collect();
            assert_eq!(in_schema, keys.known.iter().copied().collect());
            assert_eq!(object["additionalProperties"], false);
        };
        check(&schema, &MANIFEST);
        for (name, keys) in [
            ("Version", &VERSION),
            ("PlatformVersion", &PLATFORM_VERSION),
            ("Icon", &ICON),
            ("Permission", &PERMISSION),
            ("KeyScope", &KEY_SCOPE),
            ("HostScope", &HOST_SCOPE),
            ("Window", &WINDOW),
            ("TabBar", &TAB_BAR),
            ("Tab", &TAB),
            ("LocaleTexts", &LOCALE),
            ("LocaleWindow", &LOCALE_WINDOW),
        ] {
            check(&schema["$defs"][name], keys);
        }
        assert!(!schema.to_string().contains("\"log\""), "`log` needs no permission");
    }
}
