"""Execution modes, stopping, updating, starting and transitions (captures A4, A6, A7, B1, B2, B8)."""

import re

import declarations
from sandbox import until
from world import NOBODY, PROD, gate_and_deploy, only_gate


def superseded(w):
    """In SUPERSEDED mode one execution waits before a held stage, and the next one takes its place (A4, A7)."""
    p = w.pipeline("superseded", only_gate, PROD)
    first = p.first_execution()
    job = p.job()
    second = p.start()
    waiting = until("the second execution to wait", lambda: p.stage("Gate").get("inboundExecution"))
    w.equal("A4: a waiting execution", waiting, {"pipelineExecutionId": second, "status": "InProgress"})
    w.equal("A4: inboundExecutions stays empty", p.stage("Gate").get("inboundExecutions"), [])
    w.equal("A4: the stage still shows the first", p.stage("Gate")["latestExecution"]["pipelineExecutionId"], first)
    third = p.start()
    ended = p.wait(second, "Superseded")
    w.check("A7: a superseded execution has no statusSummary", "statusSummary" not in ended, ended)
    until(
        "the third execution to wait",
        lambda: p.stage("Gate").get("inboundExecution", {}).get("pipelineExecutionId") == third,
    )
    w.equal("A7: in the list too", p.summary(second).get("status"), "Superseded")
    job.succeed()
    p.wait(first, "Succeeded")
    job = p.job()
    w.equal("the third is the next", job.execution, third)
    w.check("nobody waits any more", "inboundExecution" not in p.stage("Gate"), p.stage("Gate"))
    job.succeed()
    p.wait(third, "Succeeded")
    w.equal(
        "the second never came to the gate",
        [row["actionName"] for row in p.rows(pipelineExecutionId=second)],
        ["Source"],
    )


def row_reset(w):
    """Entering a stage makes its rows show the new execution, whose ids are new (A4)."""
    p = w.pipeline("entering", gate_and_deploy)
    first = p.first_execution()
    p.succeed(first)
    old = {name: p.action("Prod", name)["actionExecutionId"] for name in ("Gate", "Deploy")}
    second = p.start()
    job = p.job()
    gate = p.action("Prod", "Gate")
    w.check(
        "A4: the gate has a new id", gate["actionExecutionId"] != old["Gate"] and gate["status"] == "InProgress", gate
    )
    w.equal("A4: what has not run yet lost its latestExecution", p.action("Prod", "Deploy"), {})
    job.succeed()
    p.wait(second, "Succeeded")
    w.check("A4: then it has a new id", p.action("Prod", "Deploy").get("actionExecutionId") != old["Deploy"])


def queued(w):
    """In QUEUED mode nobody is superseded, and the order of starting is kept (facts 2.2)."""
    p = w.pipeline("queued", only_gate, PROD, mode="QUEUED")
    expected = [p.first_execution(), p.start(), p.start()]
    order = []

    def waiting_at_the_gate():
        stage = p.stage("Gate")
        inbound = [*stage.get("inboundExecutions", []), stage.get("inboundExecution", {})]
        return expected[1] in [each.get("pipelineExecutionId") for each in inbound]

    until("the second execution to be shown as waiting", waiting_at_the_gate)
    for number, execution in enumerate(expected):
        job = p.job()
        order.append(job.execution)
        for waiting in expected[number + 1 :]:
            w.equal("a queued execution stays in progress", p.execution(waiting).get("status"), "InProgress")
        job.succeed()
        p.wait(execution, "Succeeded")
    w.equal("facts 2.2: first in, first out", order, expected)
    w.equal("A6: executionMode", {each["executionMode"] for each in p.executions()}, {"QUEUED"})
    w.equal(
        "a stage shows its latest execution", p.stage("Prod")["latestExecution"]["pipelineExecutionId"], expected[-1]
    )


