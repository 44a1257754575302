//! The pipelines of a CloudFormation template.

use super::intrinsic::{Template, alternatives};
use super::node::{Node, member, members, place};
use super::structure::{Letters, Structure};
use super::{DefinitionError, Definitions, Unread};

const PIPELINE: &str = "AWS::CodePipeline::Pipeline";

/// Reads them all, in the order of the template.
pub(super) fn read(root: &Node) -> Result<Definitions, DefinitionError> {
    let template = Template::of(root);
    let mut structure = Structure::new(&template, Letters::Capital);
    let mut pipelines = Vec::new();
    let mut resources = Vec::new();
    if let Some(all) = root.get("Resources") {
        collect(all, "Resources", &mut resources);
    }
    for (name, path, resource) in &resources {
        // A macro that writes resources.
        if name.starts_with("Fn::") {
            structure.unread.push(Unread {
                place: place(path, resource),
                written: resource.written(),
            });
        }
        let kind = resource.get("Type").and_then(|kind| kind.as_text());
        let Some(properties) = resource
            .get("Properties")
            .filter(|_| kind == Some(PIPELINE))
        else {
            continue;
        };
        for (properties, at) in alternatives(properties, &member(path, "Properties")) {
            pipelines.extend(structure.pipelines(properties, name, &at)?);
        }
    }
    if pipelines.is_empty() && structure.unread.is_empty() {
        return Err(DefinitionError::NoPipeline {
            found: match resources.len() {
                0 => "`Resources` without any resource".to_owned(),
                number => format!("`Resources` without one of type {PIPELINE} (of {number})"),
            },
        });
    }
    Ok(Definitions {
        pipelines,
        unread: structure.unread,
    })
}

/// Resources with their names and paths, those that a loop makes among them.
fn collect<'a>(all: &'a Node, path: &str, resources: &mut Vec<(&'a str, String, &'a Node)>) {
    for (name, resource) in members(all) {
        let path = member(path, name);
        match resource.as_list() {
            Some([_, _, made]) if name.starts_with("Fn::ForEach::") => {
                collect(made, &format!("{path}[2]"), resources);
            }
            Some(_) | None => resources.push((name, path, resource)),
        }
    }
}
