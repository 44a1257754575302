// A pipeline of type V2 with health-gate in it: a release, begun by hand, deploys website.zip of the source bucket to the website's bucket,
// unless AWS is in trouble. health-gate's own stack has to exist in the region.
//
//   npx cdk synth --context sourceBucket=NAME --context websiteBucket=NAME

import { App, Stack } from "aws-cdk-lib";
import { Artifact, ExecutionMode, Pipeline, PipelineType } from "aws-cdk-lib/aws-codepipeline";
import { LambdaInvokeAction, S3DeployAction, S3SourceAction, S3Trigger } from "aws-cdk-lib/aws-codepipeline-actions";
import { Function } from "aws-cdk-lib/aws-lambda";
import { Bucket } from "aws-cdk-lib/aws-s3";

/** The action that an existing pipeline needs: put it first into the stage that it guards, alone in its run order. */
export function healthGate(stack, policy) {
  return new LambdaInvokeAction({
    actionName: "HealthGate",
    runOrder: 1,
    variablesNamespace: "HealthGate",
    // What health-gate's stack has made. CDK allows the action's role to invoke it.
    lambda: Function.fromFunctionName(stack, "PipelineGate", "pipeline-gate"),
    userParameters: policy,
  });
}

class Website extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const bucket = (context) => {
      const name = this.node.tryGetContext(context);
      if (!name) throw new Error(`say which bucket: --context ${context}=NAME`);
      return Bucket.fromBucketName(this, context, name);
    };
    const website = new Artifact("Website");
    const source = new S3SourceAction({
      actionName: "Website",
      bucket: bucket("sourceBucket"),
      bucketKey: "website.zip",
      output: website,
      trigger: S3Trigger.NONE,
    });
    const deploy = new S3DeployAction({
      actionName: "Deploy",
      // After the gate.
      runOrder: 2,
      bucket: bucket("websiteBucket"),
      input: website,
    });
    new Pipeline(this, "Pipeline", {
      pipelineName: "website",
      pipelineType: PipelineType.V2,
      executionMode: ExecutionMode.QUEUED,
      stages: [
        { stageName: "Source", actions: [source] },
        {
          stageName: "Production",
          actions: [healthGate(this, { regions: [this.region, "global"], onIncident: "hold", maxHold: "2h" }), deploy],
        },
      ],
    });
  }
}

new Website(new App(), "Website");