def parallel(w):
    """In PARALLEL mode executions do not wait for one another, and there is no pipeline state (A4, B1)."""
    p = w.pipeline("parallel", only_gate, PROD, mode="PARALLEL")
    executions = [p.first_execution(), p.start(), p.start()]
    jobs = {job.execution: job for job in (p.job() for _ in executions)}
    w.equal("facts 2.2: all are at the gate at once", set(jobs), set(executions))
    state = p.state()
    w.equal("B1: stageStates is empty", state.get("stageStates"), [])
    w.equal(
        "B1: what is left", set(state.body), {"created", "pipelineName", "pipelineVersion", "stageStates", "updated"}
    )
    jobs[executions[2]].succeed()
    p.wait(executions[2], "Succeeded")
    jobs[executions[0]].fail()
    p.wait(executions[0], "Failed")
    w.equal("one goes on", p.execution(executions[1]).get("status"), "InProgress")
    jobs[executions[1]].succeed()
    p.wait(executions[1], "Succeeded")
    w.equal("B1: stageStates stays empty", p.state().get("stageStates"), [])
    w.equal(
        "trap 7: rows are there",
        {row["status"] for row in p.rows(pipelineExecutionId=executions[0])},
        {"Succeeded", "Failed"},
    )
    w.equal("A6: executionMode", {each["executionMode"] for each in p.executions()}, {"PARALLEL"})


def update_cancels(w):
    """UpdatePipeline cancels what is in progress, and what is finished keeps its version (A7)."""
    p = w.pipeline("updated", only_gate, PROD)
    first = p.first_execution()
    p.succeed(first)
    second = p.start()
    p.job()
    answer = p.update()
    w.equal("UpdatePipeline counts versions", answer["pipeline"]["version"], 2)
    ended = p.wait(second, "Cancelled")
    w.equal("A7: the reason", ended.get("statusSummary"), "Pipeline definition was updated")
    w.equal("A7: in the list too", p.summary(second).get("statusSummary"), "Pipeline definition was updated")
    w.equal("A7: the cancelled one keeps its version", ended.get("pipelineVersion"), 1)
    kept = p.execution(first)
    w.equal("A7: what is finished stays", (kept["status"], kept["pipelineVersion"]), ("Succeeded", 1))
    w.equal("A7: without a reason", kept.get("statusSummary"), None)
    w.equal("GetPipelineState has the version", p.state()["pipelineVersion"], 2)
    third = p.start()
    p.succeed(third)
    w.equal("A7: a new one has the new version", p.execution(third)["pipelineVersion"], 2)
    w.equal("B2: in its rows too", p.row(third, "Gate")["pipelineVersion"], 2)


def stop_and_wait(w):
    """Stop and wait lets the action end, and then the execution (A7, B8)."""
    p = w.pipeline("waiting", only_gate, PROD)
    execution = p.first_execution()
    job = p.job()
    answer = p.stop(execution, abandon=False, reason="enough")
    w.equal("StopPipelineExecution answers the id", answer.body, {"pipelineExecutionId": execution})
    p.wait_stage("Gate", "Stopping", execution)
    p.wait(execution, "Stopping")
    w.equal("A7: the action goes on", p.action("Gate", "Gate").get("status"), "InProgress")
    duplicate = re.compile(
        f"The execution with ID '?{execution}'? in '?{p.name}'? is already in a stopping state\\. "
        "If you already chose to stop and wait, .+"
    )
    w.refused("B8: stopped twice", p.stop(execution, abandon=False), "DuplicatedStopRequestException", duplicate)
    job.succeed()
    ended = p.wait(execution, "Stopped")
    w.equal("A7: the action counts as succeeded", p.row(execution, "Gate").get("status"), "Succeeded")
    w.equal("A7: the reason", ended.get("statusSummary"), "enough")
    w.check("the next stage is not entered", "latestExecution" not in p.stage("Prod"), p.stage("Prod"))

    second = p.start()
    p.job()
    w.accepted("stop and wait", p.stop(second))
    p.wait(second, "Stopping")
    w.accepted("B8: after stop and wait one may abandon", p.stop(second, abandon=True))
    p.wait(second, "Stopped")
    w.equal("A7: abandoned after all", p.row(second, "Gate").get("status"), "Abandoned")


