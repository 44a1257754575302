"""Bad inputs made from the service model, and what a service has to say about each.

Every constraint of a played input is broken once, alone: a required member is left out, a text is too long or breaks
its pattern, an enum gets a word that it does not have, a number is out of its range, a list has too few or too many
items. The same constraints, read from the same model, then say which complaints the answer has to hold.
"""

import copy
import re
from dataclasses import dataclass

COMPLAINT = re.compile(r"Value at '(?P<path>[^']*)' failed to satisfy constraint: (?P<constraint>.*)", re.DOTALL)
#: Larger than any limit in use. A model's limit beyond it is not tried.
LARGEST_TRIED = 20_000


@dataclass
class BadInput:
    """One broken constraint."""

    name: str
    members: dict
    #: All complaints that the answer should hold, as (path, constraint); `None` if only the path is known.
    complaints: set
    #: Where the fault is, for complaints whose wording the captures do not show.
    path: str


def bad_inputs(operation, base):
    """Breaks each constraint of the input of an `OperationModel`, in a copy of `base`, which is good."""
    shape = operation.input_shape
    found = complaints(shape, base)
    if found:
        raise ValueError(f"the good input of {operation.name} is bad: {found}")
    for place, what, value in _mutations(shape, base, ()):
        members = copy.deepcopy(base)
        _put(members, place, value)
        path = _path(place)
        exact = complaints(shape, members)
        if not exact and exact is not None:
            continue
        yield BadInput(f"{operation.name}: {path} {what}", members, exact, path)


class _Gone:
    """Stands for leaving a member out."""


def _mutations(shape, value, place):
    """(place, what, bad value) for everything that can be wrong in a value, which is good."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            where = (*place, name)
            if name in shape.required_members:
                yield where, "is left out", _Gone
            if name in value:
                yield from _mutations(member, value[name], where)
            elif member.type_name in ("string", "integer", "long"):
                yield from _mutations(member, None, where)
    elif shape.type_name == "list":
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least:
            yield place, "has too few items", []
        if most is not None and most <= LARGEST_TRIED and value:
            yield place, "has too many items", [copy.deepcopy(value[0]) for _ in range(most + 1)]
        if value:
            yield from _mutations(shape.member, value[0], (*place, 0))
    elif shape.type_name == "map":
        for key in value:
            if shape.value.metadata.get("max", LARGEST_TRIED) < LARGEST_TRIED:
                yield (*place, key), "has a value that is too long", "a" * (shape.value.metadata["max"] + 1)
            break
    elif shape.type_name == "string":
        yield from ((place, what, bad) for what, bad in _bad_texts(shape))
    elif shape.type_name in ("integer", "long"):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None:
            yield place, "is too small", least - 1
        if most is not None:
            yield place, "is too large", most + 1


def _bad_texts(shape):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    pattern = shape.metadata.get("pattern")
    if shape.enum:
        yield "is a word that the enum has not", "Bogus"
        return
    if least:
        yield "is too short", "a" * (least - 1)
    if most is not None and most <= LARGEST_TRIED:
        yield "is too long", "a" * (most + 1)
    if pattern:
        for bad in ("a b!", "not/of/the/pattern ü", "~"):
            if not re.fullmatch(pattern, bad, re.DOTALL):
                yield "breaks the pattern", bad
                break


def complaints(shape, value, path=""):
    """What a service says of an input: (path, constraint) for all that is broken.

    `None` if something is broken whose wording the captures do not show: the items of a list of texts, and maps.
    """
    found = set()
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            where = f"{path}.{name}" if path else name
            if name in value:
                inner = complaints(member, value[name], where)
                if inner is None:
                    return None
                found |= inner
            elif name in shape.required_members:
                found.add((where, "Member must not be null"))
    elif shape.type_name == "list":
        found |= _length(shape, len(value), path)
        for number, item in enumerate(value, 1):
            inner = complaints(shape.member, item, f"{path}.{number}.member")
            if inner is None or (inner and shape.member.type_name == "string"):
                return None
            found |= inner
    elif shape.type_name == "map":
        if any(complaints(shape.key, key) or complaints(shape.value, item) for key, item in value.items()):
            return None
        found |= _length(shape, len(value), path)
    elif shape.type_name == "string":
        if shape.enum:
            if value not in shape.enum:
                found.add((path, _enum(shape.enum)))
        else:
            found |= _length(shape, len(value), path)
            pattern = shape.metadata.get("pattern")
            if pattern and not re.fullmatch(pattern, value, re.DOTALL):
                found.add((path, f"Member must satisfy regular expression pattern: {pattern}"))
    elif shape.type_name in ("integer", "long"):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and value < least:
            found.add((path, f"Member must have value greater than or equal to {least}"))
        if most is not None and value > most:
            found.add((path, f"Member must have value less than or equal to {most}"))
    return found


def _length(shape, length, path):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    found = set()
    if least is not None and length < least:
        found.add((path, f"Member must have length greater than or equal to {least}"))
    if most is not None and length > most:
        found.add((path, f"Member must have length less than or equal to {most}"))
    return found


def _enum(words):
    """The words in one order, since the captured order is not the model's."""
    return f"Member must satisfy enum value set: [{', '.join(sorted(words))}]"


def read_complaints(message):
    """The complaints of an answer, and whether their count is what the message says."""
    head = re.match(r"(\d+) validation errors? detected: ", message or "")
    if head is None:
        return None
    noun = "error" if head.group(1) == "1" else "errors"
    texts = re.split(r"; (?=Value at ')", message[head.end() :])
    if f"{len(texts)} validation {noun} detected: " != head.group(0):
        return None
    found = set()
    for text in texts:
        match = COMPLAINT.fullmatch(text)
        if match is None:
            return None
        constraint = match["constraint"]
        words = re.fullmatch(r"Member must satisfy enum value set: \[(.*)\]", constraint)
        found.add((match["path"], _enum(words.group(1).split(", ")) if words else constraint))
    return found


def _put(members, place, value):
    *parents, last = place
    for step in parents:
        members = members[step]
    if value is _Gone:
        members.pop(last, None)
    else:
        members[last] = value


def _path(place):
    text = ""
    for step in place:
        text += f".{step + 1}.member" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")
