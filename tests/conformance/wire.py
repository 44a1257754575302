"""Holds what came over the wire against botocore's service model.

botocore's own parsers forgive: they drop unknown members, take strings for numbers and do not ask whether a
required member is there. A stand-in that passes them may still differ from AWS in ways another SDK trips over. So
this module reads the raw body, and walks it with the shapes of the model. It knows protocols and shapes, and nothing
of CodePipeline's behaviour.
"""

import datetime
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

from botocore.parsers import RpcV2CBORParser

#: Members that AWS sends and its model does not have, by the end of their path, each with its reason.
EXTRA_MEMBERS = {
    # Captured in UpdatePipeline, GetPipeline and ListActionExecutions: the service writes the name of this one type.
    "actionTypeId.__type": "ActionTypeId",
}

#: Errors that any operation may answer without listing them in the model, with their status.
COMMON_ERRORS = {
    # A constraint of the model is broken. CodePipeline lists it, AWS Health does not.
    "ValidationException": {400},
    # The target names no operation. The status differs between services.
    "UnknownOperationException": {400, 404},
    # Captured from CodePipeline: status 400 and no message.
    "ThrottlingException": {400},
    # IAM refuses.
    "AccessDeniedException": {400},
    # Captured from CodePipeline: status 500 and no message.
    "InternalFailure": {500},
    # The body is not what the shape says: a text where a number belongs.
    "SerializationException": {400},
    # AWS Health, for an account without the support plan that includes its API.
    "SubscriptionRequiredException": {400},
}

#: The same for awsQuery, where a code is not always a shape's name.
COMMON_QUERY_ERRORS = {"InvalidAction": {400}, "UnknownOperationException": {400, 404}, "ValidationError": {400}}

#: Statuses of listed errors that older versions of the model do not tell.
STATUSES = {"ConflictException": 409}

#: Seconds. Outside of these a number was meant as milliseconds, or as nothing at all.
EARLIEST, LATEST = 1_400_000_000, 4_100_000_000


@dataclass
class Answer:
    """One answer: what came over the wire, and what is wrong with it."""

    operation: str
    status: int
    headers: dict
    raw: bytes
    body: dict = field(default_factory=dict)
    #: The code of an error, `None` for an answer that is none.
    code: str = None
    message: str = None
    problems: list = field(default_factory=list)
    members: int = 0
    #: Why there is no answer at all: the exception that the client raised.
    failure: Exception = None

    @property
    def ok(self):
        return self.failure is None and self.code is None and self.status == 200

    def __getitem__(self, name):
        return self.body[name]

    def get(self, name, default=None):
        return self.body.get(name, default)

    def __str__(self):
        if self.failure is not None:
            return f"no answer that can be read: {self.failure!r}"
        if self.code:
            return f"{self.status} {self.code}: {self.message}"
        return f"{self.status} {json.dumps(self.body, default=str)[:600]}"


def validate(operation, protocol, status, headers, raw):
    """Reads an answer or an error of `operation` (a botocore `OperationModel`) and lists what is wrong with it."""
    answer = Answer(operation.name, status, {name.lower(): value for name, value in headers.items()}, raw)
    reader = {"json": _Json, "smithy-rpc-v2-cbor": _Cbor, "query": _Query}[protocol]
    try:
        reader(operation, answer).read()
    except Unreadable as reason:
        answer.problems.append(f"unreadable body: {reason}")
    return answer


class Unreadable(Exception):
    """The body is not of the protocol."""


