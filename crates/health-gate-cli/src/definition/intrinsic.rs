//! What intrinsic functions of CloudFormation say before anything is deployed.
//!
//! A parameter is its default, and what depends on where a stack is deployed an example (us-east-1, 111122223333).

use std::collections::HashMap;
use std::rc::Rc;

use health_gate::{Place, Text};
use serde_json::json;

use super::node::{Node, Value, members, place};

/// The longest text that is put together: more than any property takes.
const LONGEST: usize = 100_000;

/// What a template says about the names that its functions use.
#[derive(Debug, Default)]
pub(super) struct Template {
    defaults: HashMap<String, String>,
    /// The names of its Lambda functions, by logical id.
    functions: HashMap<String, String>,
}

impl Template {
    /// Reads parameters and functions of a template.
    pub(super) fn of(root: &Node) -> Self {
        let mut template = Self::default();
        for (name, parameter) in members_of(root, "Parameters") {
            let kind = parameter.get("Type").and_then(|kind| kind.as_text());
            let default = parameter
                .get("Default")
                .and_then(|default| default.as_text());
            // The default of such a parameter is the name under which its value is kept.
            let is_value = !kind.is_some_and(|kind| kind.starts_with("AWS::SSM::"));
            if let (Some(default), true) = (default, is_value) {
                template.defaults.insert(name.clone(), default.to_owned());
            }
        }
        for (name, resource) in members_of(root, "Resources") {
            let kind = resource.get("Type").and_then(|kind| kind.as_text());
            let is_function = matches!(
                kind,
                Some("AWS::Lambda::Function" | "AWS::Serverless::Function")
            );
            let function = resource
                .get("Properties")
                .and_then(|properties| properties.get("FunctionName"))
                .filter(|_| is_function)
                .map(|function| template.text(function));
            if let Some(Text::Known(function)) = function {
                template.functions.insert(name.clone(), function);
            }
        }
        template
    }

    /// The text that a value is.
    pub(super) fn text(&self, node: &Node) -> Text {
        match &node.value {
            Value::Text { text, .. } => Text::Known(text.clone()),
            Value::Map(_) if node.intrinsic().is_some() => self
                .resolve(node)
                .unwrap_or_else(|| Text::Open(node.written())),
            Value::List(items) => {
                let texts: Option<Vec<&str>> = items.iter().map(|item| item.as_text()).collect();
                Text::NotText {
                    found: node.kind(),
                    as_text: texts.map(|texts| texts.join(",")).filter(is_short),
                }
            }
            Value::Map(_) => Text::NotText {
                found: node.kind(),
                as_text: self
                    .json(node)
                    .map(|json| json.to_string())
                    .filter(is_short),
            },
            Value::Null => Text::NotText {
                found: node.kind(),
                as_text: None,
            },
        }
    }

    fn resolve(&self, node: &Node) -> Option<Text> {
        let (name, argument) = node.intrinsic()?;
        match name {
            "Ref" => self.name(argument.as_text()?).map(Text::Known),
            "Fn::GetAtt" => match &argument.value {
                Value::Text { text, .. } => self.name(text).map(Text::Known),
                Value::List(_) | Value::Null | Value::Map(_) => {
                    let names: Option<Vec<&str>> = argument
                        .as_list()?
                        .iter()
                        .map(|item| item.as_text())
                        .collect();
                    self.name(&names?.join(".")).map(Text::Known)
                }
            },
            "Fn::Sub" => match &argument.value {
                Value::Text { text, .. } => self.substitute(text, &HashMap::new()),
                Value::List(_) | Value::Null | Value::Map(_) => {
                    let [text, values] = argument.as_list()? else {
                        return None;
                    };
                    let values = members(values)
                        .map(|(name, value)| (name.as_str(), self.text(value)))
                        .collect();
                    self.substitute(text.as_text()?, &values)
                }
            },
            "Fn::Join" => self.join(argument),
            "Fn::ToJsonString" => self
                .json(argument)
                .map(|json| Text::Known(json.to_string())),
            "Fn::If" => {
                let [_, when_true, when_false] = argument.as_list()? else {
                    return None;
                };
                let text = self.text(when_true);
                (text == self.text(when_false)).then_some(text)
            }
            _ => None,
        }
    }

    /// What a name stands for: a pseudo parameter, a parameter, or a function of the template.
    fn name(&self, name: &str) -> Option<String> {
        let example = match name {
            "AWS::Region" => Some("us-east-1"),
            "AWS::AccountId" => Some("111122223333"),
            "AWS::Partition" => Some("aws"),
            "AWS::URLSuffix" => Some("amazonaws.com"),
            _ => None,
        };
        let function = || {
            self.functions
                .get(name.strip_suffix(".Arn").unwrap_or(name))
        };
        example
            .map(str::to_owned)
            .or_else(|| self.defaults.get(name).or_else(function).cloned())
    }

