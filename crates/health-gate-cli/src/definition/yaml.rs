//! YAML, from the parser's events: the tree is made here, so that nesting is bounded, an alias costs nothing, and tags are kept
//! as the intrinsic functions that they are.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::DefinitionError;
use super::node::{Node, Value, one_line};

/// Parses a whole file, which may have one document.
pub(super) fn parse(text: &str) -> Result<Rc<Node>, DefinitionError> {
    let mut parser = Parser::new_from_str(text);
    let mut tree = Tree::default();
    let mut root = None;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| syntax(*error.marker(), error.info()))?;
        let at = span.start;
        let line = at.line();
        let finished = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let bare = style == ScalarStyle::Plain && tag.is_none();
                let value = if bare && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                    Value::Null
                } else {
                    Value::Text {
                        text: text.into_owned(),
                        bare,
                    }
                };
                tree.finish(value, line, anchor, function(tag.as_deref()))
            }
            Event::Alias(anchor) => tree.alias(anchor),
            Event::SequenceStart(anchor, tag) => {
                tree.open
                    .push(Frame::list(line, anchor, function(tag.as_deref())));
                Ok(None)
            }
            Event::MappingStart(anchor, tag) => {
                tree.open
                    .push(Frame::map(line, anchor, function(tag.as_deref())));
                Ok(None)
            }
            Event::SequenceEnd | Event::MappingEnd => tree.end(),
            Event::DocumentStart(_) if root.is_some() => {
                Err("more than one document in the file".to_owned())
            }
            Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamStart
            | Event::StreamEnd
            | Event::Nothing => Ok(None),
        };
        if let Some(node) = finished.map_err(|reason| syntax(at, &reason))? {
            root = Some(node);
        }
    }
    root.ok_or(DefinitionError::Empty)
}

fn syntax(at: Marker, reason: &str) -> DefinitionError {
    DefinitionError::Syntax {
        format: "YAML",
        reason: one_line(reason),
        line: at.line(),
        column: at.col() + 1,
    }
}

/// The long name of the intrinsic function that a tag is the short form of.
fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| tag.handle == "!" && !tag.suffix.is_empty())?;
    Some(match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    })
}

/// What has been read so far.
#[derive(Default)]
struct Tree {
    /// The lists and maps that are not at their end yet.
    open: Vec<Frame>,
    anchors: HashMap<usize, Rc<Node>>,
}

struct Frame {
    content: Content,
    line: usize,
    anchor: usize,
    function: Option<String>,
}

enum Content {
    List(Vec<Rc<Node>>),
    Map {
        members: Vec<(String, Rc<Node>)>,
        keys: HashSet<String>,
        /// A key that waits for its value.
        key: Option<String>,
    },
}

type Finished = Result<Option<Rc<Node>>, String>;

impl Frame {
    fn list(line: usize, anchor: usize, function: Option<String>) -> Self {
        Self {
            content: Content::List(Vec::new()),
            line,
            anchor,
            function,
        }
    }

    fn map(line: usize, anchor: usize, function: Option<String>) -> Self {
        let content = Content::Map {
            members: Vec::new(),
            keys: HashSet::new(),
            key: None,
        };
        Self {
            content,
            ..Self::list(line, anchor, function)
        }
    }
}

impl Tree {
    fn end(&mut self) -> Finished {
        let Some(frame) = self.open.pop() else {
            return Ok(None);
        };
        let value = match frame.content {
            Content::List(items) => Value::List(items),
            Content::Map { members, .. } => Value::Map(members),
        };
        self.finish(value, frame.line, frame.anchor, frame.function)
    }

    /// The value of an anchor, once more.
    fn alias(&mut self, anchor: usize) -> Finished {
        let node = self.anchors.get(&anchor).cloned();
        self.add(node.ok_or("an alias inside of what it stands for")?)
    }

    fn finish(
        &mut self,
        value: Value,
        line: usize,
        anchor: usize,
        function: Option<String>,
    ) -> Finished {
        let node = bounded(value, line)?;
        let node = match function {
            Some(name) => bounded(Value::Map(vec![(name, node)]), line)?,
            None => node,
        };
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.add(node)
    }

    /// Puts a value where it belongs; the root belongs nowhere and is handed back.
    fn add(&mut self, node: Rc<Node>) -> Finished {
        let Some(frame) = self.open.last_mut() else {
            return Ok(Some(node));
        };
        match &mut frame.content {
            Content::List(items) => items.push(node),
            Content::Map { members, keys, key } => match key.take() {
                Some(key) => members.push((key, node)),
                None => {
                    let name = match &node.value {
                        Value::Text { text, .. } => text.clone(),
                        Value::Null => "null".to_owned(),
                        Value::List(_) | Value::Map(_) => {
                            return Err(format!("a key must be a text, and not {}", node.kind()));
                        }
                    };
                    if !keys.insert(name.clone()) {
                        return Err(format!("key given more than once: `{}`", one_line(&name)));
                    }
                    *key = Some(name);
                }
            },
        }
        Ok(None)
    }
}

fn bounded(value: Value, line: usize) -> Result<Rc<Node>, String> {
    Node::new(value, Some(line))
        .map(Rc::new)
        .map_err(|error| error.to_string())
}
