"""RetryStageExecution: what it does over time, and what it refuses (captures A5, B4, B5)."""

import re

import declarations
from sandbox import until
from world import NOBODY, PROD, only_gate


def _two_gates(function):
    """Two gates of one run order, and the deployment after them."""
    return declarations.stage(
        "Prod",
        declarations.gate("GateA", function),
        declarations.gate("GateB", function),
        declarations.deploy(run_order=2),
    )


def _not_retryable(stage, pipeline, execution):
    return (
        f"The stage named {stage} in the {pipeline} pipeline can't be retried now. Either it contains no failed "
        f"actions, the execution '{execution}' is already superseded, or the pipeline definition has changed since "
        "the action(s) failed."
    )


def over_time(w):
    """The stage is in progress at once; the action shows its old attempt, then none, then the new one (B4)."""
    p = w.pipeline("retry", only_gate)
    execution = p.first_execution()
    p.job().fail()
    p.wait(execution, "Failed")
    old = p.action("Gate", "Gate")
    try:
        w.delays(retry="1s", retry_clears="500ms")
        answer = p.retry("Gate", execution)
        w.equal("A5: the answer is the same execution", answer.body, {"pipelineExecutionId": execution})
        w.equal("A5: the execution is in progress again", p.execution(execution).get("status"), "InProgress")
        views = []

        def look():
            stage = p.stage("Gate")
            latest = stage["actionStates"][0].get("latestExecution", {})
            view = (latest.get("actionExecutionId"), latest.get("status"))
            if not views or views[-1][1] != view:
                views.append((stage, view))
            return latest if view[0] not in (None, old["actionExecutionId"]) else None

        new = until("the retried action's new attempt", look)
    finally:
        w.delays()
    stage, view = views[0]
    w.equal("B4: at first the action shows its old attempt", view, (old["actionExecutionId"], "Failed"))
    w.equal(
        "B4: while its stage is in progress",
        stage["latestExecution"],
        {"pipelineExecutionId": execution, "status": "InProgress"},
    )
    retried = {"manualStageRetryAttempt": 1, "latestRetryTrigger": "ManualStageRetry"}
    w.equal("B4: and says that it was retried", stage.get("retryStageMetadata"), retried)
    seen = [view for _, view in views]
    w.equal("B4: then none, then the new one", seen[1:], [(None, None), (new["actionExecutionId"], "InProgress")])
    rows = [
        (row["actionExecutionId"], row["status"])
        for row in p.rows(pipelineExecutionId=execution)
        if row["actionName"] == "Gate"
    ]
    expected = [(new["actionExecutionId"], "InProgress"), (old["actionExecutionId"], "Failed")]
    w.equal("A5: every attempt is a row of its own, newest first", rows, expected)
    p.succeed(execution)


def modes_and_counters(w):
    """FAILED_ACTIONS runs what failed, ALL_ACTIONS runs everything; attempts are counted by stage (A5, A4)."""
    p = w.pipeline("attempts", only_gate, _two_gates)
    execution = p.first_execution()
    p.job().fail()
    p.wait(execution, "Failed")
    p.retry("Gate", execution)
    p.job().succeed()
    jobs = p.jobs_by_action(2)
    jobs["GateA"].succeed()
    p.wait_action("Prod", "GateA", "Succeeded")
    w.equal("a stage waits for all its actions", p.stage("Prod")["latestExecution"]["status"], "InProgress")
    jobs["GateB"].fail()
    p.wait(execution, "Failed")
    a, b = p.action("Prod", "GateA"), p.action("Prod", "GateB")
    w.equal("the next run order is not begun", p.action("Prod", "Deploy"), {})

    w.accepted("A5: FAILED_ACTIONS", p.retry("Prod", execution, "FAILED_ACTIONS"))
    job = p.job()
    w.equal("A5: FAILED_ACTIONS runs only what failed", job.action, "GateB")
    w.equal("A5: the sibling keeps its row", p.action("Prod", "GateA"), a)
    w.check(
        "A5: what failed has a new id", p.action("Prod", "GateB").get("actionExecutionId") != b["actionExecutionId"]
    )
    counters = {name: p.stage(name).get("retryStageMetadata") for name in ("Source", "Gate", "Prod")}
    once = {"manualStageRetryAttempt": 1, "latestRetryTrigger": "ManualStageRetry"}
    w.equal("A5: attempts are counted by stage", counters, {"Source": None, "Gate": once, "Prod": once})
    job.fail()
    p.wait(execution, "Failed")

    w.accepted("A5: ALL_ACTIONS", p.retry("Prod", execution, "ALL_ACTIONS"))
    jobs = p.jobs_by_action(2)
    w.equal("A5: ALL_ACTIONS runs everything", set(jobs), {"GateA", "GateB"})
    w.check("A5: with new ids", p.action("Prod", "GateA").get("actionExecutionId") != a["actionExecutionId"])
    for job in jobs.values():
        job.succeed()
    p.wait(execution, "Succeeded")
    twice = {**once, "manualStageRetryAttempt": 2}
    w.equal("A4: the counter stays after success", p.stage("Prod").get("retryStageMetadata"), twice)
    names = [row["actionName"] for row in p.rows(pipelineExecutionId=execution)]
    counts = {name: names.count(name) for name in names}
    w.equal("A5: a row for every attempt", counts, {"Source": 1, "Gate": 2, "GateA": 2, "GateB": 3, "Deploy": 1})

    p.start()
    p.job().succeed()
    p.jobs_by_action(2)
    for name in ("Gate", "Prod"):
        w.check(
            f"A4: the counter of {name} is gone with the next execution",
            "retryStageMetadata" not in p.stage(name),
            p.stage(name),
        )


