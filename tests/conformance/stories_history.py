"""ListActionExecutions and ListPipelineExecutions: filters, pages, and their refusals (captures A6, B2, B8)."""

import re

import declarations
from world import ACCOUNT, NOBODY, PROD, only_gate

FILTER = "filter.latestInPipelineExecution"
WRONG_RANGE = (
    f"1 validation error detected: Value at '{FILTER}.startTimeRange' failed to satisfy constraint: "
    "Member must satisfy enum value set: [All, Latest]"
)
NOTHING_GIVEN = (
    f"2 validation errors detected: Value at '{FILTER}.pipelineExecutionId' failed to satisfy constraint: "
    f"Member must not be null; Value at '{FILTER}.startTimeRange' failed to satisfy constraint: Member must not be null"
)


def _with_history(w, word):
    """A pipeline with an execution that was retried twice, and an older one that succeeded."""

    def gates(function):
        return declarations.stage("Gate", declarations.gate("Accept", function), declarations.gate("Retry", function))

    p = w.pipeline(word, gates, PROD)
    older = p.first_execution()
    for job in p.jobs_by_action(2).values():
        job.succeed()
    p.wait(older, "Succeeded")
    newer = p.start()
    jobs = p.jobs_by_action(2)
    jobs["Accept"].succeed()
    jobs["Retry"].fail()
    p.wait(newer, "Failed")
    p.retry("Gate", newer, "FAILED_ACTIONS")
    p.job().fail()
    p.wait(newer, "Failed")
    p.retry("Gate", newer, "ALL_ACTIONS")
    for job in p.jobs_by_action(2).values():
        job.succeed()
    p.wait(newer, "Succeeded")
    return p, older, newer


def filters(w):
    """All attempts, or the latest one of each action (A6, B2)."""
    p, older, newer = _with_history(w, "filters")
    everything = p.rows()
    times = [row["startTime"] for row in everything]
    w.equal("A6: newest start first", times, sorted(times, reverse=True))
    w.equal(
        "A6: without filter, the rows of all executions",
        {row["pipelineExecutionId"] for row in everything},
        {older, newer},
    )
    of_newer = [row for row in everything if row["pipelineExecutionId"] == newer]
    w.equal("A6: the filter by execution", p.rows(pipelineExecutionId=newer), of_newer)
    names = sorted(row["actionName"] for row in of_newer)
    w.equal("B2: a row an attempt", names, ["Accept", "Accept", "Deploy", "Retry", "Retry", "Retry", "Source"])

    def latest(execution, which):
        return {"pipelineExecutionId": execution, "startTimeRange": which}

    w.equal("A6: All is the same", p.rows(latestInPipelineExecution=latest(newer, "All")), of_newer)
    newest = {row["actionName"]: row for row in reversed(of_newer)}
    got = p.rows(latestInPipelineExecution=latest(newer, "Latest"))
    w.equal("B2: Latest is one row an action", sorted(row["actionName"] for row in got), sorted(newest))
    w.equal("B2: the latest attempt of each", {row["actionName"]: row for row in got}, newest)
    w.equal("A6: of an execution never retried, Latest is everything",
            p.rows(latestInPipelineExecution=latest(older, "Latest")), p.rows(pipelineExecutionId=older))  # fmt: skip

    both = p.rows(pipelineExecutionId=newer, latestInPipelineExecution=latest(newer, "Latest"))
    w.equal("A6: both filters with one id are the second", both, got)
    answer = p.call(
        "ListActionExecutions", filter={"pipelineExecutionId": older, "latestInPipelineExecution": latest(newer, "All")}
    )
    w.equal("A6: both filters with two ids find nothing", answer.body, {"actionExecutionDetails": []})
    answer = p.call(
        "ListActionExecutions",
        filter={"pipelineExecutionId": newer, "latestInPipelineExecution": latest(NOBODY, "All")},
    )
    w.equal("A6: the second id is unknown", answer.body, {"actionExecutionDetails": []})

    unknown = "Pipeline Execution with id '{}' does not exist in pipeline with name '{}'"
    answer = p.call(
        "ListActionExecutions",
        filter={"pipelineExecutionId": NOBODY, "latestInPipelineExecution": latest(newer, "All")},
    )
    w.refused("A6: the first id is unknown", answer, "PipelineExecutionNotFoundException")
    answer = p.call("ListActionExecutions", filter={"pipelineExecutionId": NOBODY})
    w.refused("B8: an unknown execution", answer, "PipelineExecutionNotFoundException", unknown.format(NOBODY, p.name))
    answer = p.call("ListActionExecutions", filter={"latestInPipelineExecution": latest(NOBODY, "All")})
    w.refused(
        "A6: the latest of an unknown execution",
        answer,
        "PipelineExecutionNotFoundException",
        unknown.format("null", p.name),
    )


def wrong_filters(w):
    """The filter is checked before the pipeline is looked up (A6, B8)."""
    p = w.pipeline("ranges", PROD)
    wrong = {"latestInPipelineExecution": {"pipelineExecutionId": NOBODY, "startTimeRange": "Newest"}}
    for name in (p.name, "nowhere"):
        answer = w.codepipeline("ListActionExecutions", pipelineName=name, filter=wrong)
        w.refused("B8: a wrong range", answer, "ValidationException", WRONG_RANGE)
        answer = w.codepipeline("ListActionExecutions", pipelineName=name, filter={"latestInPipelineExecution": {}})
        w.refused("B8: an empty latestInPipelineExecution", answer, "ValidationException", NOTHING_GIVEN)


