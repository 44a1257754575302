"""What a story has at hand: clients, the control API, and pipelines with the function behind their gates."""

import json

import declarations
from calls import Service
from sandbox import until

#: An id of the right form that nothing has.
NOBODY = "00000000-0000-0000-0000-000000000001"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ACCOUNT = r"[0-9]{12}"

#: Everything that CodePipeline does by itself happens at once, but for a retry: its way is what stories watch.
NO_DELAYS = {
    "creation": "0s", "source": "0s", "deployment": "0s", "result": "0s", "continuation": "0s", "stage-failure": "0s",
    "retry": "0s", "retry-clears": "0s", "stop": "0s", "update": "0s",
}  # fmt: skip


class World:
    """One sandbox, and the report that everything goes to."""

    def __init__(self, sandbox, report):
        self.sandbox = sandbox
        self.report = report
        self.check, self.equal = report.check, report.equal
        self.refused, self.accepted = report.refused, report.accepted
        self.codepipeline = self.service("codepipeline")
        self.health = self.service("health")
        self.sns = self.service("sns")
        self._names = 0

    def service(self, name, **options):
        return Service(name, self.sandbox.address, options.pop("report", self.report), **options)

    def fresh(self, word):
        """A name that no other story has."""
        self._names += 1
        return f"{word}-{self._names}"

    def delays(self, **delays):
        """Sets all delays: those not given to nothing."""
        given = {name.replace("_", "-"): value for name, value in delays.items()}
        self.sandbox.command({"do": "delays", **NO_DELAYS, **given})

    def fault(self, operation, fault, times=1, **members):
        self.sandbox.command({"do": "fault", "operation": operation, "fault": fault, "times": times, **members})

    def pipeline(self, word, *stages, mode="SUPERSEDED", variables=None, tags=None):
        """Creates a pipeline of `Source` and these stages. A stage may be a function of the gate's function name."""
        name = self.fresh(word)
        function = f"{name}-function"
        stages = [each(function) if callable(each) else each for each in stages]
        declaration = declarations.pipeline(name, declarations.SOURCE, *stages, mode=mode, variables=variables)
        members = {} if tags is None else {"tags": tags}
        created = self.codepipeline("CreatePipeline", pipeline=declaration, **members)
        self.accepted(f"CreatePipeline takes {name}", created)
        return Pipeline(self, declaration, function, created)


class Job:
    """A job of a Lambda action, as the function got it."""

    def __init__(self, world, event):
        self.world = world
        self.event = event
        self.id = event["CodePipeline.job"]["id"]
        self.data = event["CodePipeline.job"]["data"]
        try:
            whose = json.loads(self.data["actionConfiguration"]["configuration"]["UserParameters"])
        except (KeyError, ValueError):
            whose = {}
        self.execution, self.action = whose.get("execution"), whose.get("action")

    def put_success(self, **members):
        return self.world.codepipeline("PutJobSuccessResult", jobId=self.id, **members)

    def put_failure(self, message, kind="JobFailed"):
        details = {"type": kind, "message": message}
        return self.world.codepipeline("PutJobFailureResult", jobId=self.id, failureDetails=details)

    def succeed(self, **members):
        self.world.accepted("a job takes its success", self.put_success(**members))

    def fail(self, message="blocked"):
        self.world.accepted("a job takes its failure", self.put_failure(message))


class Pipeline:
    """A pipeline, and the function that its gates invoke."""

    def __init__(self, world, declaration, function, created):
        self.world = world
        self.declaration = declaration
        self.name = declaration["name"]
        self.function = function
        self.created = created

    # Calls

    def call(self, operation, **members):
        return self.world.codepipeline(operation, pipelineName=self.name, **members)

    def start(self, **members):
        """Starts an execution and returns its id."""
        answer = self.world.codepipeline("StartPipelineExecution", name=self.name, **members)
        self.world.accepted("StartPipelineExecution is accepted", answer)
        return answer["pipelineExecutionId"]

    def retry(self, stage, execution, mode="FAILED_ACTIONS"):
        return self.call("RetryStageExecution", stageName=stage, pipelineExecutionId=execution, retryMode=mode)

    def rollback(self, stage, target):
        return self.call("RollbackStage", stageName=stage, targetPipelineExecutionId=target)

    def stop(self, execution, **members):
        return self.call("StopPipelineExecution", pipelineExecutionId=execution, **members)

    def update(self, declaration=None):
        return self.world.codepipeline("UpdatePipeline", pipeline=declaration or self.declaration)

    # What can be read

    def state(self):
        return self.world.codepipeline("GetPipelineState", name=self.name)

    def stage(self, name):
        found = [stage for stage in self.state()["stageStates"] if stage["stageName"] == name]
        return found[0] if found else {}

    def action(self, stage, name):
        found = [action for action in self.stage(stage).get("actionStates", []) if action["actionName"] == name]
        return found[0].get("latestExecution", {}) if found else {}

    def execution(self, execution):
        return self.call("GetPipelineExecution", pipelineExecutionId=execution).get("pipelineExecution", {})

    def executions(self, **members):
        return self.call("ListPipelineExecutions", **members).get("pipelineExecutionSummaries", [])

    def summary(self, execution):
        return next((each for each in self.executions() if each["pipelineExecutionId"] == execution), {})

    def rows(self, **filters):
        members = {"filter": filters} if filters else {}
        return self.call("ListActionExecutions", **members).get("actionExecutionDetails", [])

    def row(self, execution, action):
        """The newest attempt of an action in an execution."""
        rows = self.rows(pipelineExecutionId=execution)
        return next((row for row in rows if row["actionName"] == action), {})

    # Waiting

    def first_execution(self):
        """The id of the execution that CreatePipeline starts. The list may be empty at first (captures A4)."""
        executions = until(f"the first execution of {self.name}", self.executions)
        return executions[-1]["pipelineExecutionId"]

    def job(self):
        """The next job of the gates' function."""
        return Job(self.world, self.world.sandbox.next_invocation(self.function))

    def jobs_by_action(self, count):
        """The next jobs, by the name of their action, since actions of one run order are invoked in any order."""
        jobs = [self.job() for _ in range(count)]
        return {job.action: job for job in jobs}

    def wait(self, execution, *statuses):
        what = f"execution {execution} of {self.name} to be {' or '.join(statuses)}"
        return until(what, lambda: self._with_status(self.execution(execution), statuses))

    def wait_stage(self, stage, status, execution=None):
        def read():
            state = self.stage(stage)
            latest = state.get("latestExecution", {})
            fits = latest.get("status") == status and execution in (None, latest.get("pipelineExecutionId"))
            return state if fits else None

        return until(f"stage {stage} of {self.name} to be {status}", read)

    def wait_action(self, stage, action, status):
        what = f"action {action} of {self.name} to be {status}"
        return until(what, lambda: self._with_status(self.action(stage, action), [status]))

    @staticmethod
    def _with_status(thing, statuses):
        return thing if thing.get("status") in statuses else None

    def succeed(self, execution):
        """Lets one job succeed and waits for the execution to end."""
        self.job().succeed()
        return self.wait(execution, "Succeeded")


def gate_and_deploy(function):
    """The stage of most stories: the gate goes first, then the deployment."""
    return declarations.stage(
        "Prod", declarations.gate("Gate", function, run_order=1), declarations.deploy(run_order=2)
    )


def only_gate(function):
    return declarations.stage("Gate", declarations.gate("Gate", function))


PROD = declarations.stage("Prod", declarations.deploy())
