//! A value of a JSON or YAML file, with its line. Intrinsic functions of CloudFormation are in their long form.

use std::rc::Rc;

use health_gate::Place;

/// How deep a file may be nested. Templates get by with a third of it; what walks a value may recurse.
const DEEPEST: usize = 100;

/// How large a file may be once its aliases are written out, in characters and values. CloudFormation takes templates of 1 MB.
const LARGEST: usize = 10_000_000;

/// How much of a text is shown.
const SHOWN: usize = 100;

/// A value.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    /// From 1; JSON has none.
    pub(super) line: Option<usize>,
    height: usize,
    size: usize,
}

/// A value that exceeds a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NodeError {
    /// More levels than [`DEEPEST`].
    #[error("nested deeper than {DEEPEST} levels")]
    TooDeep,
    /// Larger than [`LARGEST`].
    #[error("larger than {} MB, with its aliases written out", LARGEST / 1_000_000)]
    TooLarge,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Text {
        text: String,
        /// Whether it was written without quotes, so that it may be a number or a truth value.
        bare: bool,
    },
    List(Vec<Rc<Node>>),
    /// In the order of the file.
    Map(Vec<(String, Rc<Node>)>),
}

impl Node {
    /// Makes a value.
    ///
    /// # Errors
    /// [`NodeError`] if it exceeds a limit.
    pub(super) fn new(value: Value, line: Option<usize>) -> Result<Self, NodeError> {
        let (height, size) = match &value {
            Value::Null => (1, 1),
            Value::Text { text, .. } => (1, text.len() + 1),
            Value::List(items) => extent(items.iter().map(|item| (&**item, 0))),
            Value::Map(members) => extent(members.iter().map(|(key, value)| (&**value, key.len()))),
        };
        if height > DEEPEST {
            return Err(NodeError::TooDeep);
        }
        if size > LARGEST {
            return Err(NodeError::TooLarge);
        }
        Ok(Self {
            value,
            line,
            height,
            size,
        })
    }

    /// A member of a map, or of one that is merged into it (`<<`).
    pub(super) fn get(&self, key: &str) -> Option<&Rc<Self>> {
        let Value::Map(members) = &self.value else {
            return None;
        };
        let own = |wanted: &str| {
            let mut found = members.iter().filter(|(name, _)| name == wanted);
            found.next().map(|(_, value)| value)
        };
        own(key).or_else(|| {
            let merged = own("<<")?;
            match &merged.value {
                Value::List(maps) => maps.iter().find_map(|map| map.get(key)),
                Value::Map(_) => merged.get(key),
                Value::Null | Value::Text { .. } => None,
            }
        })
    }

    /// The intrinsic function that it is, with its argument.
    pub(super) fn intrinsic(&self) -> Option<(&str, &Rc<Self>)> {
        match &self.value {
            Value::Map(members) => match members.as_slice() {
                [(name, argument)]
                    if name == "Ref" || name == "Condition" || name.starts_with("Fn::") =>
                {
                    Some((name, argument))
                }
                _ => None,
            },
            Value::Null | Value::Text { .. } | Value::List(_) => None,
        }
    }

    /// The text that it is.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text { text, .. } => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The items of the list that it is.
    pub(super) fn as_list(&self) -> Option<&[Rc<Self>]> {
        match &self.value {
            Value::List(items) => Some(items),
            Value::Null | Value::Text { .. } | Value::Map(_) => None,
        }
    }

    /// What it is, with an article.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Text { .. } => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "an object",
        }
    }

    /// As it stands in the file, in the short form, on one line and not longer than one.
    pub(super) fn written(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        one_line(&out)
    }

    fn write(&self, out: &mut String) {
        if out.len() > 4 * SHOWN {
            return;
        }
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Text { text, .. } => out.extend(text.chars().take(SHOWN + 1)),
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().take(SHOWN).enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Value::Map(members) => {
                if let Some((name, argument)) = self.intrinsic() {
                    out.push('!');
                    out.push_str(name.strip_prefix("Fn::").unwrap_or(name));
                    out.push(' ');
                    argument.write(out);
                    return;
                }
                out.push('{');
                for (index, (key, value)) in members.iter().take(SHOWN).enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    out.extend(key.chars().take(SHOWN));
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// The members of a map; none of anything else.
pub(super) fn members(node: &Node) -> impl Iterator<Item = &(String, Rc<Node>)> {
    match &node.value {
        Value::Map(members) => members.iter(),
        Value::Null | Value::Text { .. } | Value::List(_) => [].iter(),
    }
}

/// Height and size of what has these parts, each with what it takes beside itself.
fn extent<'a>(parts: impl Iterator<Item = (&'a Node, usize)>) -> (usize, usize) {
    parts.fold((1, 1), |(height, size), (part, beside)| {
        (
            height.max(part.height + 1),
            size.saturating_add(part.size + beside),
        )
    })
}

/// A text as it is shown: without invisible characters, and not longer than a line.
pub(super) fn one_line(text: &str) -> String {
    cut(text, SHOWN)
}

/// A text that is matched before it is shown: without invisible characters, and whole if it can be a name or an ARN.
pub(super) fn printable(text: &str) -> String {
    cut(text, 10 * SHOWN)
}

fn cut(text: &str, longest: usize) -> String {
    let mut line: String = text.chars().take(longest).collect();
    if text.chars().nth(longest).is_some() {
        line.push('…');
    }
    health_gate::one_line(&line)
}

/// The place of a value.
pub(super) fn place(path: &str, node: &Node) -> Place {
    Place {
        path: path.to_owned(),
        line: node.line,
    }
}

/// The path of a member.
pub(super) fn member(path: &str, key: &str) -> String {
    let key = one_line(key);
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}