def pages(w):
    """Pages follow one another, and a token belongs to its filter (A6, B8)."""
    p, older, newer = _with_history(w, "pages")
    everything = p.rows()

    def page(token=None, size=1, **filters):
        members = {"maxResults": size}
        if filters:
            members["filter"] = filters
        if token is not None:
            members["nextToken"] = token
        return p.call("ListActionExecutions", **members)

    for size in (1, 3, 100):
        rows, token, count = [], None, 0
        while count < 50:
            answer = page(token, size)
            rows.extend(answer["actionExecutionDetails"])
            count += 1
            token = answer.get("nextToken")
            if token is None:
                break
        w.equal(f"A6: pages of {size} hold everything in order", rows, everything)
        w.equal(f"A6: pages of {size} are full", count, -(-len(everything) // size))

    all_of = {"pipelineExecutionId": newer, "startTimeRange": "All"}
    token = page(latestInPipelineExecution=all_of)["nextToken"]
    second = page(token, latestInPipelineExecution=all_of)
    answer = page(token, latestInPipelineExecution={**all_of, "startTimeRange": "Latest"})
    w.equal("A6: the token with another range", (answer.status, answer.code), (500, "InternalFailure"))
    foreign = "The nextToken value '{}' is not valid. Specify a valid nextToken value, and then try again."
    answer = page(token, latestInPipelineExecution={**all_of, "pipelineExecutionId": older})
    w.refused("A6: the token with another execution", answer, "InvalidNextTokenException", foreign.format(token))
    answer = page(token, pipelineExecutionId=newer)
    w.accepted("A6: the token with the plain filter of the same execution", answer)
    w.equal("A6: it goes on in the same place", answer.get("actionExecutionDetails"), second["actionExecutionDetails"])
    for operation in ("ListActionExecutions", "ListPipelineExecutions"):
        answer = p.call(operation, nextToken="bogus")
        w.refused(
            f"B8: {operation}, a token that nobody gave", answer, "InvalidNextTokenException", foreign.format("bogus")
        )


def executions(w):
    """Summaries of executions: newest first, their trigger, and what only rollbacks have (A6)."""
    p = w.pipeline("summaries", only_gate, PROD)
    first = p.first_execution()
    p.succeed(first)
    second = p.start()
    p.job().fail()
    p.wait(second, "Failed")
    third = p.start()
    p.succeed(third)
    all_of_them = p.executions()
    w.equal("A6: newest first", [each["pipelineExecutionId"] for each in all_of_them], [third, second, first])
    w.equal("A6: statuses", [each["status"] for each in all_of_them], ["Succeeded", "Failed", "Succeeded"])
    for each in all_of_them:
        w.equal("A6: executionMode is always there", each.get("executionMode"), "SUPERSEDED")
        w.check(
            "A6: executionType is for rollbacks", "executionType" not in each and "rollbackMetadata" not in each, each
        )
        w.check("A6: statusSummary is not for these", "statusSummary" not in each and "stopTrigger" not in each, each)
        w.check("A6: times", each.get("startTime", 2) <= each.get("lastUpdateTime", 1), each)
    newest = all_of_them[0]
    w.equal("A6: trigger", newest["trigger"]["triggerType"], "StartPipelineExecution")
    arn = re.compile(rf"arn:aws:(iam|sts)::{ACCOUNT}:.+")
    w.check("A6: its detail is the caller's ARN", arn.fullmatch(newest["trigger"].get("triggerDetail", "")), newest)
    w.equal("A6: the first trigger", all_of_them[-1]["trigger"]["triggerType"], "CreatePipeline")
    revision = newest["sourceRevisions"][0]
    w.equal(
        "B7: source revisions",
        (revision["actionName"], set(revision)),
        ("Source", {"actionName", "revisionId", "revisionSummary"}),
    )
    w.equal("B7: their summary", revision.get("revisionSummary"), f"Amazon S3 version id: {revision.get('revisionId')}")
    one = p.execution(third)
    common = {name: newest[name] for name in ("pipelineExecutionId", "status", "executionMode", "trigger")}
    w.equal("B7: GetPipelineExecution has the same fields", {name: one.get(name) for name in common}, common)
    w.equal("B7: and more", (one["pipelineName"], one["pipelineVersion"]), (p.name, 1))
    w.check(
        "B7: variables and artifactRevisions are sent", one.get("variables") == [] and one.get("artifactRevisions"), one
    )
    answer = p.call("GetPipelineExecution", pipelineExecutionId=NOBODY)
    w.refused("an unknown execution", answer, "PipelineExecutionNotFoundException")

    seen, token = [], {}
    while len(seen) < 10:
        answer = p.call("ListPipelineExecutions", maxResults=1, **token)
        seen.extend(answer["pipelineExecutionSummaries"])
        if "nextToken" not in answer.body:
            break
        token = {"nextToken": answer["nextToken"]}
    w.equal("pages of one hold everything in order", seen, all_of_them)
    got = p.executions(filter={"succeededInStage": {"stageName": "Prod"}})
    w.equal("succeededInStage", [each["pipelineExecutionId"] for each in got], [third, first])
    got = p.executions(filter={"succeededInStage": {"stageName": "Source"}})
    w.equal("succeededInStage, an earlier stage", [each["pipelineExecutionId"] for each in got], [third, second, first])


STORIES = [filters, wrong_filters, pages, executions]
