//! The JSON Schema of a policy, for editors: made from the type [`Policy`] and the forms of its values.
#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value never panics, and no function has this feature"
)]

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{EventArn, Policy, Service, Span};
use crate::region::Region;
use crate::wildcard::Wildcard;

/// The schema, as committed in `policy.schema.json`.
pub fn policy_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let mut schema = generator.root_schema_for::<Policy>().to_value();
    schema["title"] = json!("health-gate policy");
    let own_region = Region::global();
    let defaults = json!(Policy::of_region(&own_region));
    if let Some(object) = schema.as_object_mut() {
        // Every key may be left out, and `null` sets it back to its default.
        object.remove("required");
    }
    for (name, property) in schema["properties"].as_object_mut().into_iter().flatten() {
        nullable(property);
        // The default regions are those of the function.
        if name != "regions" && !defaults[name].is_null() {
            property["default"] = defaults[name].clone();
        }
        // Whether an empty list means nothing or everything would be a guess.
        if property.get("items").is_some() {
            property["minItems"] = json!(1);
        }
    }
    schema
}

fn nullable(property: &mut Value) {
    if let Some(alternatives) = property.get_mut("oneOf").and_then(Value::as_array_mut) {
        alternatives.push(json!({"type": "null"}));
    } else if let Some(one) = property["type"].as_str() {
        property["type"] = json!([one, "null"]);
    }
}

macro_rules! text_schema {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

text_schema!(Region, "Region", {"type": "string", "maxLength": 25, "pattern": r"^([a-z]{2,4}(-[a-z]+)+-\d+|global)$"});
text_schema!(Service, "Service", {"type": "string", "pattern": "^[A-Z0-9_]{2,30}$"});
text_schema!(Wildcard, "EventTypeCode", {"type": "string", "pattern": r"^[A-Za-z0-9_*-]{1,100}$"});
text_schema!(EventArn, "EventArn", {"type": "string", "pattern": r"^arn:aws[^:]*:health:[^:]*:[^:]*:event(/[A-Za-z0-9_-]+){3}$"});

impl<const MIN: u64, const MAX: u64> JsonSchema for Span<MIN, MAX> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Duration{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^\d+[smhd]$"})
    }
}