def abandon(w):
    """Stop and abandon ends action and execution; a late result is taken and does nothing (A2, A7, B2, B8)."""
    p = w.pipeline("abandoned", only_gate, PROD)
    execution = p.first_execution()
    job = p.job()
    w.accepted("StopPipelineExecution", p.stop(execution, abandon=True, reason="no more"))
    ended = p.wait(execution, "Stopped")
    w.equal("A7: the reason is statusSummary", ended.get("statusSummary"), "no more")
    w.equal("B1: the stage", p.stage("Gate")["latestExecution"]["status"], "Stopped")
    w.equal("B1: the action", p.action("Gate", "Gate").get("status"), "Abandoned")
    w.check("B1: has no failure", "errorDetails" not in p.action("Gate", "Gate"), p.action("Gate", "Gate"))
    row = p.row(execution, "Gate")
    w.equal(
        "B2: its row", (row["status"], row["output"]), ("Abandoned", {"outputArtifacts": [], "outputVariables": {}})
    )
    w.check("A6: lastUpdateTime changes", row["lastUpdateTime"] > row["startTime"], row)
    w.accepted("A2: a late success is taken", job.put_success())
    w.equal("A2: and the action stays", p.action("Gate", "Gate").get("status"), "Abandoned")
    w.equal("A2: and the execution", p.execution(execution)["status"], "Stopped")
    message = (
        "The pipeline execution with ID '{}' in '{}' can't be stopped now. Either it does not exist in the pipeline, "
        "or the pipeline execution has no action executions in progress."
    )
    for case, which in [("finished", execution), ("unknown", NOBODY)]:
        answer = p.stop(which, abandon=True)
        w.refused(
            f"B8: stop of one {case}", answer, "PipelineExecutionNotStoppableException", message.format(which, p.name)
        )

    second = p.start()
    p.job()
    w.accepted("StopPipelineExecution without a reason", p.stop(second, abandon=True))
    ended = p.wait(second, "Stopped")
    w.check("A7: no reason, no statusSummary", "statusSummary" not in ended, ended)
    third = p.start()
    p.succeed(third)
    answer = p.stop(third)
    w.refused(
        "B8: stop of one succeeded", answer, "PipelineExecutionNotStoppableException", message.format(third, p.name)
    )


def request_tokens(w):
    """The same clientRequestToken is the same execution (A7)."""
    p = w.pipeline("tokens", PROD)
    p.wait(p.first_execution(), "Succeeded")
    one = p.start(clientRequestToken="token-1")
    w.equal("A7: the same token again", p.start(clientRequestToken="token-1"), one)
    p.wait(one, "Succeeded")
    w.equal("A7: the same token when it is over", p.start(clientRequestToken="token-1"), one)
    two = p.start(clientRequestToken="token-2")
    w.check("another token is another execution", two != one, two)
    p.wait(two, "Succeeded")
    w.equal("no more than these were started", len(p.executions()), 3)


