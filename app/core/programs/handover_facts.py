"""The facts that a supervisor leaves to the next one about programs that run on without it.  Pure.

Only what processes reported: values, holders and waits are read again by the next supervisor.  Moments are monotonic,
which counts on for as long as the machine runs, unless stated otherwise.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from app.core.fleet.events import Plan
from app.core.fleet.program_book import ReportedState
from app.core.resources.edges import LastingWait
from app.records.primitives import UNDECODABLE, Facts, Int64, Key
from app.records.process import Process
from app.records.program import Program
from app.records.resource import ResourceKind


class Fact(Struct, frozen=True, kw_only=True, tag=True, tag_field="of"):
    """Base of the facts; ``program`` is the id of its program."""

    program: str


class OfProcess(Fact, frozen=True, kw_only=True, tag="process"):
    """One process, by its record; of the first process also its ``plan`` and the record of the program."""

    process: Process
    #: ``sighting`` in what supervisors write, so that a newer one reads what an older one left.
    reported: ReportedState = msgspec.field(name="sighting")
    key: Key | None = None
    plan: Plan | None = None
    record: Program | None = None
    runner: Int64 | None = None
    entered: Int64 = 1


class OfWindow(Fact, frozen=True, kw_only=True, tag="window"):
    """One observed process as resources know it.  ``page``: the inode of its page; ``joins``: a child, since when.

    ``sentinels``: fds and the children whose exit they signal; ``is_helper``: multiprocessing started it for itself;
    ``reach``: what its code can use, None for anything; ``alarm``: when a timer ends its wait (monotonic).
    """

    pid: Int64
    start: Int64
    page: Int64 | None = None
    joins: tuple[Int64, float] | None = None
    waits: tuple[LastingWait, ...] = ()
    sentinels: tuple[tuple[Int64, Int64], ...] = ()
    is_helper: bool = False
    reach: tuple[str, ...] | None = None
    reach_of_threads: dict[Int64, tuple[str, ...]] = {}
    reach_of_handlers: dict[Int64, tuple[str, ...] | None] = {}
    thread_names: dict[Int64, str] = {}
    alarm: float = 0.0


class Users(Struct, frozen=True, array_like=True):
    """The processes that reported the same facts about a resource: after a fork, all that have it."""

    facts: Facts
    pids: tuple[Int64, ...]


class OfThing(Fact, frozen=True, kw_only=True, tag="thing"):
    """One resource.  ``holder`` was last seen to hold it, ``since`` then, and may be dead.

    Of a semaphore, ``holder`` is the last process that died with a slot of it.
    """

    id: Annotated[str, Meta(pattern=r"^[a-z]\d{1,18}$")]
    key: str
    kind: ResourceKind
    name: str
    told: str
    nth: Int64
    created_by: Int64
    created_at: float
    parts: dict[str, str]
    facts: Facts
    users: tuple[Users, ...]
    workers: tuple[Int64, ...] = ()
    deaths: Int64 = 0
    used_by: tuple[Int64, ...] = ()
    ended_users: tuple[Int64, ...] = ()
    holder: Int64 | None = None
    since: float | None = None
    dead_owners: dict[Int64, float] = {}
    done_by_dead: Int64 = 0


AnyFact = OfProcess | OfWindow | OfThing

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)


def encode(fact: AnyFact) -> bytes | None:
    """Return the fact as JSON; None if that fails: facts of a resource are a process's words, however deeply nested."""
    try:
        return _encoder.encode(fact)
    except (OverflowError, *UNDECODABLE):
        return None


def decode(text: str | bytes) -> AnyFact | None:
    """Return the fact in a text; None if another version wrote it."""
    try:
        return _decoder.decode(text)
    except UNDECODABLE:
        return None
