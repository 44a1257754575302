"""The wire format (captures A1), and faults that are switched on."""

import json
import re
import time

from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError, ReadTimeoutError

from world import ACCOUNT, NOBODY, PROD, gate_and_deploy, only_gate


def plain_answers(w):
    """Timestamps are numbers, lists are sent when they are empty, and an action type bears its name (A1)."""
    p = w.pipeline("wire", only_gate, PROD)
    execution = p.first_execution()
    p.job()
    raw = p.state().raw
    w.check("A1: a timestamp is a JSON number", re.search(rb'"created":\s*[0-9]+(\.[0-9]+)?[,}]', raw), raw[:300])
    row = p.row(execution, "Gate")
    for path, empty in [(("input", "inputArtifacts"), []), (("output", "outputArtifacts"), []),
                        (("output", "outputVariables"), {})]:  # fmt: skip
        outer, inner = path
        w.equal(f"A1: an empty {outer}.{inner} is sent", row.get(outer, {}).get(inner), empty)
    w.equal("A1: an empty inboundExecutions is sent", p.stage("Gate").get("inboundExecutions"), [])
    w.equal(
        "A1: ListActionExecutions names the type of actionTypeId",
        row["input"]["actionTypeId"].get("__type"),
        "ActionTypeId",
    )
    read = w.codepipeline("GetPipeline", name=p.name)["pipeline"]
    for declared, where in [(read, "GetPipeline"), (p.update()["pipeline"], "UpdatePipeline")]:
        kind = declared["stages"][0]["actions"][0]["actionTypeId"]
        w.equal(f"A1: {where} names the type of actionTypeId", kind.get("__type"), "ActionTypeId")


def unknown_pipelines(w):
    """PipelineNotFoundException has two wordings, one an operation (A1)."""
    name = w.fresh("nowhere")
    of_history = re.compile(f"The account with AWS account ID '{ACCOUNT}' does not include a pipeline named '{name}'")
    of_structure = re.compile(f"Account '{ACCOUNT}' does not have a pipeline with name '{name}'")
    either = re.compile(f"{of_history.pattern}|{of_structure.pattern}")
    execution = {"pipelineExecutionId": NOBODY}
    stage = {"stageName": "Prod"}
    cases = [
        ("ListActionExecutions", {"pipelineName": name}, of_history),
        ("GetPipeline", {"name": name}, of_structure),
        ("GetPipelineState", {"name": name}, either),
        ("GetPipelineExecution", {"pipelineName": name, **execution}, either),
        ("ListPipelineExecutions", {"pipelineName": name}, either),
        ("StartPipelineExecution", {"name": name}, either),
        ("StopPipelineExecution", {"pipelineName": name, **execution}, either),
        ("RetryStageExecution", {"pipelineName": name, **stage, **execution, "retryMode": "ALL_ACTIONS"}, either),
        ("RollbackStage", {"pipelineName": name, **stage, "targetPipelineExecutionId": NOBODY}, either),
        (
            "DisableStageTransition",
            {"pipelineName": name, **stage, "transitionType": "Inbound", "reason": "none"},
            either,
        ),
        ("EnableStageTransition", {"pipelineName": name, **stage, "transitionType": "Inbound"}, either),
    ]
    for operation, members, wording in cases:
        answer = w.codepipeline(operation, **members)
        w.refused(f"A1: {operation} of an unknown pipeline", answer, "PipelineNotFoundException", wording)
    elsewhere = w.service("codepipeline", region="eu-west-1")
    p = w.pipeline("regional", PROD)
    answer = elsewhere("GetPipelineState", name=p.name)
    w.refused("a pipeline of another region is unknown", answer, "PipelineNotFoundException")


def unknown_operations(w):
    """What the sandbox does not play is refused, and not answered with something empty."""
    p = w.pipeline("unplayed", PROD)
    cases = [
        (w.codepipeline, "ListRuleExecutions", {"pipelineName": p.name}),
        (w.codepipeline, "ListWebhooks", {}),
        (w.codepipeline, "AcknowledgeJob", {"jobId": NOBODY, "nonce": "1"}),
        (w.health, "DescribeEventTypes", {}),
        (w.health, "DescribeEventsForOrganization", {}),
    ]
    for service, operation, members in cases:
        w.refused(f"{operation} is not played", service(operation, **members), "UnknownOperationException")
    answer = w.sns("ListTopics")
    # awsQuery has a name of its own for it.
    fits = answer.code in ("UnknownOperationException", "InvalidAction")
    w.check("ListTopics is not played", fits, f"got {answer}")


def errors_without_message(w):
    """Throttled calls answer nothing but a name, and so does a failed service (A1)."""
    p = w.pipeline("throttled", PROD)
    first = p.first_execution()
    p.wait(first, "Succeeded")
    for operation, call in [
        ("StartPipelineExecution", lambda: w.codepipeline("StartPipelineExecution", name=p.name)),
        ("GetPipelineState", p.state),
    ]:
        w.fault(operation, "throttle")
        answer = call()
        w.equal(f"A1: throttled {operation}", (answer.status, answer.body), (400, {"__type": "ThrottlingException"}))
        w.accepted(f"{operation} once the fault is used up", call())
    w.fault("ListPipelines", "internal-failure", times=2)
    for _ in range(2):
        answer = w.codepipeline("ListPipelines")
        w.equal("A1: an internal failure", (answer.status, answer.body), (500, {"__type": "InternalFailure"}))
    w.accepted("ListPipelines once the fault is used up", w.codepipeline("ListPipelines"))
    w.check("a throttled start starts nothing", len(p.executions()) == 2, p.executions())


