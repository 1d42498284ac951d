"""Programs and resources as JSON: the records of the supervisor.

A resource has only the fields of its kind; a field whose value is unknown is null.
"""

from collections.abc import Iterable

import msgspec

from app.records.primitives import JsonDict, Record
from app.records.program import Program
from app.records.resource import Resource, ResourceKind

#: Of a lock, or of the lock inside a resource.
_HOLDER = frozenset({"holder", "holder_unknown", "held_s", "abandoned"})
_SEMAPHORE = frozenset({"value", "maximum"})
_PIPE = frozenset({"pipe_bytes", "ends"})
_SIMPLE_QUEUE = _PIPE | _HOLDER | {"put_per_s", "get_per_s"}
_QUEUE = _SIMPLE_QUEUE | {"size", "maxsize", "buffered", "oldest_s"}
_SHARED = _HOLDER | {"typecode", "length", "values", "size_bytes"}
_CONDITION = _HOLDER | {"sleepers"}
#: The fields of each kind besides those that every resource has.
APPLY: dict[ResourceKind, frozenset[str]] = {
    ResourceKind.QUEUE: _QUEUE,
    ResourceKind.JOINABLE_QUEUE: _QUEUE | {"unfinished"},
    ResourceKind.SIMPLE_QUEUE: _SIMPLE_QUEUE,
    ResourceKind.PIPE: _PIPE | {"pipe_bytes_back"},
    ResourceKind.LOCK: _SEMAPHORE | _HOLDER,
    ResourceKind.RLOCK: _SEMAPHORE | _HOLDER,
    ResourceKind.SEMAPHORE: _SEMAPHORE | _HOLDER | {"acquired_by", "lost", "lost_to"},
    ResourceKind.BOUNDED_SEMAPHORE: _SEMAPHORE | _HOLDER | {"acquired_by", "lost", "lost_to"},
    ResourceKind.CONDITION: _CONDITION,
    ResourceKind.EVENT: _CONDITION | {"flag"},
    ResourceKind.BARRIER: _CONDITION | {"parties", "arrived", "broken"},
    ResourceKind.VALUE: _SHARED,
    ResourceKind.ARRAY: _SHARED,
    ResourceKind.SHARED_MEMORY: frozenset({"size_bytes", "unlinked"}),
    ResourceKind.MANAGER: frozenset({"address", "server", "objects"}),
    ResourceKind.POOL: frozenset({"workers", "queued", "running", "done", "initializer"}),
    ResourceKind.LISTENER: frozenset({"address", "connections"}),
}
#: The fields that only some kinds have.
_OPTIONAL = frozenset(field.name for field in msgspec.structs.fields(Resource) if field.default is None) - {
    "part_of",
    "manager",
}


class Programs(Record, frozen=True, kw_only=True):
    """A list of programs, including ended programs that are still shown."""

    programs: tuple[Program, ...]


class Resources(Record, frozen=True, kw_only=True):
    """A list of resources."""

    resources: tuple[Resource, ...]


class LockBroken(Record, frozen=True, kw_only=True):
    """A lock after it was released for its dead holder; ``text`` says what was done."""

    resource: Resource
    text: str


class CatalogueProgram(Record, frozen=True, kw_only=True):
    """A program of the catalogue; ``finds`` are the kinds of findings that it shows."""

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
    """Return a resource without the fields that its kind does not have; `holder_unknown` only if it is true."""
    without = (_OPTIONAL - APPLY[ResourceKind(record["kind"])]) | {"holder_unknown"}
    return {name: value for name, value in record.items() if value is not None or name not in without}


def resources(records: Iterable[JsonDict]) -> JsonDict:
    return {"resources": [resource(record) for record in records]}