class Walk:
    """Goes through a value along its shape, counts the members and collects what is wrong."""

    def __init__(self, problems, is_timestamp):
        self.problems = problems
        self.is_timestamp = is_timestamp
        self.members = 0

    def value(self, shape, value, path):
        self.members += 1
        if value is None:
            # What is not set is left out (captures A1). Null is for the job's event, which is no answer of the API.
            return self.wrong(path, "is null instead of left out")
        check = getattr(self, f"_{shape.type_name}", None)
        if check is None:
            return self.wrong(path, f"has a type this suite cannot check: {shape.type_name}")
        return check(shape, value, path)

    def wrong(self, path, what):
        self.problems.append(f"{path or 'the body'} {what}")

    def _of_type(self, expected, value, path):
        fits = isinstance(value, expected) and not (isinstance(value, bool) and expected is not bool)
        if not fits:
            names = getattr(expected, "__name__", None) or " or ".join(kind.__name__ for kind in expected)
            self.wrong(path, f"should be of type {names} and is {value!r}")
        return fits

    def _structure(self, shape, value, path):
        if not self._of_type(dict, value, path):
            return
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name in shape.required_members:
            wire_name = shape.members[name].serialization.get("name", name)
            if wire_name not in value:
                self.wrong(_join(path, wire_name), "is required and missing")
        for name, item in value.items():
            place = _join(path, name)
            if name in members:
                self.value(members[name], item, place)
            elif not _is_argued(place, item):
                self.wrong(place, "is no member of the model")

    def _list(self, shape, value, path):
        if self._of_type(list, value, path):
            self._bounds(shape, len(value), path, "items")
            for number, item in enumerate(value):
                self.value(shape.member, item, f"{path}[{number}]")

    def _map(self, shape, value, path):
        if self._of_type(dict, value, path):
            self._bounds(shape, len(value), path, "entries")
            for key, item in value.items():
                self.value(shape.key, key, f"{path}<{key}>")
                self.value(shape.value, item, f"{path}[{key}]")

    def _string(self, shape, value, path):
        if not self._of_type(str, value, path):
            return
        if shape.enum and value not in shape.enum:
            self.wrong(path, f"should be one of {', '.join(shape.enum)} and is {value!r}")
        self._bounds(shape, len(value), path, "characters")
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value, re.DOTALL):
            self.wrong(path, f"should match {pattern} and is {value!r}")

    def _integer(self, shape, value, path):
        if self._of_type(int, value, path):
            self._bounds(shape, value, path, "as its value")

    _long = _integer

    def _double(self, shape, value, path):
        if self._of_type((int, float), value, path):
            self._bounds(shape, value, path, "as its value")

    _float = _double

    def _boolean(self, shape, value, path):
        self._of_type(bool, value, path)

    def _timestamp(self, shape, value, path):
        what = self.is_timestamp(value)
        if what:
            self.wrong(path, what)

    def _bounds(self, shape, number, path, unit):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and number < least:
            self.wrong(path, f"should have at least {least} and has {number} {unit}")
        if most is not None and number > most:
            self.wrong(path, f"should have at most {most} and has {number} {unit}")


