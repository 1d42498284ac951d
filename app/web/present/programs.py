"""Programs and what they hold to JSON, beside `present`: the records are the supervisor's.

A resource has only the fields that its kind has: what it cannot have is left out, what is unknown is null.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from app.records import program as program_model
from app.records import resource as resource_model
from app.records.primitives import JsonDict, Record
from app.records.resource import ResourceKind

#: Of the lock itself, or of the lock within.
_HOLDER = frozenset({"holder", "holder_unknown", "held_s", "abandoned"})
_SEMAPHORE = frozenset({"value", "maximum"})
_PIPE = frozenset({"pipe_bytes", "ends"})
_SIMPLE_QUEUE = _PIPE | _HOLDER | {"put_per_s", "get_per_s"}
_QUEUE = _SIMPLE_QUEUE | {"size", "maxsize", "buffered", "oldest_s"}
_SHARED = _HOLDER | {"typecode", "length", "values", "size_bytes"}
_CONDITION = _HOLDER | {"sleepers"}
#: The fields beyond those that every resource has.
APPLY: dict[ResourceKind, frozenset[str]] = {
    ResourceKind.QUEUE: _QUEUE,
    ResourceKind.JOINABLE_QUEUE: _QUEUE | {"unfinished"},
    ResourceKind.SIMPLE_QUEUE: _SIMPLE_QUEUE,
    ResourceKind.PIPE: _PIPE | {"pipe_bytes_back"},
    ResourceKind.LOCK: _SEMAPHORE | _HOLDER,
    ResourceKind.RLOCK: _SEMAPHORE | _HOLDER,
    ResourceKind.SEMAPHORE: _SEMAPHORE | _HOLDER | {"acquired_by", "lost"},
    ResourceKind.BOUNDED_SEMAPHORE: _SEMAPHORE | _HOLDER | {"acquired_by", "lost"},
    ResourceKind.CONDITION: _CONDITION,
    ResourceKind.EVENT: _CONDITION | {"flag"},
    ResourceKind.BARRIER: _CONDITION | {"parties", "arrived", "broken"},
    ResourceKind.VALUE: _SHARED,
    ResourceKind.ARRAY: _SHARED,
    ResourceKind.SHARED_MEMORY: frozenset({"size_bytes"}),
    ResourceKind.MANAGER: frozenset({"address", "server", "objects"}),
    ResourceKind.POOL: frozenset({"workers", "queued", "running", "done"}),
    ResourceKind.LISTENER: frozenset({"address", "connections"}),
}
#: `holder_unknown` is there only where it is true.
_OPTIONAL = frozenset(
    field.name for field in msgspec.structs.fields(resource_model.Resource) if field.default is None
) - {"part_of", "manager"}


class Programs(Record, frozen=True, kw_only=True):
    """A list of programs, the ended ones that are still remembered among them."""

    programs: tuple[program_model.Program, ...]


class Resources(Record, frozen=True, kw_only=True):
    """A list of what programs hold."""

    resources: tuple[resource_model.Resource, ...]


class LockBroken(Record, frozen=True, kw_only=True):
    """A lock as it is after it was released in the place of its dead holder; ``text`` says what was done."""

    resource: resource_model.Resource
    text: str


class CatalogueProgram(Record, frozen=True, kw_only=True):
    """A script of the catalogue; ``finds`` are the kinds of findings that it leads to."""

    name: str
    title: str
    description: str
    look_at: str
    theme: str
    finds: tuple[str, ...]
    parameters: tuple[JsonDict, ...]


class CataloguePrograms(Record, frozen=True, kw_only=True):
    """The catalogue of programs."""

    programs: tuple[CatalogueProgram, ...]


def resource(record: JsonDict) -> JsonDict:
    """Without the fields that its kind cannot have."""
    without = (_OPTIONAL - APPLY[ResourceKind(record["kind"])]) | {"holder_unknown"}
    return {name: value for name, value in record.items() if value is not None or name not in without}


def resources(records: Iterable[JsonDict]) -> JsonDict:
    """Several, as `Resources`."""
    return {"resources": [resource(record) for record in records]}
