"""Declarations of pipelines, as CreatePipeline takes them."""

ACCOUNT_ROLE = "arn:aws:iam::111122223333:role/pipeline"

#: Put into every gate's UserParameters, so that an invocation tells whose it is; and so that variables are used.
WHOSE = '{"execution":"#{codepipeline.PipelineExecutionId}","action":"%s"}'


def pipeline(name, *stages, mode="SUPERSEDED", variables=None):
    declaration = {
        "name": name,
        "roleArn": ACCOUNT_ROLE,
        "artifactStore": {"type": "S3", "location": "artifacts-bucket"},
        "stages": list(stages),
        "executionMode": mode,
        "pipelineType": "V2",
    }
    if variables is not None:
        declaration["variables"] = variables
    return declaration


def stage(name, *actions):
    return {"name": name, "actions": list(actions)}


def _action(name, category, provider, configuration, run_order, inputs, outputs, namespace):
    action = {
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "runOrder": run_order,
        "configuration": configuration,
        "inputArtifacts": [{"name": each} for each in inputs],
        "outputArtifacts": [{"name": each} for each in outputs],
    }
    if namespace:
        action["namespace"] = namespace
    return action


def source(name="Source", object_key="site.zip", namespace="SourceVariables"):
    configuration = {"S3Bucket": "source-bucket", "S3ObjectKey": object_key, "PollForSourceChanges": "false"}
    return _action(name, "Source", "S3", configuration, 1, (), ["SourceZip"], namespace)


def gate(name, function, user_parameters=None, run_order=1, inputs=(), outputs=(), namespace=None):
    """A Lambda action. Its UserParameters say whose invocation it is, unless others are given; "" leaves them out."""
    configuration = {"FunctionName": function, "UserParameters": user_parameters or WHOSE % name}
    if user_parameters == "":
        del configuration["UserParameters"]
    return _action(name, "Invoke", "Lambda", configuration, run_order, inputs, outputs, namespace)


def deploy(name="Deploy", run_order=1, object_key="deployed/site.zip"):
    configuration = {"BucketName": "site-bucket", "Extract": "false", "ObjectKey": object_key}
    return _action(name, "Deploy", "S3", configuration, run_order, ["SourceZip"], (), None)


SOURCE = stage("Source", source())
