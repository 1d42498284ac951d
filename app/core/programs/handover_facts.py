"""What a supervisor leaves to the one after it about programs that go on without it: one fact for each thing.  Pure.

Of what is told, not of what is read: values, holders and waits the next supervisor reads again for itself.  Moments
are monotonic, which goes on for as long as the machine runs, unless they say otherwise.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from app.core.fleet.events import Plan
from app.core.fleet.program_book import Sighting
from app.core.resources.edges import Lasting
from app.records.primitives import JsonDict, Key
from app.records.process import Process
from app.records.program import Program
from app.records.resource import ResourceKind


class Fact(Struct, frozen=True, kw_only=True, tag=True, tag_field="of"):
    """Base; ``program`` is whose it is."""

    program: str


class OfProcess(Fact, frozen=True, kw_only=True, tag="process"):
    """One process, by its record.  Of a first one also its ``plan``, its program, and what that has counted."""

    process: Process
    sighting: Sighting
    key: Key | None = None
    plan: Plan | None = None
    record: Program | None = None
    runner: int | None = None
    entered: int = 1


class OfWindow(Fact, frozen=True, kw_only=True, tag="window"):
    """One observed process as resources know it.  ``page``: the inode of its page; ``joins``: a child, since when.

    ``sentinels``: fds and the children whose end they tell; ``is_helper``: multiprocessing started it for itself.
    """

    pid: int
    start: int
    page: int | None = None
    joins: tuple[int, float] | None = None
    waits: tuple[Lasting, ...] = ()
    sentinels: tuple[tuple[int, int], ...] = ()
    is_helper: bool = False


class Users(Struct, frozen=True, array_like=True):
    """Who told the same about a thing: after a fork, all who have it."""

    facts: JsonDict
    pids: tuple[int, ...]


class OfThing(Fact, frozen=True, kw_only=True, tag="thing"):
    """One resource.  ``holder`` was seen to have it ``since`` then, and may be dead; the rest the dead have left.

    Of a semaphore it is the last that died with a place of it.
    """

    id: str
    key: str
    kind: ResourceKind
    name: str
    told: str
    nth: int
    created_by: int
    created_at: float
    parts: dict[str, str]
    facts: JsonDict
    users: tuple[Users, ...]
    workers: tuple[int, ...] = ()
    deaths: int = 0
    holder: int | None = None
    since: float | None = None
    dead_owners: dict[int, float] = {}
    done_by_dead: int = 0


AnyFact = OfProcess | OfWindow | OfThing

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)


def encode(fact: AnyFact) -> bytes | None:
    """As it is written; None where that cannot be: facts of a thing are whatever somebody said, however deep."""
    try:
        return _encoder.encode(fact)
    except (RecursionError, OverflowError, ValueError):
        return None


def decode(text: str | bytes) -> AnyFact | None:
    """As it was meant; None where another version wrote it."""
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        return None
