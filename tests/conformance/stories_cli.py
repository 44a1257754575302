"""Whole stories with the AWS CLI: another client, with its own way to read answers (captures A5, B1)."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import declarations
from world import NOBODY, Pipeline, gate_and_deploy


class Cli:
    """`aws` of the environment that runs the suite, or else of the path."""

    def __init__(self, w):
        self.w = w
        beside = Path(sys.executable).with_name("aws")
        self.program = str(beside) if beside.exists() else shutil.which("aws")
        if self.program is None:
            raise FileNotFoundError("the AWS CLI is not there: pip install awscli")
        self.environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
        }

    def run(self, *arguments):
        """Exit status, what it printed as JSON (`None` if it printed nothing), and its complaint."""
        command = [self.program, *arguments, "--endpoint-url", self.w.sandbox.address, "--output", "json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr.strip()

    def __call__(self, *arguments):
        """What a command printed. Failing is a fault."""
        status, printed, complaint = self.run(*arguments)
        self.w.check(f"aws {' '.join(arguments[:2])} succeeds", status == 0, f"status {status}: {complaint}")
        return printed or {}


def describe_events(w):
    """`aws health describe-events` lists what is open, and an error is one to the CLI too."""
    cli = Cli(w)
    arn = w.sandbox.command({"do": "open-event", "service": "EC2", "region": "us-east-1", "name": w.fresh("cli")})[
        "arn"
    ]
    printed = cli("health", "describe-events", "--filter", "services=EC2,regions=us-east-1,eventStatusCodes=open")
    w.check("it lists the open event", arn in [event["arn"] for event in printed.get("events", [])], printed)
    w.sandbox.command({"do": "close-event", "arn": arn})
    w.fault("DescribeEvents", "subscription-required")
    status, _, complaint = cli.run("health", "describe-events")
    w.check(
        "it says what AWS says", status != 0 and "(SubscriptionRequiredException)" in complaint, f"{status} {complaint}"
    )


def retry(w):
    """Create from a file, start, read, fail, retry, succeed (A5, B1)."""
    cli = Cli(w)
    name = w.fresh("cli")
    function = f"{name}-function"
    declaration = declarations.pipeline(name, declarations.SOURCE, gate_and_deploy(function))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"pipeline": declaration}, file)
        file.flush()
        created = cli("codepipeline", "create-pipeline", "--cli-input-json", f"file://{file.name}")
    w.equal("create-pipeline prints the declaration", created.get("pipeline", {}).get("name"), name)
    p = Pipeline(w, declaration, function, created)
    p.succeed(p.first_execution())

    started = cli("codepipeline", "start-pipeline-execution", "--name", name)
    execution = started.get("pipelineExecutionId")
    job = p.job()
    details = "type=JobFailed,message=blocked by an open issue"
    cli("codepipeline", "put-job-failure-result", "--job-id", job.id, "--failure-details", details)
    p.wait(execution, "Failed")
    state = cli("codepipeline", "get-pipeline-state", "--name", name)
    stage = state["stageStates"][1]
    w.equal("B1: get-pipeline-state shows the failed stage", stage["latestExecution"]["status"], "Failed")
    latest = stage["actionStates"][0]["latestExecution"]
    w.equal(
        "B1: and the text", latest.get("errorDetails"), {"code": "JobFailed", "message": "blocked by an open issue"}
    )
    where = [
        "--pipeline-name",
        name,
        "--stage-name",
        "Prod",
        "--pipeline-execution-id",
        execution,
        "--retry-mode",
        "FAILED_ACTIONS",
    ]
    retried = cli("codepipeline", "retry-stage-execution", *where)
    w.equal("A5: retry-stage-execution prints the same id", retried, {"pipelineExecutionId": execution})
    cli("codepipeline", "put-job-success-result", "--job-id", p.job().id)
    p.wait(execution, "Succeeded")
    printed = cli("codepipeline", "list-action-executions", "--pipeline-name", name, "--filter", f"pipelineExecutionId={execution}",
                  "--page-size", "2")  # fmt: skip
    statuses = [(row["actionName"], row["status"]) for row in printed.get("actionExecutionDetails", [])]
    expected = [("Deploy", "Succeeded"), ("Gate", "Succeeded"), ("Gate", "Failed"), ("Source", "Succeeded")]
    w.equal("A6: list-action-executions follows the pages", statuses, expected)
    status, _, complaint = cli.run("codepipeline", "retry-stage-execution", *where)
    w.check(
        "B5: a second retry is refused",
        status != 0 and "(StageNotRetryableException)" in complaint,
        f"{status} {complaint}",
    )


def tags(w):
    """Tag, list and untag."""
    cli = Cli(w)
    p = w.pipeline("clitags", gate_and_deploy)
    arn = cli("codepipeline", "get-pipeline", "--name", p.name).get("metadata", {}).get("pipelineArn", NOBODY)
    cli("codepipeline", "tag-resource", "--resource-arn", arn, "--tags", "key=team,value=shop", "key=stage,value=live")
    printed = cli("codepipeline", "list-tags-for-resource", "--resource-arn", arn)
    w.equal("the tags are there", sorted(tag["key"] for tag in printed.get("tags", [])), ["stage", "team"])
    cli("codepipeline", "untag-resource", "--resource-arn", arn, "--tag-keys", "stage")
    printed = cli("codepipeline", "list-tags-for-resource", "--resource-arn", arn)
    w.equal("one is gone", printed.get("tags"), [{"key": "team", "value": "shop"}])


STORIES = [describe_events, retry, tags]
