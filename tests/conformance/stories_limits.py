"""ValidationException for every constraint of every input that is played (wording of captures A6, B3, B8).

Inputs name a pipeline that does not exist: constraints are checked before anything is looked up (captures A6).
"""

import declarations
from limits import bad_inputs, read_complaints
from world import NOBODY

NAME = "limits-nowhere"
ARN = f"arn:aws:codepipeline:us-east-1:111122223333:{NAME}"
STAGE = {"pipelineName": NAME, "stageName": "Prod"}
EXECUTION = {"pipelineName": NAME, "pipelineExecutionId": NOBODY}


def _declaration():
    """Everything of a declaration that is played, once."""
    gate = declarations.gate("Gate", "function", inputs=["SourceZip"], outputs=["Judgement"], namespace="Judgement")
    stages = [declarations.SOURCE, declarations.stage("Gate", gate)]
    variables = [{"name": "Alpha", "defaultValue": "a", "description": "d"}]
    return declarations.pipeline(NAME, *stages, variables=variables)


#: A good input of each operation, with every member that is played.
GOOD = {
    "CreatePipeline": {"pipeline": _declaration(), "tags": [{"key": "k", "value": "v"}]},
    "UpdatePipeline": {"pipeline": _declaration()},
    "GetPipeline": {"name": NAME, "version": 1},
    "ListPipelines": {"maxResults": 1, "nextToken": "token"},
    "StartPipelineExecution": {
        "name": NAME, "variables": [{"name": "Alpha", "value": "a"}], "clientRequestToken": "token",
    },
    "StopPipelineExecution": {**EXECUTION, "abandon": True, "reason": "enough"},
    "GetPipelineState": {"name": NAME},
    "GetPipelineExecution": EXECUTION,
    "ListPipelineExecutions": {
        "pipelineName": NAME, "maxResults": 1, "nextToken": "token", "filter": {"succeededInStage": {"stageName": "Prod"}},
    },
    "ListActionExecutions": {
        "pipelineName": NAME, "maxResults": 1, "nextToken": "token",
        "filter": {
            "pipelineExecutionId": NOBODY,
            "latestInPipelineExecution": {"pipelineExecutionId": NOBODY, "startTimeRange": "All"},
        },
    },
    "RetryStageExecution": {**STAGE, "pipelineExecutionId": NOBODY, "retryMode": "ALL_ACTIONS"},
    "RollbackStage": {**STAGE, "targetPipelineExecutionId": NOBODY},
    "DisableStageTransition": {**STAGE, "transitionType": "Inbound", "reason": "enough"},
    "EnableStageTransition": {**STAGE, "transitionType": "Inbound"},
    "GetJobDetails": {"jobId": NOBODY},
    "PutJobSuccessResult": {
        "jobId": NOBODY, "continuationToken": "token",
        "currentRevision": {"revision": "1", "changeIdentifier": "1", "revisionSummary": "s"},
        "executionDetails": {"summary": "s", "externalExecutionId": "e", "percentComplete": 1},
    },
    "PutJobFailureResult": {
        "jobId": NOBODY, "failureDetails": {"type": "JobFailed", "message": "m", "externalExecutionId": "e"},
    },
    "TagResource": {"resourceArn": ARN, "tags": [{"key": "k", "value": "v"}]},
    "UntagResource": {"resourceArn": ARN, "tagKeys": ["k"]},
    "ListTagsForResource": {"resourceArn": ARN, "maxResults": 1, "nextToken": "token"},
}  # fmt: skip

GOOD_FILTER = {
    "filter": {
        "eventArns": ["arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1"],
        "eventTypeCodes": ["AWS_EC2_OPERATIONAL_ISSUE"],
        "services": ["EC2"],
        "regions": ["us-east-1"],
        "eventTypeCategories": ["issue"],
        "eventStatusCodes": ["open"],
        "startTimes": [{"from": 1_790_000_000}],
        "endTimes": [{"from": 1_790_000_000}],
        "lastUpdatedTimes": [{"from": 1_790_000_000}],
    },
    "maxResults": 1,
    "nextToken": "token",
    "locale": "en",
}


def _try(w, service, operation, good):
    model = service.client.meta.service_model.operation_model(operation)
    tried = 0
    for bad in bad_inputs(model, good):
        # botocore fills in a request token that is left out; there is nothing to try then.
        tried += 1
        answer = service(operation, **bad.members)
        if not w.refused(bad.name, answer, "ValidationException"):
            continue
        if bad.complaints is None:
            w.check(f"{bad.name}: says where", bad.path.split(".")[0] in str(answer.message), f"got {answer.message}")
        else:
            got = read_complaints(answer.message)
            detail = f"expected {sorted(bad.complaints)}\n      got      {answer.message}"
            w.check(f"{bad.name}: all complaints", got == bad.complaints, detail)
    w.check(f"{operation} has constraints to break", tried > 0)


def codepipeline(w):
    """Every constraint of every operation of CodePipeline."""
    for operation, good in GOOD.items():
        _try(w, w.codepipeline, operation, good)


def health(w):
    """Every constraint of DescribeEvents, over both protocols."""
    for protocol in ("json", "smithy-rpc-v2-cbor"):
        _try(w, w.service("health", protocol=protocol), "DescribeEvents", GOOD_FILTER)


def two_at_once(w):
    """One answer names all that is wrong."""
    bad = {"pipelineName": "no good", "stageName": "Prod", "pipelineExecutionId": NOBODY, "retryMode": "NONE"}
    answer = w.codepipeline("RetryStageExecution", **bad)
    got = read_complaints(answer.message)
    w.equal("B8: both complaints", {path for path, _ in got or ()}, {"pipelineName", "retryMode"})


def wrong_types(w):
    """What is not of the shape's type cannot be read at all."""
    cases = [
        ("ListPipelines", {"maxResults": "ten"}),
        ("ListTagsForResource", {"resourceArn": ARN, "maxResults": [1]}),
        ("GetPipelineState", {"name": {"of": "a pipeline"}}),
        ("StopPipelineExecution", {**EXECUTION, "abandon": "perhaps"}),
    ]
    for operation, members in cases:
        answer = w.codepipeline(operation, **members)
        w.refused(f"{operation} {members}", answer, "SerializationException")


STORIES = [codepipeline, health, two_at_once, wrong_types]