def refusals(w):
    """One message for no failed action, a superseded execution and a changed definition (B5)."""
    p = w.pipeline("refusals", only_gate, PROD)
    first = p.first_execution()
    job = p.job()
    answer = p.retry("Gate", first)
    w.refused(
        "B5: a stage in progress has no failed action",
        answer,
        "StageNotRetryableException",
        _not_retryable("Gate", p.name, first),
    )
    job.succeed()
    p.wait(first, "Succeeded")
    for stage in ("Gate", "Prod"):
        for mode in ("FAILED_ACTIONS", "ALL_ACTIONS"):
            answer = p.retry(stage, first, mode)
            message = _not_retryable(stage, p.name, first)
            w.refused(f"B5: {stage} has succeeded", answer, "StageNotRetryableException", message)
    answer = p.retry("Missing", first)
    w.refused("facts 2.1: an unknown stage", answer, "StageNotFoundException")

    second = p.start()
    p.job().fail()
    p.wait(second, "Failed")
    third = p.start()
    p.job().fail()
    p.wait(third, "Failed")
    answer = p.retry("Gate", second)
    w.refused("facts 2.1: a later execution has failed in the stage", answer, "NotLatestPipelineExecutionException")
    answer = p.retry("Gate", NOBODY)
    message = _not_retryable("Gate", p.name, NOBODY)
    w.refused("an unknown execution is refused", answer, "StageNotRetryableException", message)

    w.accepted("UpdatePipeline", p.update())
    answer = p.retry("Gate", third)
    w.refused(
        "B5: the definition has changed", answer, "StageNotRetryableException", _not_retryable("Gate", p.name, third)
    )
    w.check("nothing was retried", "retryStageMetadata" not in p.stage("Gate"), p.stage("Gate"))


def superseded(w):
    """An execution that another one has passed in the stage cannot be retried (trap 6 of the facts)."""
    p = w.pipeline("passed", only_gate)
    first = p.first_execution()
    p.job().fail()
    p.wait(first, "Failed")
    second = p.start()
    p.job().succeed()
    p.wait(second, "Succeeded")
    answer = p.retry("Gate", first)
    message = _not_retryable("Gate", p.name, first)
    w.refused("B5: the execution is superseded", answer, "StageNotRetryableException", message)


def stopped(w):
    """A stage that was stopped can be retried (A5)."""
    p = w.pipeline("stopped", only_gate)
    execution = p.first_execution()
    p.job()
    w.accepted("StopPipelineExecution", p.stop(execution, abandon=True))
    p.wait(execution, "Stopped")
    abandoned = p.action("Gate", "Gate")
    w.accepted("A5: retry of a stopped stage", p.retry("Gate", execution, "ALL_ACTIONS"))
    p.succeed(execution)
    statuses = [row["status"] for row in p.rows(pipelineExecutionId=execution) if row["actionName"] == "Gate"]
    w.equal("A5: both attempts are rows", statuses, ["Succeeded", "Abandoned"])
    w.check("with ids of their own", p.action("Gate", "Gate")["actionExecutionId"] != abandoned["actionExecutionId"])


def old_jobs(w):
    """The job of an attempt before the retry is used up, and does nothing to the new one."""
    p = w.pipeline("oldjob", only_gate)
    execution = p.first_execution()
    old = p.job()
    old.fail("first")
    p.wait(execution, "Failed")
    p.retry("Gate", execution)
    new = p.job()
    w.check("a retry has a job of its own", new.id != old.id, new.id)
    answer = old.put_success()
    w.refused(
        "B3: the old job",
        answer,
        "InvalidJobStateException",
        re.compile(f"Job with id {old.id} has already terminated"),
    )
    w.equal("the new attempt goes on", p.action("Gate", "Gate").get("status"), "InProgress")
    new.succeed()
    p.wait(execution, "Succeeded")


STORIES = [over_time, modes_and_counters, refusals, superseded, stopped, old_jobs]
