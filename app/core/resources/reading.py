"""What was last read of one resource.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.records.primitives import JsonDict
from app.records.resource import Waiting

from .lock_owners import Holding
from .rates import Tally
from .semaphore_owners import Places


@dataclass(slots=True)
class Reading:
    """What was last read of one thing; None for what could not be."""

    value: int | None = None
    holding: Holding = field(default_factory=Holding)
    places: Places = field(default_factory=Places)
    dead_owners: dict[int, float] = field(default_factory=dict)
    tally: Tally | None = None
    counted: dict[int, tuple[int, int]] = field(default_factory=dict)
    buffered: dict[int, int] = field(default_factory=dict)
    unread: int | None = None
    unread_back: int | None = None
    ends: dict[str, list[int]] | None = None
    values: tuple[Any, ...] | None = None
    arrived: int | None = None
    broken: bool | None = None
    length: int | None = None
    running: tuple[JsonDict, ...] | None = None
    done: int | None = None
    done_by_dead: int = 0
    connections: int | None = None
    mapped_by: tuple[int, ...] = ()
    waiting: tuple[Waiting, ...] = ()
