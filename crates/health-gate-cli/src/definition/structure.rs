//! Stages and actions, which both formats have alike: GetPipeline with small first letters, CloudFormation with capital ones.

use health_gate::{
    ActionDefinition, OnFailure, OnFailureResult, PipelineDefinition, Place, StageDefinition, Text,
    UserParameters,
};

use super::intrinsic::{Template, alternatives};
use super::node::{Node, Value, member, members, one_line, place, printable};
use super::{DefinitionError, Unread};

/// The most actions that a pipeline can have (user guide, "Quotas").
pub(super) const MOST_ACTIONS: usize = 1_000;

/// The first letters of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// `stages`
    Lower,
    /// `Stages`
    Capital,
}

/// Reads the structure of pipelines.
pub(super) struct Structure<'a> {
    template: &'a Template,
    letters: Letters,
    /// What only CloudFormation can read.
    pub(super) unread: Vec<Unread>,
}

impl<'a> Structure<'a> {
    pub(super) fn new(template: &'a Template, letters: Letters) -> Self {
        Self {
            template,
            letters,
            unread: Vec::new(),
        }
    }

    /// The pipelines that a value may be: more than one if a condition decides about all of its stages.
    pub(super) fn pipelines(
        &mut self,
        node: &Node,
        fallback_name: &str,
        at: &Place,
    ) -> Result<Vec<PipelineDefinition>, DefinitionError> {
        let name = self
            .member(node, "name", at)
            .map_or_else(|| one_line(fallback_name), |(name, _)| self.shown(name));
        let Some((stages, stages_at)) = self.member(node, "stages", at) else {
            // A macro that writes them.
            if members(node).any(|(key, _)| key.starts_with("Fn::")) {
                self.leave(node, at);
                return Ok(Vec::new());
            }
            return Err(DefinitionError::Shape {
                place: at.clone(),
                found: format!("{} without `{}`", node.kind(), self.key("stages")),
                accepted: "a pipeline",
            });
        };
        let mut pipelines = Vec::new();
        for (stages, stages_at) in alternatives(stages, &stages_at.path) {
            let mut pipeline = PipelineDefinition {
                name: name.clone(),
                stages: Vec::new(),
                place: at.clone(),
            };
            let mut left = MOST_ACTIONS;
            for (stage, stage_at) in
                self.items(stages, &stages_at, "a list of stages", "a stage")?
            {
                let stage = self.stage(stage, stage_at)?;
                left = left
                    .checked_sub(stage.actions.len())
                    .ok_or_else(|| DefinitionError::TooManyActions { place: at.clone() })?;
                pipeline.stages.push(stage);
            }
            pipelines.push(pipeline);
        }
        Ok(pipelines)
    }

    fn stage(&mut self, node: &Node, at: Place) -> Result<StageDefinition, DefinitionError> {
        let mut actions = Vec::new();
        if let Some((list, list_at)) = self.member(node, "actions", &at) {
            for (list, list_at) in alternatives(list, &list_at.path) {
                for (action, action_at) in
                    self.items(list, &list_at, "a list of actions", "an action")?
                {
                    self.actions(action, &action_at, &mut actions)?;
                }
            }
        }
        Ok(StageDefinition {
            name: self.name(node, &at),
            actions,
            on_failure: self.on_failure(node, &at),
            place: at,
        })
    }

    /// An action; more than one if a condition decides about all of its configuration.
    fn actions(
        &mut self,
        node: &Node,
        at: &Place,
        actions: &mut Vec<ActionDefinition>,
    ) -> Result<(), DefinitionError> {
        let type_id = self.member(node, "actionTypeId", at);
        let of_type = |key: &str| {
            let (node, at) = type_id.as_ref()?;
            let (value, _) = self.member(node, key, at)?;
            Some(self.shown(value))
        };
        let action = ActionDefinition {
            name: self.name(node, at),
            category: of_type("category").unwrap_or_default(),
            provider: of_type("provider").unwrap_or_default(),
            run_order: self.run_order(node, at)?,
            function: None,
            user_parameters: Vec::new(),
            namespace: self.text(node, "namespace", at),
            region: self.text(node, "region", at),
            place: at.clone(),
        };
        let configurations = match self.member(node, "configuration", at) {
            Some((configuration, at)) => alternatives(configuration, &at.path),
            None => Vec::new(),
        };
        if configurations.is_empty() {
            actions.push(action);
            return Ok(());
        }
        for (configuration, configuration_at) in configurations {
            if configuration.intrinsic().is_some() {
                self.leave(configuration, &configuration_at);
            }
            let text = |key: &str| configuration.get(key).map(|node| self.template.text(node));
            let mut user_parameters = Vec::new();
            if let Some(given) = configuration.get("UserParameters") {
                let path = member(&configuration_at.path, "UserParameters");
                for (given, place) in alternatives(given, &path) {
                    let text = self.template.text(given);
                    user_parameters.push(UserParameters { text, place });
                }
            }
            actions.push(ActionDefinition {
                function: text("FunctionName").map(without_controls),
                user_parameters,
                ..action.clone()
            });
        }
        Ok(())
    }

