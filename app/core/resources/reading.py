"""What was last read of one resource.  Pure."""

from typing import Any

from msgspec import Struct, field

from app.records.primitives import JsonDict
from app.records.resource import Waiting

from .lock_owners import Holding
from .rates import Traffic
from .semaphore_owners import SemaphoreSlots


class Reading(Struct):
    """What was last read of one thing; None for what could not be read."""

    value: int | None = None
    holding: Holding = field(default_factory=Holding)
    slots: SemaphoreSlots = field(default_factory=SemaphoreSlots)
    dead_owners: dict[int, float] = field(default_factory=dict)
    traffic: Traffic | None = None
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
    unlinked: bool | None = None
    waiting: tuple[Waiting, ...] = ()
    inherited_by: tuple[int, ...] = ()
