//! Which pipeline is meant, and where it lives: a gate may run in another region than its pipeline.

use aws_sdk_codepipeline::config::{Builder as Config, Region as SdkRegion};
use health_gate::{PipelineContext, Region};

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineRef {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: Region,
    /// `arn:aws:codepipeline:us-east-1:111122223333:checkout`, if it is known.
    pub arn: Option<String>,
}

impl PipelineRef {
    /// A pipeline of this region, and of the account and partition of another resource of it.
    pub fn in_region(name: impl Into<String>, region: &Region, beside: Option<&str>) -> Self {
        let name = name.into();
        let arn = beside.and_then(|arn| {
            let mut parts = arn.split(':');
            let (partition, account) = (parts.nth(1)?, parts.nth(2)?);
            Some(format!(
                "arn:{partition}:codepipeline:{region}:{account}:{name}"
            ))
        });
        Self {
            name,
            region: region.clone(),
            arn,
        }
    }

    /// The pipeline of a job. Its ARN says where it lives; without one, it is built from what is known of the function.
    pub fn of_job(
        context: &PipelineContext,
        function_arn: &str,
        account_id: Option<&str>,
        own_region: &Region,
    ) -> Self {
        let partition = function_arn
            .split(':')
            .nth(1)
            .filter(|partition| !partition.is_empty())
            .unwrap_or("aws");
        let built = || {
            Some(format!(
                "arn:{partition}:codepipeline:{own_region}:{}:{}",
                account_id?, context.pipeline
            ))
        };
        let arn = context.pipeline_arn.clone().or_else(built);
        let region = arn
            .as_ref()
            .and_then(|arn| arn.split(':').nth(3)?.parse().ok());
        Self {
            name: context.pipeline.clone(),
            region: region.unwrap_or_else(|| own_region.clone()),
            arn,
        }
    }

    /// What makes a call go to the pipeline's region.
    pub(crate) fn config(&self) -> Config {
        Config::new().region(SdkRegion::new(self.region.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_of_the_own_region_has_the_account_of_the_topic() {
        let region = "us-gov-west-1".parse().expect("a region");
        let arn = |beside| PipelineRef::in_region("checkout", &region, beside).arn;
        assert_eq!(
            arn(Some(
                "arn:aws-us-gov:sns:us-gov-west-1:111122223333:signals"
            ))
            .as_deref(),
            Some("arn:aws-us-gov:codepipeline:us-gov-west-1:111122223333:checkout")
        );
        assert_eq!(arn(Some("signals")), None);
        assert_eq!(arn(None), None);
    }

    #[test]
    fn a_pipeline_without_an_arn_is_where_its_gate_is() {
        let mut context = PipelineContext {
            pipeline: "checkout".to_owned(),
            pipeline_arn: Some("arn:aws:codepipeline:eu-west-1:111122223333:checkout".to_owned()),
            pipeline_execution_id: None,
            stage: None,
            action: None,
        };
        let own_region = "cn-north-1".parse().expect("a region");
        let function = "arn:aws-cn:lambda:cn-north-1:444455556666:function:gate";
        let pipeline = |context: &PipelineContext, account| {
            PipelineRef::of_job(context, function, account, &own_region)
        };
        assert_eq!(pipeline(&context, None).region.as_str(), "eu-west-1");
        context.pipeline_arn = None;
        let built = pipeline(&context, Some("444455556666"));
        assert_eq!(
            built.arn.as_deref(),
            Some("arn:aws-cn:codepipeline:cn-north-1:444455556666:checkout")
        );
        assert_eq!(built.region.as_str(), "cn-north-1");
        assert_eq!(pipeline(&context, None).arn, None);
    }
}
