"""The base of all records, and how a process of the OS and a moment are identified.  Pure."""

from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct

from .errors import InvalidField
from .limits import MAX_PID

#: The whole numbers that SQLite takes.
INT64 = range(-(2**63), 2**63)
#: A whole number that others send.
Int64: TypeAlias = Annotated[int, Meta(ge=INT64[0], le=INT64[-1])]
Pid: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_PID)]
#: A process of the OS: (pid, start time in clock ticks since boot).
Key: TypeAlias = tuple[Int64, Int64]
#: What a process reports of a resource, by name.
Facts: TypeAlias = dict[str, Int64 | float | str | bool | None]


class Now(Struct, frozen=True):
    """One moment: ``mono`` (monotonic) for decisions, ``wall`` (seconds since the epoch) for display."""

    mono: float
    wall: float

    @property
    def wall_of_mono(self) -> float:
        """The wall clock when the monotonic one was 0."""
        return self.wall - self.mono


JsonDict = dict[str, Any]
#: What decoding a text of others raises; `msgspec.DecodeError` is a ValueError.
UNDECODABLE = (ValueError, RecursionError)
#: How deeply lists and objects of free JSON may be nested, so that no reader of ours runs out of stack.
MAX_DEPTH = 64


def check_depth(field: str, value: object, depth: int = MAX_DEPTH) -> None:
    """Raise `InvalidField` unless free JSON is at most `MAX_DEPTH` deep."""
    if isinstance(value, dict | list | tuple):
        if not depth:
            raise InvalidField(field, f"lists and objects may be nested at most {MAX_DEPTH} deep")
        for one in value.values() if isinstance(value, dict) else value:
            check_depth(field, one, depth - 1)


class Record(Struct, frozen=True, kw_only=True):
    """Base of all records: immutable, compared by value, keyword-only."""
