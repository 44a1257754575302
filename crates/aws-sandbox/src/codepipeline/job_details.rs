//! GetJobDetails: the job's event again, and which pipeline it belongs to.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CodePipeline, UUID};
use crate::ACCOUNT_ID;
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    job_details: JobDetails,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobDetails {
    id: String,
    account_id: &'static str,
    data: Value,
}

impl CodePipeline {
    pub(crate) fn job_details(
        &mut self,
        context: &Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let mut c = Constraints::default();
        c.required("jobId", input.job_id.as_ref());
        c.pattern("jobId", input.job_id.as_ref(), UUID);
        c.finish()?;

        let job = self.job_in(context.region, &input.job_id.unwrap_or_default())?;
        let mut data = job.data.clone();
        without_what_the_model_lacks(&mut data);
        data["actionTypeId"] =
            json!({"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"});
        let of = &job.context;
        data["pipelineContext"] = json!({
            "pipelineName": of.pipeline,
            "stage": {"name": of.stage},
            "action": {"name": of.action, "actionExecutionId": of.action_execution_id},
            "pipelineArn": format!("arn:aws:codepipeline:{}:{ACCOUNT_ID}:{}", job.region, of.pipeline),
            "pipelineExecutionId": of.pipeline_execution_id,
        });
        Ok(Output {
            job_details: JobDetails {
                id: job.id.clone(),
                account_id: ACCOUNT_ID,
                data,
            },
        })
    }
}

/// The job event has more than the model of this operation: when the credentials expire, and nulls.
fn without_what_the_model_lacks(data: &mut Value) {
    if let Some(credentials) = data["artifactCredentials"].as_object_mut() {
        credentials.remove("expirationTime");
    }
    for list in ["inputArtifacts", "outputArtifacts"] {
        for artifact in data[list].as_array_mut().into_iter().flatten() {
            if artifact["revision"].is_null()
                && let Some(members) = artifact.as_object_mut()
            {
                members.remove("revision");
            }
        }
    }
}