def refusals_of_the_account(w):
    """IAM and the support plan refuse by names that no model lists (facts 5.4)."""
    w.fault("DescribeEvents", "subscription-required")
    w.refused("facts 5.4: without a support plan", w.health("DescribeEvents"), "SubscriptionRequiredException")
    for service, operation in [(w.health, "DescribeEvents"), (w.codepipeline, "ListPipelines")]:
        w.fault(operation, "deny")
        w.refused(f"IAM refuses {operation}", service(operation), "AccessDeniedException")
        w.accepted(f"{operation} once the fault is used up", service(operation))


def broken_connections(w):
    """Faults below the protocol reach the client as what they are, and end."""
    health = w.service("health", report=None, read_timeout=0.5)
    reaches = {
        # boto3 takes any text with status 200 for an empty answer, so the bytes themselves have to tell.
        "garbage": lambda answer: any("unreadable body" in problem for problem in answer.problems),
        "cut": lambda answer: isinstance(answer.failure, (NoConnection, HTTPClientError)),
        "silence": lambda answer: isinstance(answer.failure, ReadTimeoutError),
    }
    for fault, fits in reaches.items():
        w.fault("DescribeEvents", fault)
        answer = health("DescribeEvents")
        timed_out = isinstance(answer.failure, ReadTimeoutError)
        w.check(f"{fault} reaches the client", fits(answer) and timed_out == (fault == "silence"), f"got {answer}")
        w.accepted(f"DescribeEvents after {fault}", w.health("DescribeEvents"))
    w.fault("DescribeEvents", "late", by="300ms")
    begin = time.monotonic()
    answer = w.health("DescribeEvents")
    took = time.monotonic() - begin
    w.check("a late answer is whole, and late", answer.ok and took >= 0.29, f"after {took:.2f} s: {answer}")


def control_api(w):
    """A command that makes no sense is refused with its reason, and a list is answered in its order."""
    for command in [{"do": "nonsense"}, {"do": "delays", "retry": "soon"}, {"at": "0s"}, 5,
                    {"do": "fault", "operation": "DescribeEvents", "fault": "bad mood", "times": 1}]:  # fmt: skip
        status, _, body = w.sandbox.request("POST", "/sandbox/commands", json.dumps(command))
        try:
            reason = json.loads(body).get("error")
        except ValueError:
            reason = None
        w.check(
            f"the control API refuses {command}",
            status == 400 and isinstance(reason, str) and reason,
            f"{status} {body}",
        )
    name = {"service": "EC2", "region": "us-east-1"}
    first, second = w.fresh("listed"), w.fresh("listed")
    results = w.sandbox.command(
        {"do": "open-event", **name, "name": first}, {"do": "open-event", **name, "name": second}
    )
    w.check("two commands have two results", first in results[0]["arn"] and second in results[1]["arn"], results)
    for result in results:
        w.sandbox.command({"do": "close-event", "arn": result["arn"]})


def rest_of_the_account(w):
    """ListPipelines and GetPipeline tell what was declared."""
    p, q = w.pipeline("listed", gate_and_deploy), w.pipeline("listed", PROD, mode="QUEUED")
    pages, token = [], {}
    while True:
        answer = w.codepipeline("ListPipelines", maxResults=1, **token)
        pages.extend(answer["pipelines"])
        if "nextToken" not in answer.body:
            break
        token = {"nextToken": answer["nextToken"]}
    whole = w.codepipeline("ListPipelines")["pipelines"]
    w.equal("pages of one hold what one page holds", pages, whole)
    of_name = {each["name"]: each for each in whole}
    expected = {"name": q.name, "version": 1, "pipelineType": "V2", "executionMode": "QUEUED"}
    shown = of_name.get(q.name, {})
    w.equal("ListPipelines shows a pipeline", {key: shown.get(key) for key in expected}, expected)
    w.check("ListPipelines has the times of a pipeline", "created" in shown and "updated" in shown, shown)
    answer = w.codepipeline("ListPipelines", nextToken="bogus")
    w.refused("a token that nobody gave", answer, "InvalidNextTokenException")

    read = w.codepipeline("GetPipeline", name=p.name)
    metadata = read.get("metadata", {})
    fits = re.fullmatch(f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:{p.name}", metadata.get("pipelineArn", ""))
    w.check(
        "GetPipeline's metadata has ARN and times", fits and "created" in metadata and "updated" in metadata, metadata
    )
    w.equal(
        "GetPipeline returns the declaration", _declared(read["pipeline"]), _declared({**p.declaration, "version": 1})
    )
    p.update()
    for version in (1, 2):
        read = w.codepipeline("GetPipeline", name=p.name, version=version)
        w.equal(f"GetPipeline knows version {version}", read["pipeline"]["version"], version)
    w.equal(
        "GetPipeline shows the newest version", w.codepipeline("GetPipeline", name=p.name)["pipeline"]["version"], 2
    )
    answer = w.codepipeline("GetPipeline", name=p.name, version=9)
    w.refused("a version that is not there", answer, "PipelineVersionNotFoundException")


def _declared(pipeline):
    """A declaration without what AWS adds: the name of a type, and lists and maps that were left out."""
    if isinstance(pipeline, dict):
        kept = {name: _declared(value) for name, value in pipeline.items() if name != "__type"}
        return {name: value for name, value in kept.items() if value not in ([], {})}
    if isinstance(pipeline, list):
        return [_declared(each) for each in pipeline]
    return pipeline


STORIES = [
    plain_answers, unknown_pipelines, unknown_operations, errors_without_message, refusals_of_the_account,
    broken_connections, control_api, rest_of_the_account,
]  # fmt: skip
