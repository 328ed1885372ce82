//! The JSON Schema of the export, made from the types of its records and their documentation.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};

use super::record::Record;

/// The JSON Schema (2020-12) of one line.
#[must_use]
pub fn schema() -> serde_json::Value {
    of::<Record<'_>>("wscope record")
}

/// The JSON Schema (2020-12) of what this type is written as.
pub(super) fn of<T: schemars::JsonSchema>(title: &str) -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    // An `Option` is left out where it is `None`, never null.
    RecursiveTransform(|schema: &mut schemars::Schema| {
        if let Some(serde_json::Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = &types[..] {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(serde_json::Value::Array(any)) = schema.get_mut("anyOf") {
            any.retain(|one| one.get("type").is_none_or(|name| name != "null"));
        }
    })
    .transform(&mut schema);
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_every_record_and_nothing_is_null() {
        let schema = schema();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let kinds: Vec<&str> = schema["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["properties"]["type"]["const"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, crate::report::RecordTypes::NAMES);
        let text = schema.to_string();
        assert!(!text.contains("null"), "{text}");
        let message = &schema["$defs"]["Message"];
        assert!(message["description"].as_str().unwrap().contains("fragments"));
        assert!(message["properties"]["base64"]["description"].is_string());
        let required = message["required"].as_array().unwrap();
        assert!(required.contains(&"complete".into()) && !required.contains(&"sha256".into()));
    }
}
