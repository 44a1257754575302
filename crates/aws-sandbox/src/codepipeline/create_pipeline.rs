//! CreatePipeline: a pipeline, whose first execution begins a moment later.

use serde::{Deserialize, Serialize};

use super::CodePipeline;
use super::declaration::PipelineDeclaration;
use super::engine::Step;
use super::tags::{self, MOST_TAGS, Tag};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    pipeline: PipelineDeclaration,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {
    pipeline: PipelineDeclaration,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
}

impl CodePipeline {
    pub(crate) fn create_pipeline_by_call(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let mut c = Constraints::default();
        tags::check(&mut c, &input.tags);
        c.finish()?;
        let mut pipeline = input.pipeline;
        self.check(&pipeline, context.region)?;
        if input.tags.len() > MOST_TAGS {
            return Err(tags::too_many());
        }
        pipeline.version = 1;
        pipeline.name_types();
        let now = context.turn.now;
        self.create_pipeline(now, context.region, pipeline.clone());
        for tag in input.tags.clone() {
            self.tag(
                &pipeline.name,
                &tag.key.unwrap_or_default(),
                &tag.value.unwrap_or_default(),
            );
        }
        let step = Step::Begin {
            pipeline: pipeline.name.clone(),
        };
        self.schedule(now + self.delays.creation, step);
        Ok(Output {
            pipeline,
            tags: input.tags,
        })
    }
}

impl PipelineDeclaration {
    /// Answers carry the name of the structure in each action's type.
    pub(super) fn name_types(&mut self) {
        for action in self.stages.iter_mut().flat_map(|stage| &mut stage.actions) {
            action.action_type_id.wire_type = Some("ActionTypeId".to_owned());
        }
    }
}
