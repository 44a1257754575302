"""RollbackStage: what it starts, and what it refuses (captures A8, B7)."""

import json
import re

import declarations
from world import ACCOUNT, NOBODY, PROD, UUID, gate_and_deploy


def _not_completed(target, stage):
    return f"Target Pipeline Execution with id '{target}' has not completed in stage with name '{stage}'"


def _in_progress(pipeline, stage):
    return f"Pipeline '{pipeline}' cannot start rollback since stage {stage} is in progress."


def goes_back(w):
    """A rollback is a new execution that runs one stage with the target's revisions and variables (A8, B7)."""

    def stage(function):
        gate = declarations.gate(
            "Gate", function, '{"execution":"#{codepipeline.PipelineExecutionId}","of":"#{variables.Of}"}'
        )
        return declarations.stage("Prod", gate, declarations.deploy(run_order=2))

    last = declarations.stage("Last", declarations.deploy("Mirror"))
    p = w.pipeline("rollback", stage, last, variables=[{"name": "Of", "defaultValue": "default"}])
    p.succeed(p.first_execution())
    target = p.start(variables=[{"name": "Of", "value": "target"}])
    p.succeed(target)
    newer = p.start(variables=[{"name": "Of", "value": "newer"}])
    p.succeed(newer)

    answer = p.rollback("Prod", target)
    w.equal("A8: the answer", set(answer.body), {"pipelineExecutionId"})
    rollback = answer["pipelineExecutionId"]
    w.check("A8: it is a new execution", rollback not in (target, newer), rollback)
    job = p.job()
    w.equal("A8: a gate in the stage runs again", job.execution, rollback)
    told = json.loads(job.data["actionConfiguration"]["configuration"]["UserParameters"])
    w.equal("A8: with the target's variables", told.get("of"), "target")
    stage = p.stage("Prod")
    expected = {"pipelineExecutionId": rollback, "status": "InProgress", "type": "ROLLBACK"}
    w.equal("A4: the stage's type", stage["latestExecution"], expected)
    w.equal("A8: run orders are kept", p.action("Prod", "Deploy"), {})
    w.refused(
        "B7: a rollback is in progress",
        p.rollback("Prod", target),
        "UnableToRollbackStageException",
        _in_progress(p.name, "Prod"),
    )
    job.succeed()
    ended = p.wait(rollback, "Succeeded")
    w.equal("A8: other stages keep their own", {name: p.stage(name)["latestExecution"] for name in ("Source", "Last")},
            {name: {"pipelineExecutionId": newer, "status": "Succeeded"} for name in ("Source", "Last")})  # fmt: skip
    w.equal(
        "A8: nothing else ran",
        sorted(row["actionName"] for row in p.rows(pipelineExecutionId=rollback)),
        ["Deploy", "Gate"],
    )
    of_target, summary = p.summary(target), p.summary(rollback)
    for shown in (ended, summary):
        w.equal("B7: executionType", shown.get("executionType"), "ROLLBACK")
        w.equal("B7: rollbackMetadata", shown.get("rollbackMetadata"), {"rollbackTargetPipelineExecutionId": target})
        trigger = shown["trigger"]
        w.equal("B7: trigger", trigger["triggerType"], "ManualRollback")
        detail = json.loads(trigger["triggerDetail"])
        fits = set(detail) == {"AwsUserArn"} and re.fullmatch(rf"arn:aws:(iam|sts)::{ACCOUNT}:.+", detail["AwsUserArn"])
        w.check("B7: its detail", fits, trigger)
    w.equal("A8: the target's revisions", summary["sourceRevisions"], of_target["sourceRevisions"])
    w.equal("A8: and variables", ended.get("variables"), p.execution(target).get("variables"))
    w.equal("A6: it is the newest", p.executions()[0]["pipelineExecutionId"], rollback)
    refused = p.rollback("Prod", rollback)
    w.refused(
        "B7: the target is a rollback", refused, "UnableToRollbackStageException", _not_completed(rollback, "Prod")
    )


def refusals(w):
    """Every refusal, word for word (B7)."""
    p = w.pipeline("norollback", gate_and_deploy)
    target = p.first_execution()
    p.succeed(target)
    failed = p.start()
    p.job().fail()
    p.wait(failed, "Failed")
    answer = p.rollback("Missing", target)
    w.refused(
        "B7: unknown stage",
        answer,
        "StageNotFoundException",
        f"Pipeline '{p.name}' does not have a stage with name 'Missing'",
    )
    answer = p.rollback("Prod", NOBODY)
    message = f"Target Pipeline Execution with id '{NOBODY}' does not exist in pipeline with name '{p.name}'"
    w.refused("B7: unknown target", answer, "PipelineExecutionNotFoundException", message)
    answer = p.rollback("Prod", "not-a-uuid")
    message = (
        "1 validation error detected: Value at 'targetPipelineExecutionId' failed to satisfy constraint: Member must "
        f"satisfy regular expression pattern: {UUID}"
    )
    w.refused("B7: malformed target", answer, "ValidationException", message)
    answer = p.rollback("Prod", failed)
    w.refused(
        "B7: the target did not complete", answer, "UnableToRollbackStageException", _not_completed(failed, "Prod")
    )
    running = p.start()
    job = p.job()
    answer = p.rollback("Prod", target)
    w.refused("B7: the stage is in progress", answer, "UnableToRollbackStageException", _in_progress(p.name, "Prod"))
    job.succeed()
    p.wait(running, "Succeeded")
    p.update()
    answer = p.rollback("Prod", target)
    message = f"Pipeline '{p.name}' has been updated since the rollback request was made."
    w.refused("B7: the definition was updated", answer, "PipelineExecutionOutdatedException", message)
    w.check("none of them started anything", len(p.executions()) == 3, p.executions())


def every_mode(w):
    """All three modes roll back, and so does the source stage (A8)."""
    for mode in ("SUPERSEDED", "QUEUED", "PARALLEL"):
        p = w.pipeline("modes", PROD, mode=mode)
        target = p.first_execution()
        p.wait(target, "Succeeded")
        for stage, actions in [("Prod", ["Deploy"]), ("Source", ["Source"])]:
            answer = p.rollback(stage, target)
            if w.accepted(f"A8: {mode}, stage {stage}", answer):
                rollback = answer["pipelineExecutionId"]
                p.wait(rollback, "Succeeded")
                rows = [row["actionName"] for row in p.rows(pipelineExecutionId=rollback)]
                w.equal(f"A8: {mode}, only {stage} ran", rows, actions)


def stopped(w):
    """A rollback that was stopped can be retried, and stays a rollback (A5, B5)."""
    p = w.pipeline("halted", gate_and_deploy)
    target = p.first_execution()
    p.succeed(target)
    rollback = p.rollback("Prod", target)["pipelineExecutionId"]
    p.job()
    p.stop(rollback, abandon=True)
    p.wait(rollback, "Stopped")
    answer = p.retry("Prod", rollback, "ALL_ACTIONS")
    w.equal("B5: retry of a stopped rollback", answer.body, {"pipelineExecutionId": rollback})
    p.succeed(rollback)
    expected = {"pipelineExecutionId": rollback, "status": "Succeeded", "type": "ROLLBACK"}
    w.equal("A4: it stays a rollback", p.stage("Prod")["latestExecution"], expected)


STORIES = [goes_back, refusals, every_mode, stopped]
