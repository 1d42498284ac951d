"""The base of all records, and how a process of the OS and a moment are identified.  Pure."""

from typing import Any, TypeAlias

from msgspec import Struct

#: A process of the OS: (pid, start time in clock ticks since boot).
Key: TypeAlias = tuple[int, int]


class Now(Struct, frozen=True):
    """One moment: ``mono`` (monotonic) for decisions, ``wall`` (seconds since the epoch) for display."""

    mono: float
    wall: float


JsonDict = dict[str, Any]


class Record(Struct, frozen=True, kw_only=True):
    """Base of all records: immutable, compared by value, keyword-only."""
