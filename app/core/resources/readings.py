"""What was read of each resource, and the record that clients see.  Pure.

A composite has no figures of its own: its size, sleepers, flag come from its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.records.primitives import JsonDict
from app.records.resource import Resource, ResourceKind

from .book import Book
from .composites import Families
from .lock_owners import Holding
from .reading import Reading
from .semaphore_owners import Places
from .thing import Thing, number, text

K = ResourceKind
#: The value of a semaphore without a bound (SEM_VALUE_MAX).
UNBOUNDED = 2**31 - 1
LOCKS = frozenset({K.LOCK, K.RLOCK})
SEMAPHORES = frozenset({K.SEMAPHORE, K.BOUNDED_SEMAPHORE})
QUEUES = frozenset({K.QUEUE, K.JOINABLE_QUEUE, K.SIMPLE_QUEUE})
#: Locks of a composite whose abandonment stops the whole of it.
INNER_LOCKS = ("rlock", "wlock", "lock")
POOL_QUEUES = ("inqueue", "outqueue")


class Records:
    """Makes the record of a thing from the readings of it and of its parts."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._family = Families(book).of

    def record(self, thing: Thing, now: float) -> Resource:
        """As it stands."""
        reading = thing.reading
        family = self._family(thing)
        figures = rule(self, thing, reading, now) if (rule := _RULES.get(thing.kind)) else {}
        return Resource(
            id=thing.id,
            program=thing.program,
            kind=thing.kind,
            # A part is known by what it is of the whole: the rlock of a queue has no variable of its own.
            name=thing.name or family.part,
            created_by=thing.created_by,
            created_at=thing.created_at,
            users=tuple(sorted({*family.users, *reading.mapped_by})) if reading.mapped_by else family.users,
            waiting=reading.waiting,
            parts=family.ids,
            part_of=family.part_of,
            manager=self._manager(thing),
            **figures,
        )

    def _manager(self, thing: Thing) -> str | None:
        found = self._book.find(text(thing.facts, "manager") or "") if thing.managed else None
        return found.id if found else None

    def part(self, thing: Thing, name: str) -> Reading:
        """The reading of a part; an empty one where there is none."""
        part = self._family(thing).parts.get(name)
        return part.reading if part else _NOTHING

    def size(self, thing: Thing) -> int | None:
        """How many items are in a queue; those in the buffers of its feeders count too."""
        sem = self._family(thing).parts.get("sem")
        value = self.part(thing, "sem").value
        most = (number(sem.facts, "maxvalue") if sem else None) or number(thing.facts, "maxsize") or UNBOUNDED
        return max(0, most - value) if value is not None else None

    def queue(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Depth, rates, and who reads or writes just now."""
        size = self.size(thing)
        pipe = self.part(thing, "pipe")
        put, get = reading.tally.rates() if reading.tally else (None, None)
        oldest = reading.tally.oldest_s() if reading.tally and size != 0 else None
        oldest = None if oldest is None else coarse(oldest)
        maxsize = number(thing.facts, "maxsize")
        return {
            "size": size,
            "maxsize": None if maxsize is None else 0 if maxsize >= UNBOUNDED else maxsize,
            "unfinished": self.part(thing, "unfinished").value,
            "buffered": {str(pid): count for pid, count in reading.buffered.items() if count} or None,
            "pipe_bytes": pipe.unread,
            "ends": pipe.ends,
            "put_per_s": put,
            "get_per_s": get,
            "oldest_s": oldest,
            **self._inner(thing, now),
        }

    def pipe(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Both directions, and who has which end."""
        return {"pipe_bytes": reading.unread, "pipe_bytes_back": reading.unread_back, "ends": reading.ends}

    def lock(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """A lock with its holder, or a semaphore, of which several may have some."""
        most = number(thing.facts, "maxvalue")
        bound = {"value": reading.value, "maximum": most if most != UNBOUNDED else None}
        if thing.kind in LOCKS:
            return {**bound, **_holder(reading.holding, now)}
        # It may have been looked at before its whole was told.
        places = Places() if self._family(thing).part_of else reading.places
        lost = {"lost": places.lost, "holder": places.dead if places.lost else None, "abandoned": places.lost > 0}
        return {**bound, **lost, "acquired_by": places.acquired_by}

    def condition(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Its sleepers are those that went to sleep and were not told yet to wake."""
        asleep, woken = self.part(thing, "sleeping").value, self.part(thing, "woken").value
        sleepers = max(0, asleep - woken) if asleep is not None and woken is not None else None
        return {"sleepers": sleepers, **self._inner(thing, now)}

    def event(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Flag and sleepers."""
        flag = self.part(thing, "flag").value
        return {"flag": None if flag is None else flag > 0, **self._of_condition(thing, now)}

    def barrier(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Parties, and how many of them have come."""
        return {
            "parties": number(thing.facts, "parties"),
            "arrived": reading.arrived,
            "broken": reading.broken,
            **self._of_condition(thing, now),
        }

    def value(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """The first values, read without their lock."""
        return {
            "typecode": text(thing.facts, "typecode"),
            "length": number(thing.facts, "length"),
            "size_bytes": number(thing.facts, "size"),
            "values": reading.values,
            **self._inner(thing, now),
        }

    def shared_memory(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Its size as told."""
        return {"size_bytes": number(thing.facts, "size")}

    def manager(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Where its server is, and how many objects it keeps; the server's own is none."""
        return {
            "address": text(thing.facts, "address"),
            "server": number(thing.facts, "server"),
            "objects": None if reading.length is None else max(0, reading.length - 1),
        }

    def pool(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Workers, what they do, and what waits for one."""
        running = reading.running or ()
        queues = [queue for name in POOL_QUEUES if (queue := self._family(thing).parts.get(name))]
        # Who was killed while it waited for a task has taken along the lock that the others need.
        abandoned = [inner for queue in queues if (inner := self._inner(queue, now))["abandoned"]]
        return {
            **(abandoned[0] if abandoned else {"abandoned": False}),
            "workers": tuple(sorted(thing.workers)),
            "queued": None if reading.length is None else max(0, reading.length - len(running)),
            "running": running,
            "done": reading.done,
        }

    def listener(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Where it listens, and how many have come and not left."""
        return {"address": text(thing.facts, "address"), "connections": reading.connections}

    def _inner(self, thing: Thing, now: float) -> JsonDict:
        """The lock inside that matters most: an abandoned one, or one that somebody has."""
        holdings = [self.part(thing, name).holding for name in INNER_LOCKS]
        return _holder(min(holdings, key=lambda one: (not one.abandoned, one.holder is None, not one.unknown)), now)

    def _of_condition(self, thing: Thing, now: float) -> JsonDict:
        condition = self._family(thing).parts.get("cond")
        return self.condition(condition, _NOTHING, now) if condition else {}


_STEPS = ((1, 0.1), (60, 1), (600, 5), (float("inf"), 60))
_NOTHING = Reading()
Rule = Callable[[Records, Thing, Reading, float], JsonDict]
_RULES: dict[ResourceKind, Rule] = {
    **dict.fromkeys(QUEUES, Records.queue),
    **dict.fromkeys((K.LOCK, K.RLOCK, K.SEMAPHORE, K.BOUNDED_SEMAPHORE), Records.lock),
    **dict.fromkeys((K.VALUE, K.ARRAY), Records.value),
    K.PIPE: Records.pipe,
    K.CONDITION: Records.condition,
    K.EVENT: Records.event,
    K.BARRIER: Records.barrier,
    K.SHARED_MEMORY: Records.shared_memory,
    K.MANAGER: Records.manager,
    K.POOL: Records.pool,
    K.LISTENER: Records.listener,
}


def _holder(holding: Holding, now: float) -> JsonDict:
    return {
        "holder": holding.holder,
        "holder_unknown": holding.unknown or None,
        "held_s": None if holding.since is None else coarse(now - holding.since),
        "abandoned": holding.abandoned,
    }


def coarse(seconds: float) -> float:
    """Rounded down to steps that grow with it, or else every look at every lock would be news to every client."""
    step = next(step for limit, step in _STEPS if seconds < limit)
    return round(max(0.0, seconds) // step * step, 1)


def above(book: Book, thing: Thing) -> Iterable[Thing]:
    """The thing, and whatever it is a part of, directly or not."""
    for _ in range(4):
        yield thing
        whole = book.whole(thing)
        if whole is None:
            return
        thing = whole[0]
