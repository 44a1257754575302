//! IAM, as far as roles go that allow actions on resources by their names. There is no Deny and no policy of a resource, and of
//! conditions only `kms:ViaService`: a statement with another one allows nothing.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ACCOUNT_ID;
use crate::service::{Resource, action_of};
use crate::service_error::ServiceError;

/// Who may do what. A principal is who signs a call: the access key of its credentials. One without a role may do everything.
#[derive(Debug, Default)]
pub struct Iam {
    roles: BTreeMap<String, Vec<Permission>>,
    /// The principal, and the number of its permission.
    used: BTreeSet<(String, usize)>,
    denied: BTreeSet<Denied>,
}

/// What a statement of a role allows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Permission {
    /// Where it comes from: the statement's `Sid`.
    pub statement: String,
    /// `codepipeline:GetPipelineState`.
    pub action: String,
    /// ARNs. `*` is any run of characters.
    pub resources: Vec<String>,
    /// `Condition`.
    #[serde(default)]
    pub condition: Value,
}

/// What a principal with a role wanted to do, and was not allowed to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Denied {
    /// The access key.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The ARN, or `*` for actions without resources.
    pub resource: String,
}

impl Denied {
    /// How a service says so.
    pub(crate) fn of_service(self, service: &str) -> ServiceError {
        let Self {
            principal,
            action,
            resource,
        } = self;
        let message = format!(
            "User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/{principal} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        );
        if service == "SNS" {
            let mut error = ServiceError::new("AuthorizationError", message);
            error.status = StatusCode::FORBIDDEN;
            error
        } else {
            ServiceError::new("AccessDeniedException", message)
        }
    }
}

impl Iam {
    /// From now on a principal may do this, and nothing else.
    pub fn put_role(&mut self, principal: &str, permissions: Vec<Permission>) {
        self.used.retain(|(of, _)| of != principal);
        self.roles.insert(principal.to_owned(), permissions);
    }

    /// What roles allow and nobody has done: the principal and the action.
    pub fn unused(&self) -> BTreeSet<(String, String)> {
        let permissions = |(principal, permissions): (&String, &Vec<Permission>)| {
            let of_role = permissions.iter().enumerate();
            let unused = of_role.filter(|(n, _)| !self.used.contains(&(principal.clone(), *n)));
            let names =
                unused.map(|(_, permission)| (principal.clone(), permission.action.clone()));
            names.collect::<Vec<_>>()
        };
        self.roles.iter().flat_map(permissions).collect()
    }

    /// What was refused.
    pub fn denied(&self) -> impl Iterator<Item = &Denied> {
        self.denied.iter()
    }

    /// Whether what a principal may do is limited.
    pub(crate) fn has_role(&self, principal: &str) -> bool {
        self.roles.contains_key(principal)
    }

    /// Whether a principal may do something, in its own name or in that of a service that does it for it.
    pub(crate) fn check(
        &mut self,
        principal: &str,
        action: &str,
        resource: &str,
        via: Option<&str>,
    ) -> Result<(), Denied> {
        let Some(permissions) = self.roles.get(principal) else {
            return Ok(());
        };
        let allows = |permission: &Permission| {
            permission.action == action
                && permission.resources.iter().any(|of| matches(of, resource))
                && (permission.condition == json!({})
                    || permission.condition.is_null()
                    || via.is_some_and(|service| {
                        permission.condition == json!({"StringEquals": {"kms:ViaService": service}})
                    }))
        };
        match permissions.iter().position(allows) {
            Some(n) => {
                self.used.insert((principal.to_owned(), n));
                Ok(())
            }
            None => {
                let denied = Denied {
                    principal: principal.to_owned(),
                    action: action.to_owned(),
                    resource: resource.to_owned(),
                };
                self.denied.insert(denied.clone());
                Err(denied)
            }
        }
    }
}

/// The action of an operation, and the ARN of what it is done to (Service Authorization Reference).
pub(crate) fn action_and_resource(
    operation: &str,
    region: &str,
    input: &Value,
) -> Option<(String, String)> {
    let (prefix, resource) = action_of(operation)?;
    let text = |name: &str| input[name].as_str().unwrap_or_default();
    let pipeline = |name: &str| format!("arn:aws:codepipeline:{region}:{ACCOUNT_ID}:{name}");
    let resource = match resource {
        Resource::Any => "*".to_owned(),
        Resource::Arn(member) => text(member).to_owned(),
        Resource::Pipeline(member) => pipeline(text(member)),
        Resource::Stage => pipeline(&format!("{}/{}", text("pipelineName"), text("stageName"))),
        Resource::NewPipeline => pipeline(input["pipeline"]["name"].as_str().unwrap_or_default()),
        Resource::Topic => format!("arn:aws:sns:{region}:{ACCOUNT_ID}:{}", text("Name")),
    };
    Some((format!("{prefix}:{operation}"), resource))
}

/// Whether a name looks like the pattern, in which `*` is any run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(left) = name.strip_prefix(first) else {
        return false;
    };
    let starts = left.char_indices().map(|(at, _)| at).chain([left.len()]);
    starts.into_iter().any(|at| matches(rest, &left[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_of_characters() {
        let stage = "arn:aws:codepipeline:us-east-1:111122223333:shop/Prod";
        for (pattern, expected) in [
            ("*", true),
            (stage, true),
            ("arn:aws:codepipeline:*:111122223333:*", true),
            ("arn:aws:codepipeline:us-east-1:111122223333:*/*", true),
            ("arn:aws:codepipeline:us-east-1:111122223333:*/Test", false),
            ("arn:aws:codepipeline:us-east-1:111122223333:shop", false),
            ("arn:aws:codepipeline:eu-west-1:111122223333:*", false),
            ("", false),
        ] {
            assert_eq!(matches(pattern, stage), expected, "{pattern}");
        }
    }
}
