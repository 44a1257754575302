"""A Lambda action's job: the event, results and refusals, and what reading shows of it (captures A2, A3, B1 to B3)."""

import re

import declarations
from world import NOBODY, PROD, gate_and_deploy, only_gate

MALFORMED = (
    "1 validation error detected: Value at 'jobId' failed to satisfy constraint: Member must satisfy regular "
    "expression pattern: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)


def event(w):
    """The event has what was captured, and nothing that tells of the pipeline (A2, B3)."""

    def stage(function):
        told = declarations.gate("Told", function, inputs=["SourceZip"], outputs=["Judgement"])
        untold = declarations.gate("Untold", function, user_parameters="", run_order=2)
        return declarations.stage("Gate", told, untold)

    p = w.pipeline("event", stage)
    execution = p.first_execution()
    job = p.job()
    w.equal("A2: the event's top level", list(job.event), ["CodePipeline.job"])
    w.equal("A2: the job's members", set(job.event["CodePipeline.job"]), {"id", "accountId", "data"})
    w.equal(
        "A2: the data of a first call",
        set(job.data),
        {"actionConfiguration", "inputArtifacts", "outputArtifacts", "artifactCredentials"},
    )
    configuration = job.data["actionConfiguration"]["configuration"]
    parameters = (declarations.WHOSE % "Told").replace("#{codepipeline.PipelineExecutionId}", execution)
    w.equal(
        "facts 1.3: the configuration is resolved",
        configuration,
        {"FunctionName": p.function, "UserParameters": parameters},
    )
    credentials = job.data["artifactCredentials"]
    w.equal(
        "A2: the credentials",
        {name: type(value) for name, value in credentials.items()},
        {"accessKeyId": str, "secretAccessKey": str, "sessionToken": str, "expirationTime": int},
    )
    w.check(
        "A2: expirationTime is in milliseconds", credentials.get("expirationTime", 0) > 1_400_000_000_000, credentials
    )
    (given,), (made,) = job.data["inputArtifacts"], job.data["outputArtifacts"]
    w.equal("B3: an output artifact has no revision yet", (made["name"], made["revision"]), ("Judgement", None))
    w.equal("B3: an artifact's place", made["location"]["type"], "S3")
    w.equal("B3: an artifact's place in S3", set(made["location"]["s3Location"]), {"bucketName", "objectKey"})
    revisions = p.execution(execution).get("artifactRevisions", [])
    revision = next((each.get("revisionId") for each in revisions if each.get("name") == "SourceZip"), None)
    w.check("GetPipelineExecution shows the source's revision", revision, revisions)
    w.equal(
        "A2: an input artifact has the source's revision", (given["name"], given["revision"]), ("SourceZip", revision)
    )

    details = w.codepipeline("GetJobDetails", jobId=job.id)["jobDetails"]
    context = details["data"]["pipelineContext"]
    row = p.row(execution, "Told")
    expected = {
        "pipelineName": p.name,
        "stage": {"name": "Gate"},
        "action": {"name": "Told", "actionExecutionId": row["actionExecutionId"]},
        "pipelineExecutionId": execution,
    }
    w.equal("facts 1.2: GetJobDetails tells the pipeline", {name: context.get(name) for name in expected}, expected)
    w.check("A2: job and action execution have different ids", job.id != row["actionExecutionId"], row)
    w.equal(
        "facts 1.2: GetJobDetails has the configuration",
        details["data"]["actionConfiguration"]["configuration"],
        configuration,
    )
    answer = w.codepipeline("GetJobDetails", jobId=NOBODY)
    w.refused("GetJobDetails of an unknown job", answer, "JobNotFoundException")

    job.succeed()
    untold = p.job().data["actionConfiguration"]["configuration"]
    w.equal("facts 1.2: UserParameters is absent when it is not configured", untold, {"FunctionName": p.function})


def results(w):
    """Repeats and refusals of a result, word for word (A2, B3)."""
    p = w.pipeline("results", only_gate, PROD)
    first = p.first_execution()
    job = p.job()
    failure = {"failureDetails": {"type": "JobFailed", "message": "no"}}
    for operation, members in [("PutJobSuccessResult", {}), ("PutJobFailureResult", failure)]:
        answer = w.codepipeline(operation, jobId=NOBODY, **members)
        w.refused(
            f"B3: {operation}, unknown job", answer, "JobNotFoundException", f"Job with id '{NOBODY}' does not exist"
        )
        answer = w.service("codepipeline", region="eu-west-1")(operation, jobId=job.id, **members)
        w.refused(
            f"B3: {operation}, another region", answer, "JobNotFoundException", f"Job with id '{job.id}' does not exist"
        )
        answer = w.codepipeline(operation, jobId="not-a-uuid", **members)
        w.refused(f"B3: {operation}, malformed id", answer, "ValidationException", MALFORMED)
    answer = job.put_success(continuationToken="token", outputVariables={"Answer": "yes"})
    both = "A job can not contain both a continuation token and output variables."
    w.refused("B3: a token with output variables", answer, "ValidationException", both)
    answer = job.put_success(outputVariables={"Answer": "y" * 122_880})
    w.refused("facts 1.5: too much output", answer, "OutputVariablesSizeExceededException")

    already = (
        "The status of job with id {} is already set to the desired value. It cannot be updated with the same status, "
        "but different result or output variables."
    )
    terminated = "Job with id {} has already terminated"
    answer = job.put_success(outputVariables={"Answer": "yes"})
    w.equal(
        "B3: refusals leave the job open; a result is answered with nothing", (answer.status, answer.raw), (200, b"{}")
    )
    w.accepted("A2: the identical success again", job.put_success(outputVariables={"Answer": "yes"}))
    answer = job.put_success(outputVariables={"Answer": "no"})
    w.refused("B3: another success", answer, "InvalidJobStateException", already.format(job.id))
    w.refused("B3: failure after success", job.put_failure("no"), "InvalidJobStateException", terminated.format(job.id))
    p.wait(first, "Succeeded")

    second = p.start()
    job = p.job()
    answer = job.put_failure("no")
    w.equal("B3: a failure is answered with nothing", (answer.status, answer.raw), (200, b"{}"))
    w.accepted("A2: the identical failure again", job.put_failure("no"))
    w.refused("A2: another failure", job.put_failure("never"), "InvalidJobStateException", already.format(job.id))
    w.refused("B3: success after failure", job.put_success(), "InvalidJobStateException", terminated.format(job.id))
    p.wait(second, "Failed")


def continuation(w):
    """A continuation makes a new job of the same action execution (A2)."""
    p = w.pipeline("continuation", only_gate)
    execution = p.first_execution()
    one = p.job()
    before = p.action("Gate", "Gate")
    w.accepted("a continuation is taken", one.put_success(continuationToken='{"round": 1}'))
    two = p.job()
    w.check("A2: the next round has a job id of its own", two.id != one.id, two.id)
    w.equal("A2: the token comes back as it was given", two.data.get("continuationToken"), '{"round": 1}')
    w.equal("A2: the artifacts' places stay", two.data["outputArtifacts"], one.data["outputArtifacts"])
    w.equal(
        "A2: the action execution stays", p.action("Gate", "Gate").get("actionExecutionId"), before["actionExecutionId"]
    )
    w.equal("facts 1.4: the action is still in progress", p.action("Gate", "Gate").get("status"), "InProgress")
    details = w.codepipeline("GetJobDetails", jobId=two.id)["jobDetails"]["data"]
    w.equal("GetJobDetails has the token", details.get("continuationToken"), '{"round": 1}')
    answer = one.put_success(outputVariables={"Late": "yes"})
    w.check("B3: the job of the round before is used up", answer.code == "InvalidJobStateException"
            and "already set to the desired value" in str(answer.message), f"got {answer}")  # fmt: skip
    two.succeed()
    p.wait(execution, "Succeeded")
    w.equal("A2: both rounds are one row", len([row for row in p.rows() if row["actionName"] == "Gate"]), 1)


def readings(w):
    """What GetPipelineState and ListActionExecutions show of a Lambda action (A3, A4, A6, B1, B2)."""
    p = w.pipeline("readings", only_gate, PROD)
    first = p.first_execution()
    job = p.job()
    state = p.state()
    w.equal("B1: the pipeline", (state["pipelineName"], state["pipelineVersion"]), (p.name, 1))
    w.check("B1: the pipeline's times", "created" in state.body and "updated" in state.body, state)
    w.equal(
        "B1: the stages in their order",
        [each["stageName"] for each in state["stageStates"]],
        ["Source", "Gate", "Prod"],
    )
    stage = p.stage("Gate")
    w.equal("B1: a stage in progress", stage["latestExecution"], {"pipelineExecutionId": first, "status": "InProgress"})
    w.equal("B1: an open transition", stage["inboundTransitionState"], {"enabled": True})
    w.check("A5: no retryStageMetadata before a retry", "retryStageMetadata" not in stage, stage)
    w.check("B1: a Lambda action has an entityUrl", "entityUrl" in stage["actionStates"][0], stage)
    latest = p.action("Gate", "Gate")
    shown = {"actionExecutionId", "externalExecutionId", "externalExecutionUrl", "lastStatusChange", "status"}
    w.equal("B1: a Lambda action in progress", set(latest), shown)
    w.equal("A2: its external id is the function", latest.get("externalExecutionId"), p.function)
    prod = p.stage("Prod")
    w.check("A4: a stage never entered has no latestExecution", prod and "latestExecution" not in prod, prod)
    w.check("A4: nor has its action", "latestExecution" not in prod["actionStates"][0], prod)
    row = p.row(first, "Gate")
    w.equal("A6: a row in progress", (row["status"], row["lastUpdateTime"]), ("InProgress", row["startTime"]))
    w.equal("B2: its output", row["output"], {"outputArtifacts": [], "outputVariables": {}})
    w.equal("B2: its ids", (row["actionExecutionId"], row["pipelineExecutionId"], row["stageName"], row["pipelineVersion"]),
            (latest["actionExecutionId"], first, "Gate", 1))  # fmt: skip
    w.check("A6: updatedBy is for approvals", "updatedBy" not in row, row)

    # executionDetails and currentRevision are taken, and shown nowhere.
    secret = "shown-nowhere"
    job.succeed(
        executionDetails={"summary": secret, "externalExecutionId": secret, "percentComplete": 100},
        currentRevision={"revision": secret, "changeIdentifier": secret, "revisionSummary": secret},
        outputVariables={"Answer": "yes"},
    )
    p.wait(first, "Succeeded")
    for what in (p.state(), p.call("ListActionExecutions"), p.call("GetPipelineExecution", pipelineExecutionId=first)):
        w.check(f"A2: {what.operation} does not show executionDetails", secret.encode() not in what.raw, what)
    latest = p.action("Gate", "Gate")
    w.equal("B1: a succeeded Lambda action has no summary", set(latest), shown)
    w.equal("B1: its status", latest["status"], "Succeeded")
    row = p.row(first, "Gate")
    w.equal(
        "B2: its result", set(row["output"].get("executionResult", {})), {"externalExecutionId", "externalExecutionUrl"}
    )
    w.equal("B2: its output variables", row["output"]["outputVariables"], {"Answer": "yes"})
    w.check("B2: lastUpdateTime is the end", row["lastUpdateTime"] > row["startTime"], row)
    w.equal("B1: a deployment's summary", p.action("Prod", "Deploy").get("summary"), "Deployment Succeeded")
    prod = p.action("Prod", "Deploy")["actionExecutionId"]

    second = p.start()
    p.job().fail("owned explicit failure")
    p.wait(second, "Failed")
    latest = p.action("Gate", "Gate")
    w.equal("B1: a failed Lambda action", set(latest), shown | {"errorDetails"})
    details = {"code": "JobFailed", "message": "owned explicit failure"}
    w.equal("A3: GetPipelineState has code and message", latest.get("errorDetails"), details)
    row = p.row(second, "Gate")
    w.check("B2: lastUpdateTime is the end of a failed one too", row["lastUpdateTime"] > row["startTime"], row)
    expected = {"errorDetails": {"code": "JobFailed"}, "externalExecutionId": p.function,
                "externalExecutionSummary": "owned explicit failure"}  # fmt: skip
    result = dict(row["output"]["executionResult"])
    w.check("B2: a failed row has the url", "externalExecutionUrl" in result, result)
    result.pop("externalExecutionUrl", None)
    w.equal("A3: ListActionExecutions has the text as summary, and the code without message", result, expected)
    ended = p.execution(second)
    w.check("A3: a failed execution has no statusSummary", "statusSummary" not in ended, ended)
    stage = p.stage("Prod")
    w.equal("A4: a later stage keeps the older execution", stage["latestExecution"]["pipelineExecutionId"], first)
    w.equal("A4: and its action rows", p.action("Prod", "Deploy").get("actionExecutionId"), prod)

    source = p.row(first, "Source")
    w.equal("B2: the source's configuration", source["input"]["configuration"], declarations.source()["configuration"])
    w.equal("B2: the source's artifact", [each["name"] for each in source["output"]["outputArtifacts"]], ["SourceZip"])
    w.equal("A6: namespace of an action", source["input"].get("namespace"), "SourceVariables")
    w.equal("B2: region of an action", source["input"].get("region"), "us-east-1")
    kind = {"__type": "ActionTypeId", "category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"}
    w.equal("B2: the action's type", row["input"]["actionTypeId"], kind)


def other_failures(w):
    """Every failure type becomes the code (facts 1.6), and a deployment fails by the control API's word."""
    p = w.pipeline("failures", gate_and_deploy)
    execution = p.first_execution()
    for kind in [
        "ConfigurationError",
        "PermissionError",
        "RevisionOutOfSync",
        "RevisionUnavailable",
        "SystemUnavailable",
    ]:
        job = p.job()
        w.accepted(f"a failure of type {kind}", job.put_failure(f"by {kind}", kind))
        p.wait(execution, "Failed")
        details = p.action("Prod", "Gate").get("errorDetails")
        w.equal(f"facts 1.6: {kind} is the code", details, {"code": kind, "message": f"by {kind}"})
        p.retry("Prod", execution)
    of_p = {"do": "deployment", "bucket": "site-bucket"}
    w.sandbox.command({**of_p, "takes": "200ms", "fails": "the bucket is full"})
    p.job().succeed()
    w.check("a deployment takes its time", p.wait_action("Prod", "Deploy", "InProgress"))
    p.wait(execution, "Failed")
    latest = p.action("Prod", "Deploy")
    w.equal("a failed deployment", latest.get("status"), "Failed")
    w.equal("B1: its text", latest.get("errorDetails", {}).get("message"), "the bucket is full")
    w.sandbox.command({**of_p, "takes": "0s"})
    gate = p.action("Prod", "Gate")["actionExecutionId"]
    w.accepted("a failed deployment can be retried", p.retry("Prod", execution))
    p.wait(execution, "Succeeded")
    w.equal("A5: the gate's row stays", p.action("Prod", "Gate").get("actionExecutionId"), gate)


def delays(w):
    """A result takes effect some time after it is answered (A2), and a stage fails after its action (A5)."""
    try:
        w.delays(result="400ms", stage_failure="400ms")
        p = w.pipeline("delays", only_gate, PROD)
        execution = p.first_execution()
        p.job().fail("later")
        w.equal("A2: a result is not seen at once", p.action("Gate", "Gate").get("status"), "InProgress")
        p.wait_action("Gate", "Gate", "Failed")
        w.equal("A5: the stage fails after its action", p.stage("Gate")["latestExecution"]["status"], "InProgress")
        w.equal("A5: the execution is in progress until then", p.execution(execution).get("status"), "InProgress")
        p.wait(execution, "Failed")
        w.equal("A5: then it has failed", p.stage("Gate")["latestExecution"]["status"], "Failed")
        w.delays(continuation="300ms")
        p.retry("Gate", execution)
        job = p.job()
        w.accepted("a continuation is taken", job.put_success(continuationToken="again"))
        w.accepted("the job of a next round comes", p.job().put_success())
        p.wait(execution, "Succeeded")
    finally:
        w.delays()


def urls(w):
    """The links are ones that a person can follow: to the function and to its log (B1)."""
    p = w.pipeline("links", only_gate)
    p.first_execution()
    p.job()
    state = p.stage("Gate")["actionStates"][0]
    entity = f"https://console.aws.amazon.com/lambda/home?region=us-east-1#/functions/{p.function}"
    w.equal("B1: entityUrl", state.get("entityUrl"), entity)
    log = re.compile(
        r"https://console\.aws\.amazon\.com/cloudwatch/home\?region=us-east-1#logStream:group=.*" + p.function
    )
    url = state["latestExecution"].get("externalExecutionUrl", "")
    w.check("B1: externalExecutionUrl", log.fullmatch(url), url)


STORIES = [event, results, continuation, readings, other_failures, delays, urls]
