"""Shows that the validator finds what it is there to find: a suite that cannot fail proves nothing."""

import copy
import json
import struct

import botocore.session

import wire
from limits import bad_inputs, complaints, read_complaints
from report import OPERATIONS, Report
from stories_limits import GOOD, GOOD_FILTER

STATE = {
    "pipelineName": "p", "pipelineVersion": 1, "created": 1790647995.721, "updated": 1790648081,
    "stageStates": [{
        "stageName": "Gate", "inboundExecutions": [], "inboundTransitionState": {"enabled": True},
        "latestExecution": {"pipelineExecutionId": "b1786737-5350-49b0-a6e4-a94b98b7ed8e", "status": "Failed"},
        "actionStates": [],
    }],
}  # fmt: skip
JSON = {"content-type": "application/x-amz-json-1.1"}
XML = {"content-type": "text/xml"}
NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"


def _stage(change):
    """A state whose stage was changed."""
    state = copy.deepcopy(STATE)
    change(state["stageStates"][0])
    return state


def run():
    """Prints what went wrong. True if nothing did."""
    session = botocore.session.get_session()
    model = session.get_service_model("codepipeline")
    health, sns = session.get_service_model("health"), session.get_service_model("sns")
    wrong = []

    def judge(name, expected, service, operation, raw, status=200, headers=None, protocol="json", count=1):
        """`expected` is part of the problem that there should be (or of the first), `None` if there should be none."""
        raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
        answer = wire.validate(service.operation_model(operation), protocol, status, headers or JSON, raw)
        problems = answer.problems
        fits = not problems if expected is None else len(problems) == count and expected in problems[0]
        print(f"{'ok  ' if fits else 'FAIL'} {name}: {'; '.join(problems) or 'nothing found'}")
        if not fits:
            wrong.append(name)
        return answer

    def state(name, expected, body, **more):
        return judge(name, expected, model, "GetPipelineState", body, **more)

    state("a good answer", None, STATE)
    state("a text for a number", "pipelineVersion should be of type int", {**STATE, "pipelineVersion": "1"})
    state("a fraction for an integer", "pipelineVersion should be of type int", {**STATE, "pipelineVersion": 1.5})
    state("a boolean for a number", "pipelineVersion should be of type int", {**STATE, "pipelineVersion": True})
    state("a list for a structure", "should be of type dict", _stage(lambda stage: stage.update(latestExecution=[])))
    state(
        "a text for a boolean",
        "should be of type bool",
        _stage(lambda s: s.update(inboundTransitionState={"enabled": "true"})),
    )
    state(
        "a required member missing",
        "latestExecution.status is required and missing",
        _stage(lambda s: s["latestExecution"].pop("status")),
    )
    state("an unknown member", "nickname is no member of the model", _stage(lambda stage: stage.update(nickname="g")))
    state("a bad enum", "should be one of", _stage(lambda stage: stage["latestExecution"].update(status="Broken")))
    state(
        "a bad pattern",
        "should match",
        _stage(lambda stage: stage["latestExecution"].update(pipelineExecutionId="B17")),
    )
    state("too short a text", "should have at least 1", _stage(lambda stage: stage.update(
        inboundTransitionState={"enabled": False, "disabledReason": ""})), count=2)  # fmt: skip
    state("too small a number", "should have at least 1", {**STATE, "pipelineVersion": 0})
    state("a timestamp as text", "created should be a number of seconds", {**STATE, "created": "2026-09-28T18:48:47Z"})
    state("a timestamp in milliseconds", "created should be in seconds", {**STATE, "created": 1790647995721})
    state("a timestamp with microseconds", "no more than milliseconds", {**STATE, "created": 1790647995.721456})
    state("null instead of left out", "updated is null", {**STATE, "updated": None})
    state("a member twice", "sent twice: pipelineName", b'{"pipelineName": "p", "pipelineName": "p"}')
    state("no JSON", "unreadable body", b"<html>")
    state("NaN", "unreadable body", b'{"pipelineVersion": NaN}')
    state("another content type", "content-type should be", STATE, headers={"content-type": "application/json"})
    judge(
        "too large a list",
        "should have at most",
        health,
        "DescribeEvents",
        {"events": [{"personas": ["SECURITY"] * 4}]},
    )
    judge("a body where none belongs", "should be empty", model, "EnableStageTransition", {"done": True})
    judge("no body where none belongs", None, model, "EnableStageTransition", b"")
    kind = {"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"}
    for name, expected, marker in [
        ("the captured marker of a type", None, "ActionTypeId"),
        ("another one", "no member", "Other"),
    ]:
        row = {"actionExecutionDetails": [{"input": {"actionTypeId": {**kind, "__type": marker}}}]}
        judge(name, expected, model, "ListActionExecutions", row)

    state("a modelled error", None, {"__type": "PipelineNotFoundException", "message": "m"}, status=400)
    state("a common error", None, {"__type": "ThrottlingException"}, status=400)
    state("an error of another operation", "is no error of this", {"__type": "StageNotFoundException"}, status=400)
    state("an error with a namespace", "without namespace", {"__type": "a.b#ValidationException"}, status=400)
    state("an error with another status", "should have status", {"__type": "PipelineNotFoundException"}, status=404)
    state("an error in capitals", "Message is no member", {"__type": "ValidationException", "Message": "m"}, status=400)
    state(
        "an error whose message is no text",
        "should be of type str",
        {"__type": "ValidationException", "message": 1},
        status=400,
    )
    state("an error without a type", "needs __type", {"message": "m"}, status=400)
    judge(
        "a conflict has a status of its own", None, model, "RollbackStage", {"__type": "ConflictException"}, status=409
    )

    cbor = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    event = b"\xa1fevents\x81\xa1istartTime"
    time = b"\xfb" + struct.pack(">d", 1790647995.721)
    judge(
        "CBOR: a good answer",
        None,
        health,
        "DescribeEvents",
        event + b"\xc1" + time,
        headers=cbor,
        protocol="smithy-rpc-v2-cbor",
    )
    judge(
        "CBOR: a time without its tag",
        "tagged time",
        health,
        "DescribeEvents",
        event + time,
        headers=cbor,
        protocol="smithy-rpc-v2-cbor",
    )
    judge("CBOR: cut", "unreadable", health, "DescribeEvents", event, headers=cbor, protocol="smithy-rpc-v2-cbor")

    def xml(name, expected, body, status=200):
        judge(name, expected, sns, "Publish", body.encode(), status=status, headers=XML, protocol="query")

    metadata = "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
    result = "<PublishResult><MessageId>m</MessageId></PublishResult>"
    xml("XML: a good answer", None, f'<PublishResponse xmlns="{NAMESPACE}">{result}{metadata}</PublishResponse>')
    xml("XML: no namespace", "namespace", f"<PublishResponse>{result}{metadata}</PublishResponse>")
    xml("XML: an unknown member", "no member of the model", f'<PublishResponse xmlns="{NAMESPACE}">'
        f"<PublishResult><Id>m</Id></PublishResult>{metadata}</PublishResponse>")  # fmt: skip
    xml(
        "XML: no wrapper",
        "should hold PublishResult",
        f'<PublishResponse xmlns="{NAMESPACE}">{metadata}</PublishResponse>',
    )
    failed = f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{{}}</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>'
    xml("XML: an error", None, failed.format("NotFound"), status=404)
    xml("XML: an error by its shape's name", "no error of this", failed.format("NotFoundException"), status=404)
    xml("XML: an error with another status", "should have status", failed.format("NotFound"), status=400)

    def expect(name, condition):
        print(f"{'ok  ' if condition else 'FAIL'} {name}")
        if not condition:
            wrong.append(name)

    for operation, good in [*GOOD.items(), ("DescribeEvents", GOOD_FILTER)]:
        of = health if operation == "DescribeEvents" else model
        bad = list(bad_inputs(of.operation_model(operation), good))
        expect(f"{operation}: {len(bad)} bad inputs, every one of them bad", bad and all(
            each.complaints is None or complaints(of.operation_model(operation).input_shape, each.members) for each in bad))  # fmt: skip
    read = read_complaints("2 validation errors detected: Value at 'a' failed to satisfy constraint: Member must not be null; "
                           "Value at 'b' failed to satisfy constraint: Member must satisfy enum value set: [B, A]")  # fmt: skip
    expect(
        "complaints are read",
        read == {("a", "Member must not be null"), ("b", "Member must satisfy enum value set: [A, B]")},
    )
    expect(
        "a wrong count is found",
        read_complaints("2 validation errors detected: Value at 'a' failed to satisfy constraint: no") is None,
    )

    print()
    silent = Report()
    expect("a report that saw nothing is no success", not silent.finish(whole=True))
    missing = [name for service in OPERATIONS for name in OPERATIONS[service]]
    expect("every operation is asked for", all(any(name in text for _, text in silent.wrong) for name in missing))
    print(f"\nself-test: {len(wrong)} wrong" + "".join(f"\n  - {name}" for name in wrong))
    return not wrong