def epoch_seconds(value):
    """What is wrong with a timestamp of awsJson: a JSON number of seconds, with milliseconds (captures A1)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"should be a number of seconds and is {value!r}"
    if not EARLIEST <= value <= LATEST:
        return f"should be in seconds since 1970 and is {value!r}"
    if abs(value * 1000 - round(value * 1000)) > 1e-2:
        return f"should have no more than milliseconds and is {value!r}"
    return None


def tagged_time(value):
    """What is wrong with a timestamp of CBOR: it has to bear tag 1, which botocore reads as a time."""
    if not isinstance(value, datetime.datetime):
        return f"should be a tagged time and is {value!r}"
    return epoch_seconds(round(value.timestamp(), 3))


class _Json:
    """awsJson1.1."""

    content_type = "application/x-amz-json-1.1"
    is_timestamp = staticmethod(epoch_seconds)

    def __init__(self, operation, answer):
        self.operation, self.answer = operation, answer

    def read(self):
        answer = self.answer
        self.check_headers(answer.headers)
        body = self.decode(answer.raw)
        if answer.status == 200:
            answer.body = body
            self.walk(self.operation.output_shape, body)
        else:
            self.read_error(body)

    def check_headers(self, headers):
        kind = headers.get("content-type", "")
        if kind != self.content_type:
            self.answer.problems.append(f"content-type should be {self.content_type} and is {kind!r}")

    def decode(self, raw):
        def members(pairs):
            names = [name for name, _ in pairs]
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                self.answer.problems.append(f"members are sent twice: {', '.join(sorted(twice))}")
            return dict(pairs)

        def constant(name):
            raise Unreadable(f"{name} is not JSON")

        if not raw and self.operation.output_shape is None:
            return {}
        try:
            return json.loads(raw.decode("utf-8"), object_pairs_hook=members, parse_constant=constant)
        except ValueError as error:
            raise Unreadable(error) from error

    def walk(self, shape, body):
        walk = Walk(self.answer.problems, self.is_timestamp)
        if shape is None:
            if body != {}:
                walk.wrong("", f"should be empty and is {body!r}")
        else:
            walk.value(shape, body, "")
        self.answer.members += walk.members

    def error_code(self, value):
        """The name of `__type`. awsJson sends it without a namespace (captures A1)."""
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]\w*", value):
            self.answer.problems.append(f"__type should be a name without namespace and is {value!r}")
        return str(value).rsplit("#", 1)[-1]

    def read_error(self, body):
        answer = self.answer
        if not isinstance(body, dict) or "__type" not in body:
            answer.code = "?"
            answer.problems.append(f"an error needs __type: status {answer.status}, {body!r}")
            return
        answer.body = body
        answer.code = self.error_code(body["__type"])
        answer.message = body.get("message")
        shape = {error.name: error for error in self.operation.error_shapes}.get(answer.code)
        self.check_code(answer, shape, COMMON_ERRORS)
        members = dict(shape.members) if shape is not None else {}
        walk = Walk(answer.problems, self.is_timestamp)
        for name, value in body.items():
            if name in members:
                walk.value(members[name], value, name)
            elif name == "message":
                # The model leaves it out of most of CodePipeline's errors; all captured ones have it.
                walk.members += 1
                walk._of_type(str, value, name)
            elif name != "__type":
                walk.wrong(name, f"is no member of {answer.code}")
        answer.members += walk.members

    @staticmethod
    def check_code(answer, shape, common):
        if shape is not None:
            default = STATUSES.get(answer.code, 400)
            statuses = {shape.metadata.get("error", {}).get("httpStatusCode", default)}
        elif answer.code in common:
            statuses = common[answer.code]
        else:
            answer.problems.append(f"{answer.code} is no error of this operation")
            return
        if answer.status not in statuses:
            answer.problems.append(f"{answer.code} should have status {statuses} and has {answer.status}")


class _Cbor(_Json):
    """Smithy RPC v2 CBOR, which the Rust SDK speaks with AWS Health."""

    content_type = "application/cbor"
    is_timestamp = staticmethod(tagged_time)

    def check_headers(self, headers):
        super().check_headers(headers)
        if headers.get("smithy-protocol") != "rpc-v2-cbor":
            self.answer.problems.append("the header smithy-protocol should be rpc-v2-cbor")

    def decode(self, raw):
        parser = RpcV2CBORParser()
        stream = parser.get_peekable_stream_from_bytes(raw)
        try:
            body = parser.parse_data_item(stream)
        except Exception as error:  # the parser raises whatever its byte arithmetic comes to
            raise Unreadable(error) from error
        if stream.read():
            raise Unreadable("there is more than one data item")
        return body

    def error_code(self, value):
        """Here the namespace belongs to the name (Smithy RPC v2 CBOR, "Operation error serialization")."""
        return super().error_code(str(value).rsplit("#", 1)[-1])


class _Query(_Json):
    """awsQuery: the answer is XML, every text in it."""

    content_type = "text/xml"

    def decode(self, raw):
        try:
            root = ElementTree.fromstring(raw)
        except ElementTree.ParseError as error:
            raise Unreadable(error) from error
        namespace = self.operation.service_model.metadata["xmlNamespace"]
        for element in root.iter():
            element_namespace, _, name = element.tag.rpartition("}")
            if element is root and element_namespace.lstrip("{") != namespace:
                self.answer.problems.append(f"the XML namespace should be {namespace}")
            element.tag = name
        return root

    def read(self):
        answer = self.answer
        self.check_headers(answer.headers)
        root = self.decode(answer.raw)
        if answer.status == 200:
            self.read_result(root)
        else:
            self.read_error(root)

    def read_result(self, root):
        problems = self.answer.problems
        shape = self.operation.output_shape
        wrapper = shape.serialization["resultWrapper"]
        if root.tag != f"{self.operation.name}Response":
            problems.append(f"the root should be {self.operation.name}Response and is {root.tag}")
        if sorted(child.tag for child in root) != sorted([wrapper, "ResponseMetadata"]):
            problems.append(f"the root should hold {wrapper} and ResponseMetadata, and holds {[c.tag for c in root]}")
        if not root.findtext("ResponseMetadata/RequestId"):
            problems.append("ResponseMetadata needs a RequestId")
        result = root.find(wrapper)
        self.answer.body = {} if result is None else self.from_xml(shape, result)
        self.walk(shape, self.answer.body)

    def from_xml(self, shape, element):
        """What an element says, as the shape would have it in JSON. What does not fit stays text, for the walk."""
        if shape.type_name == "structure":
            members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
            value = {}
            for child in element:
                if child.tag in value:
                    self.answer.problems.append(f"{child.tag} is sent twice")
                value[child.tag] = self.from_xml(members[child.tag], child) if child.tag in members else child.text
            return value
        text = element.text or ""
        if shape.type_name == "boolean":
            return {"true": True, "false": False}.get(text, text)
        if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", text):
            return int(text)
        return text

    def read_error(self, root):
        answer = self.answer
        error = root.find("Error")
        if root.tag != "ErrorResponse" or error is None:
            answer.code = "?"
            answer.problems.append("an error should be an ErrorResponse with an Error")
            return
        names = [child.tag for child in error]
        answer.members += len(names)
        if sorted(names) != ["Code", "Message", "Type"]:
            answer.problems.append(f"Error should hold Type, Code and Message, and holds {', '.join(names)}")
        answer.code, answer.message = error.findtext("Code") or "?", error.findtext("Message")
        if not root.findtext("RequestId"):
            answer.problems.append("ErrorResponse needs a RequestId")
        side = "Receiver" if answer.status >= 500 else "Sender"
        if error.findtext("Type") != side:
            answer.problems.append(f"Type should be {side} and is {error.findtext('Type')}")
        shapes = {
            shape.metadata.get("error", {}).get("code", shape.name): shape for shape in self.operation.error_shapes
        }
        self.check_code(answer, shapes.get(answer.code), COMMON_QUERY_ERRORS)


def _join(path, name):
    return f"{path}.{name}" if path else name


def _is_argued(path, value):
    return any(path.endswith(end) and value == expected for end, expected in EXTRA_MEMBERS.items())