    /// 1 if it is left out or not known.
    fn run_order(&mut self, node: &Node, at: &Place) -> Result<u32, DefinitionError> {
        let Some((given, given_at)) = self.member(node, "runOrder", at) else {
            return Ok(1);
        };
        let text = self.template.text(given);
        if matches!(text, Text::Open(_) | Text::Partly(_)) {
            self.leave(given, &given_at);
            return Ok(1);
        }
        let run_order = text.known().and_then(|text| text.trim().parse().ok());
        run_order
            .filter(|order| *order > 0)
            .ok_or_else(|| DefinitionError::Shape {
                place: given_at,
                found: format!("`{}`", one_line(&text.to_string())),
                accepted: "a whole number, 1 or more",
            })
    }

    fn on_failure(&self, node: &Node, at: &Place) -> Option<OnFailure> {
        let (on_failure, at) = self.member(node, "onFailure", at)?;
        let (on_failure, at) = alternatives(on_failure, &at.path).into_iter().next()?;
        let condition = || {
            let (conditions, at) = self.member(on_failure, "conditions", &at)?;
            let first = conditions.as_list()?.first()?;
            self.member(first, "result", &place(&format!("{}[0]", at.path), first))
        };
        let (result, place) = self.member(on_failure, "result", &at).or_else(condition)?;
        let result = match self.template.text(result).known() {
            Some("ROLLBACK") => OnFailureResult::Rollback,
            Some("RETRY") => OnFailureResult::Retry,
            Some(_) | None => OnFailureResult::Other,
        };
        Some(OnFailure { result, place })
    }

    /// The maps of a list, in all their alternatives.
    fn items<'n>(
        &mut self,
        node: &'n Node,
        at: &Place,
        accepted_list: &'static str,
        accepted_item: &'static str,
    ) -> Result<Vec<(&'n Node, Place)>, DefinitionError> {
        if node.intrinsic().is_some() {
            self.leave(node, at);
            return Ok(Vec::new());
        }
        let list = node
            .as_list()
            .ok_or_else(|| wrong_kind(node, at, accepted_list))?;
        let mut items = Vec::new();
        for (index, item) in list.iter().enumerate() {
            for (item, item_at) in alternatives(item, &format!("{}[{index}]", at.path)) {
                if item.intrinsic().is_some() {
                    self.leave(item, &item_at);
                } else if matches!(item.value, Value::Map(_)) {
                    items.push((item, item_at));
                } else {
                    return Err(wrong_kind(item, &item_at, accepted_item));
                }
            }
        }
        Ok(items)
    }

    fn leave(&mut self, node: &Node, at: &Place) {
        self.unread.push(Unread {
            place: at.clone(),
            written: node.written(),
        });
    }

    fn key(&self, key: &str) -> String {
        match self.letters {
            Letters::Lower => key.to_owned(),
            Letters::Capital => {
                let (first, rest) = key.split_at(1);
                first.to_uppercase() + rest
            }
        }
    }

    /// A member, unless it is taken away.
    fn member<'n>(&self, node: &'n Node, key: &str, at: &Place) -> Option<(&'n Node, Place)> {
        let key = self.key(key);
        let value: &Node = node.get(&key)?;
        let path = member(&at.path, &key);
        let taken_away = alternatives(value, &path).is_empty();
        (!taken_away).then(|| (value, place(&path, value)))
    }

    fn text(&self, node: &Node, key: &str, at: &Place) -> Option<Text> {
        let (value, _) = self.member(node, key, at)?;
        Some(self.template.text(value))
    }

    fn name(&self, node: &Node, at: &Place) -> String {
        self.member(node, "name", at).map_or_else(
            || "(without a name)".to_owned(),
            |(name, _)| self.shown(name),
        )
    }

    fn shown(&self, node: &Node) -> String {
        one_line(&self.template.text(node).to_string())
    }
}

/// A text that is shown and matched, and never read.
fn without_controls(text: Text) -> Text {
    match text {
        Text::Known(text) => Text::Known(printable(&text)),
        Text::Partly(text) => Text::Partly(printable(&text)),
        Text::Open(_) | Text::NotText { .. } => text,
    }
}

fn wrong_kind(node: &Node, at: &Place, accepted: &'static str) -> DefinitionError {
    DefinitionError::Shape {
        place: at.clone(),
        found: node.kind().to_owned(),
        accepted,
    }
}
