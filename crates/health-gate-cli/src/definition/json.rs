//! JSON, a key that is given twice refused: which of them counts would be a guess.

use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::DefinitionError;
use super::node::{Node, Value, one_line};

/// Parses a whole file.
pub(super) fn parse(text: &str) -> Result<Rc<Node>, DefinitionError> {
    let Parsed(node) = serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        DefinitionError::Syntax {
            format: "JSON",
            reason: one_line(reason.strip_suffix(&place).unwrap_or(&reason)),
            line: error.line(),
            column: error.column(),
        }
    })?;
    Ok(node)
}

struct Parsed(Rc<Node>);

impl Parsed {
    fn new<E: Error>(value: Value) -> Result<Self, E> {
        Node::new(value, None)
            .map(|node| Self(Rc::new(node)))
            .map_err(E::custom)
    }

    fn text<E: Error>(text: impl Into<String>, bare: bool) -> Result<Self, E> {
        let text = text.into();
        Self::new(Value::Text { text, bare })
    }
}

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Parsed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Parsed, E> {
        Parsed::new(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Parsed, E> {
        Parsed::text(value.to_string(), true)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Parsed, E> {
        Parsed::text(value.to_string(), true)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Parsed, E> {
        Parsed::text(value.to_string(), true)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Parsed, E> {
        Parsed::text(value.to_string(), true)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Parsed, E> {
        Parsed::text(value, false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Parsed, A::Error> {
        let mut items = Vec::new();
        while let Some(Parsed(item)) = list.next_element()? {
            items.push(item);
        }
        Parsed::new(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parsed, A::Error> {
        let mut members = Vec::new();
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !keys.insert(key.clone()) {
                let key = one_line(&key);
                return Err(A::Error::custom(format_args!(
                    "key given more than once: `{key}`"
                )));
            }
            let Parsed(value) = map.next_value()?;
            members.push((key, value));
        }
        Parsed::new(Value::Map(members))
    }
}
