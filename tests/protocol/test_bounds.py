"""What others send is bounded where it is decoded: every whole number has 64 bits, and free JSON is not too deep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from app.core.fleet.events import Plan
from app.core.programs.handover_facts import AnyFact
from app.protocol.control import AnyCommand
from app.protocol.observer import SaidWord
from app.protocol.pool_host import AnyHostWord
from app.protocol.reports import AnyReport
from app.records.errors import InvalidField
from app.records.pool import JobSpec
from app.records.primitives import MAX_DEPTH, UNDECODABLE, Facts, Int64
from app.records.process import LaunchSpec

#: Of each pipe and table that the supervisor reads, all that it can carry.
BOUNDARIES = {
    "commands": AnyCommand,
    "words of observed processes": SaidWord,
    "reports of children": AnyReport,
    "words of pool hosts": AnyHostWord,
    "handover rows": AnyFact,
    "specs in the journal": Plan,
}
INT64 = (-(2**63), 2**63 - 1)
#: Classes with free JSON that is not checked, and why.
UNCHECKED = {
    "Process": "made of a checked spec; checking it again at each change would cost most of the supervisor's time",
    "Plan": "made of a checked spec",
}


def inside(kind: Any, path: str, seen: set[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield every type in a type, with where it is and the struct that it is a field of."""
    if isinstance(kind, inspect.StructType):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        for field in kind.fields:
            for where, one, owner in inside(field.type, f"{kind.cls.__name__}.{field.name}", seen):
                yield where, one, owner or kind.cls
        return
    yield path, kind, None
    for name in ("types", "item_types"):
        for one in getattr(kind, name, ()):
            yield from inside(one, path, seen)
    for name in ("type", "item_type", "key_type", "value_type"):
        if isinstance(one := getattr(kind, name, None), inspect.Type):
            yield from inside(one, path, seen)
    for field in getattr(kind, "fields", ()) if isinstance(kind, inspect.NamedTupleType) else ():
        yield from inside(field.type, f"{path}.{field.name}", seen)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_whole_number_is_bounded(boundary: str) -> None:
    """SQLite takes no larger ones, and the kernel even less."""
    found = inside(inspect.type_info(BOUNDARIES[boundary]), "", set())
    numbers = [(where, one) for where, one, _ in found if isinstance(one, inspect.IntType)]
    assert numbers
    loose = [
        where for where, one in numbers if one.ge is None or one.le is None or one.ge < INT64[0] or one.le > INT64[1]
    ]
    assert loose == []


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_all_free_json_is_checked_for_its_depth(boundary: str) -> None:
    """A class with free JSON checks it as it is decoded."""
    owners = {
        owner
        for _, one, owner in inside(inspect.type_info(BOUNDARIES[boundary]), "", set())
        if isinstance(one, inspect.AnyType)
    }
    unchecked = {owner.__name__ for owner in owners if owner and not hasattr(owner, "__post_init__")}
    assert unchecked <= UNCHECKED.keys()


@pytest.mark.parametrize("number", [*INT64, 0])
def test_the_largest_numbers_are_accepted(number: int) -> None:
    """The bounds are those of 64 bits, not narrower."""
    assert msgspec.json.decode(b"%d" % number, type=Int64) == number


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775809", "1" + "0" * 400, "1" + "0" * 9000])
def test_larger_numbers_are_refused_in_a_sentence(text: str) -> None:
    """The error is one of those that decoders catch."""
    with pytest.raises(UNDECODABLE, match=r"int|range"):
        msgspec.json.decode(text.encode(), type=Int64)
    with pytest.raises(UNDECODABLE):
        msgspec.json.decode(b'{"address": %s}' % text.encode(), type=Facts)


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 500, 900])
def test_deep_json_is_refused_with_the_field(depth: int) -> None:
    """Up to the limit it is accepted; beyond it the field is named, for the sender and for who makes a spec himself."""
    nested: Any = 1
    for _ in range(depth):
        nested = [nested]
    data = msgspec.json.encode({"target": "a:b", "kwargs": {}, "args": nested})
    if depth <= MAX_DEPTH:
        assert msgspec.json.decode(data, type=LaunchSpec).args
        return
    with pytest.raises(
        msgspec.ValidationError, match=f"args: lists and objects may be nested at most {MAX_DEPTH} deep"
    ):
        msgspec.json.decode(data, type=LaunchSpec)
    with pytest.raises(InvalidField, match=r"^iterable: lists and objects"):
        JobSpec(method="map", function="f", iterable=nested)  # type: ignore[arg-type]