def variables(w):
    """Variables of the pipeline and of actions are resolved; a required one that is missing fails at once (A6, B2)."""

    def gate(function):
        action = declarations.gate("Gate", function, "#{variables.Alpha} and #{variables.Beta}", namespace="Judgement")
        return declarations.stage("Gate", action)

    prod = declarations.stage(
        "Prod", declarations.deploy(object_key="#{Judgement.Answer}/#{codepipeline.PipelineExecutionId}.zip")
    )
    declared = [{"name": "Alpha", "description": "required"}, {"name": "Beta", "defaultValue": "default"}]
    p = w.pipeline("variables", gate, prod, variables=declared)
    first = p.first_execution()
    ended = p.wait(first, "Failed")
    w.equal(
        "A6: a missing variable",
        ended.get("statusSummary"),
        "Values for required variables haven't been provided: Alpha",
    )
    w.equal("A6: no action has a row", p.rows(pipelineExecutionId=first), [])
    w.equal("A6: in the list too", p.summary(first).get("statusSummary"), ended.get("statusSummary"))

    second = p.start(variables=[{"name": "Alpha", "value": "given"}])
    shown = sorted((each["name"], each["resolvedValue"]) for each in p.execution(second).get("variables", []))
    w.equal("GetPipelineExecution has the variables", shown, [("Alpha", "given"), ("Beta", "default")])
    job = p.job()
    parameters = job.data["actionConfiguration"]["configuration"]["UserParameters"]
    w.equal("facts 1.3: the function gets them resolved", parameters, "given and default")
    row = p.row(second, "Gate")["input"]
    w.equal(
        "B2: configuration is as declared",
        row["configuration"]["UserParameters"],
        "#{variables.Alpha} and #{variables.Beta}",
    )
    w.equal("B2: resolvedConfiguration is not", row["resolvedConfiguration"]["UserParameters"], "given and default")
    w.equal("B2: namespace", row.get("namespace"), "Judgement")
    job.succeed(outputVariables={"Answer": "yes"})
    p.wait(second, "Succeeded")
    row = p.row(second, "Deploy")["input"]
    declared_key = "#{Judgement.Answer}/#{codepipeline.PipelineExecutionId}.zip"
    w.equal("B2: a later action's configuration", row["configuration"]["ObjectKey"], declared_key)
    w.equal("B2: output variables resolve in it", row["resolvedConfiguration"]["ObjectKey"], f"yes/{second}.zip")

    both = [{"name": "Alpha", "value": "one"}, {"name": "Beta", "value": "two"}]
    third = p.start(variables=both)
    job = p.job()
    parameters = job.data["actionConfiguration"]["configuration"]["UserParameters"]
    w.equal("a given value goes before the default", parameters, "one and two")
    job.succeed(outputVariables={"Answer": "also"})
    p.wait(third, "Succeeded")


def transitions(w):
    """A disabled transition holds executions before the stage, and says why (model of TransitionState)."""
    p = w.pipeline("transitions", only_gate, PROD)
    first = p.first_execution()
    job = p.job()
    stage = {"stageName": "Prod", "transitionType": "Inbound"}
    w.accepted("DisableStageTransition", p.call("DisableStageTransition", **stage, reason="frozen (for now)"))
    closed = p.stage("Prod")["inboundTransitionState"]
    w.equal("a closed transition", (closed["enabled"], closed.get("disabledReason")), (False, "frozen (for now)"))
    w.check("says by whom and when", "lastChangedBy" in closed and "lastChangedAt" in closed, closed)
    job.succeed()
    waiting = until("the execution to wait", lambda: p.stage("Prod").get("inboundExecution"))
    w.equal("A4: it waits", waiting, {"pipelineExecutionId": first, "status": "InProgress"})
    w.equal("its stage is done", p.stage("Gate")["latestExecution"]["status"], "Succeeded")
    w.check("the next is not entered", "latestExecution" not in p.stage("Prod"), p.stage("Prod"))
    w.accepted("EnableStageTransition", p.call("EnableStageTransition", **stage))
    p.wait(first, "Succeeded")
    opened = p.stage("Prod")["inboundTransitionState"]
    w.equal("an opened transition", (opened["enabled"], opened.get("disabledReason")), (True, None))
    for operation, more in [("DisableStageTransition", {"reason": "none"}), ("EnableStageTransition", {})]:
        answer = p.call(operation, stageName="Missing", transitionType="Inbound", **more)
        w.refused(f"{operation} of an unknown stage", answer, "StageNotFoundException")


STORIES = [
    superseded, row_reset, queued, parallel, update_cancels, stop_and_wait, abandon, request_tokens, variables, transitions,
]  # fmt: skip
