#!/usr/bin/env python3
"""Drives every operation of the sandbox with boto3 and the AWS CLI, and holds all that it answers against AWS.

    python tests/conformance/conformance.py --sandbox target/debug/health-gate

Three things are checked: that each answer and error is what botocore's service model allows (`wire.py`), that the
sandbox does what real CodePipeline was seen to do (`stories_*.py`), and that it refuses what the model forbids, in
AWS's words (`limits.py`).

A check's name says what it rests on. "facts" are AWS's documents and service models. A letter with a number is a kind
of capture of real CodePipeline's answers (public repository radkawar/stackd, testdata/aws/codepipeline):

    A1 wire format                         B1 GetPipelineState
    A2 Lambda action, job and callbacks    B2 rows of ListActionExecutions
    A3 where a failure's text shows        B3 the job's event, results and their refusals
    A4 GetPipelineState                    B4 state after an accepted retry
    A5 RetryStageExecution                 B5 a refused retry
    A6 lists: filters, pages, triggers     B7 rollbacks and their refusals
    A7 modes, superseding, stop, update    B8 other refusals
    A8 rollback

Needs boto3 and the AWS CLI: `pip install boto3 awscli`.
"""

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

# Nothing of the person's own configuration may reach the clients: a profile that does not exist here, or a proxy.
os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true")
os.environ.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE"):
    os.environ.pop(name, None)

import botocore

import self_test
import stories_cli
import stories_declarations
import stories_health
import stories_history
import stories_jobs
import stories_limits
import stories_modes
import stories_retry
import stories_rollback
import stories_sns
import stories_tags
import stories_wire
from report import Report
from sandbox import Sandbox
from world import World

MODULES = [
    stories_wire, stories_declarations, stories_jobs, stories_retry, stories_history, stories_modes, stories_rollback,
    stories_tags, stories_health, stories_sns, stories_limits, stories_cli,
]  # fmt: skip


def stories():
    """(name, story) in the order of telling."""
    for module in MODULES:
        word = module.__name__.removeprefix("stories_")
        yield from ((f"{word}.{story.__name__}", story) for story in module.STORIES)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--sandbox", type=Path, help="the health-gate command")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="WORD",
        help="only stories whose name holds this word; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="names the stories")
    parser.add_argument("--times", action="store_true", help="says how long each story took")
    parser.add_argument("--self-test", action="store_true", help="shows that the suite finds what is wrong")
    arguments = parser.parse_args()
    if arguments.list:
        for name, story in stories():
            print(f"{name}: {story.__doc__.splitlines()[0]}")
        return 0
    if arguments.self_test:
        return 0 if self_test.run() else 1
    if arguments.sandbox is None:
        parser.error("--sandbox is needed")
    words = arguments.only or [""]
    chosen = [(name, story) for name, story in stories() if any(word in name for word in words)]
    if not chosen:
        parser.error("no story has such a name")
    begin = time.monotonic()
    report = Report()
    with Sandbox(arguments.sandbox.resolve()) as sandbox:
        w = World(sandbox, report)
        for name, story in chosen:
            report.begin(f"{name}: {story.__doc__.splitlines()[0]}")
            story_begin = time.monotonic()
            try:
                # A story that broke off may have left its own.
                w.delays()
                story(w)
            except Exception as error:  # one story must not keep the others from being told
                where = traceback.extract_tb(error.__traceback__)
                line = next((frame for frame in reversed(where) if "stories_" in frame.filename), where[-1])
                report.abandon_story(
                    f"{type(error).__name__}: {error} (line {line.lineno} of {Path(line.filename).name})"
                )
            if arguments.times:
                print(f"{time.monotonic() - story_begin:6.2f} s  {name}")
            if sandbox.process.poll() is not None:
                report.abandon_story(f"the sandbox has ended: {sandbox.said()}")
                break
    print(f"botocore {botocore.__version__}, {time.monotonic() - begin:.1f} s")
    return 0 if report.finish(whole=not arguments.only) else 1


if __name__ == "__main__":
    sys.exit(main())