    fn substitute(&self, text: &str, values: &HashMap<&str, Text>) -> Option<Text> {
        let mut parts = Parts::default();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            parts.push(before)?;
            let Some((name, behind)) = after.split_once('}') else {
                parts.push("${")?;
                rest = after;
                continue;
            };
            rest = behind;
            if let Some(literal) = name.strip_prefix('!') {
                parts.push(&format!("${{{literal}}}"))?;
                continue;
            }
            let name = name.trim();
            match values
                .get(name)
                .cloned()
                .or_else(|| self.name(name).map(Text::Known))
            {
                Some(Text::Open(_)) | None => parts.push_open(name)?,
                Some(value) => parts.push_text(&value)?,
            }
        }
        parts.push(rest)?;
        Some(parts.finish())
    }

    fn join(&self, argument: &Node) -> Option<Text> {
        let [delimiter, items] = argument.as_list()? else {
            return None;
        };
        let texts: Vec<Text> = match items.as_list() {
            Some(items) => items.iter().map(|item| self.text(item)).collect(),
            // A parameter of type CommaDelimitedList.
            None => {
                let list = self.text(items);
                let items = list.known()?.split(',').map(str::trim);
                items.map(|item| Text::Known(item.to_owned())).collect()
            }
        };
        let mut parts = Parts::default();
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                parts.push(delimiter.as_text()?)?;
            }
            parts.push_text(text)?;
        }
        Some(parts.finish())
    }

    /// The value as JSON; `None` if a part of it is not known.
    fn json(&self, node: &Node) -> Option<serde_json::Value> {
        if node.intrinsic().is_some() {
            return match self.text(node) {
                Text::Known(text) => Some(json!(text)),
                Text::Partly(_) | Text::Open(_) | Text::NotText { .. } => None,
            };
        }
        Some(match &node.value {
            Value::Null => json!(null),
            Value::Text { text, bare: true } => match text.parse::<serde_json::Value>() {
                Ok(value) if !value.is_object() && !value.is_array() => value,
                Ok(_) | Err(_) => json!(text),
            },
            Value::Text { text, bare: false } => json!(text),
            Value::List(items) => serde_json::Value::Array(
                items
                    .iter()
                    .map(|item| self.json(item))
                    .collect::<Option<_>>()?,
            ),
            Value::Map(members) => {
                let members = members
                    .iter()
                    .map(|(key, value)| Some((key.clone(), self.json(value)?)));
                serde_json::Value::Object(members.collect::<Option<_>>()?)
            }
        })
    }
}

/// Whether CodePipeline would take it.
#[expect(clippy::ptr_arg, reason = "a filter of an optional string")]
fn is_short(text: &String) -> bool {
    text.len() <= 1_000
}

/// The members of a member.
fn members_of<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a (String, Rc<Node>)> {
    node.get(key).into_iter().flat_map(|node| members(node))
}

/// A text that is put together.
#[derive(Default)]
struct Parts {
    text: String,
    is_partly: bool,
}

impl Parts {
    fn push(&mut self, text: &str) -> Option<()> {
        (self.text.len() + text.len() <= LONGEST).then(|| self.text.push_str(text))
    }

    /// A part that is not known, under a name that disturbs nothing around it.
    fn push_open(&mut self, name: &str) -> Option<()> {
        let is_name =
            |c: char| c.is_alphanumeric() || matches!(c, ' ' | '!' | '-' | '.' | ':' | '_');
        let name: String = name
            .chars()
            .map(|c| if is_name(c) { c } else { '_' })
            .collect();
        self.is_partly = true;
        self.push(&format!("${{{name}}}"))
    }

    fn push_text(&mut self, text: &Text) -> Option<()> {
        match text {
            Text::Known(text) => self.push(text),
            Text::Partly(text) => {
                self.is_partly = true;
                self.push(text)
            }
            Text::Open(written) => self.push_open(written),
            Text::NotText { .. } => None,
        }
    }

    fn finish(self) -> Text {
        if self.is_partly {
            Text::Partly(self.text)
        } else {
            Text::Known(self.text)
        }
    }
}

/// What may stand at a place: the value, or both branches of a condition, without those that take the property away.
pub(super) fn alternatives<'a>(node: &'a Node, path: &str) -> Vec<(&'a Node, Place)> {
    match node.intrinsic() {
        Some(("Fn::If", argument)) => match argument.as_list() {
            Some([_, when_true, when_false]) => [(1, when_true), (2, when_false)]
                .into_iter()
                .flat_map(|(index, branch)| {
                    alternatives(branch, &format!("{path}.Fn::If[{index}]"))
                })
                .collect(),
            Some(_) | None => vec![(node, place(path, node))],
        },
        Some(("Ref", name)) if name.as_text() == Some("AWS::NoValue") => Vec::new(),
        Some(_) | None => vec![(node, place(path, node))],
    }
}
