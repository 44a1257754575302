//! DisableStageTransition and EnableStageTransition: nobody enters a stage while its inbound transition is disabled (user
//! guide, "Stop or start stage transitions"). The outbound transition of a stage is the inbound one of the next.

use serde::{Deserialize, Serialize};

use super::CodePipeline;
use super::pipeline::Disabled;
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DisableInput {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transition_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EnableInput {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transition_type: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {}

impl CodePipeline {
    pub(crate) fn disable_stage_transition(
        &mut self,
        context: &mut Context<'_>,
        input: DisableInput,
    ) -> Result<Output, ServiceError> {
        let mut c = Constraints::default();
        let of = (input.pipeline_name, input.stage_name, input.transition_type);
        validate(&mut c, &of);
        c.required("reason", input.reason.as_ref());
        c.text("reason", input.reason.as_ref(), 1..=300);
        c.pattern(
            "reason",
            input.reason.as_ref(),
            r"[a-zA-Z0-9!@ \(\)\.\*\?\-]+",
        );
        c.finish()?;
        let (pipeline, stage) = self.stage_for_transition(context.region, of)?;
        let slot = self.record(&pipeline).slots.entry(stage).or_default();
        slot.disabled = Some(Disabled {
            reason: input.reason.unwrap_or_default(),
            at: context.turn.now,
        });
        Ok(Output {})
    }

    pub(crate) fn enable_stage_transition(
        &mut self,
        context: &mut Context<'_>,
        input: EnableInput,
    ) -> Result<Output, ServiceError> {
        let mut c = Constraints::default();
        let of = (input.pipeline_name, input.stage_name, input.transition_type);
        validate(&mut c, &of);
        c.finish()?;
        let (pipeline, stage) = self.stage_for_transition(context.region, of)?;
        let slot = self
            .record(&pipeline)
            .slots
            .entry(stage.clone())
            .or_default();
        slot.disabled = None;
        self.admit(&mut context.turn, &pipeline, &stage);
        Ok(Output {})
    }

    /// The pipeline, and the stage that nobody enters while the transition is disabled.
    fn stage_for_transition(
        &self,
        region: &str,
        (pipeline, stage, transition_type): Transition,
    ) -> Result<(String, String), ServiceError> {
        let (pipeline, stage) = (pipeline.unwrap_or_default(), stage.unwrap_or_default());
        let record = self.pipeline_in(region, &pipeline)?;
        let place = record.stage_named(&stage)?;
        if transition_type.as_deref() == Some("Inbound") {
            return Ok((pipeline, stage));
        }
        let next = record.declaration().stages.get(place + 1);
        let next = next.map(|next| next.name.clone()).ok_or_else(|| {
            let message = format!("The stage '{stage}' of the pipeline '{pipeline}' is the last one: nothing is behind it");
            ServiceError::new("ValidationException", message)
        })?;
        Ok((pipeline, next))
    }
}

/// Pipeline, stage and type.
type Transition = (Option<String>, Option<String>, Option<String>);

fn validate(c: &mut Constraints, (pipeline, stage, transition_type): &Transition) {
    super::name(c, "pipelineName", pipeline.as_ref());
    super::name(c, "stageName", stage.as_ref());
    c.required("transitionType", transition_type.as_ref());
    c.one_of(
        "transitionType",
        transition_type.as_ref(),
        &["Inbound", "Outbound"],
    );
}
