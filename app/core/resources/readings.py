"""The published record of each resource, made from its readings.  Pure.

A composite has no readings of its own: its size, sleepers and flag come from its parts.
"""

from collections.abc import Callable

from app.records.primitives import JsonDict
from app.records.resource import Resource, ResourceKind
from app.records.wording import figure, kind_label, part_label, split_name

from .book import Book
from .composites import Compositions
from .lock_owners import Holding
from .reading import Reading
from .semaphore_owners import SemaphoreSlots
from .thing import Thing, number, text

K = ResourceKind
#: The value of a semaphore without a bound (SEM_VALUE_MAX).
UNBOUNDED = 2**31 - 1
LOCKS = frozenset({K.LOCK, K.RLOCK})
SEMAPHORES = frozenset({K.SEMAPHORE, K.BOUNDED_SEMAPHORE})
QUEUES = frozenset({K.QUEUE, K.JOINABLE_QUEUE, K.SIMPLE_QUEUE})
#: The locks of a composite that block all of it when abandoned.
INNER_LOCKS = ("rlock", "wlock", "lock")
POOL_QUEUES = ("inqueue", "outqueue")


class Records:
    """Makes the record of a thing from the readings of it and of its parts."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._composition = Compositions(book).of

    def record(self, thing: Thing, now: float) -> Resource:
        reading = thing.reading
        composition = self._composition(thing)
        manager = self._manager(thing)
        facts = rule(self, thing, reading, now) if (rule := _RULES.get(thing.kind)) else {}
        label = kind_label(thing.kind, managed=manager is not None)
        title, place = self._title(thing)
        return Resource(
            id=thing.id,
            program=thing.program,
            kind=thing.kind,
            kind_label=label,
            # A part is named after its role in the whole: the rlock of a queue has no variable of its own.
            name=thing.name or composition.part,
            title=title,
            place=place,
            figure=figure(thing.kind, facts),
            created_by=thing.created_by,
            created_at=thing.created_at,
            users=tuple(sorted({*composition.users, *reading.mapped_by})) if reading.mapped_by else composition.users,
            ended_users=tuple(thing.ended_users),
            inherited_by=reading.inherited_by,
            waiting=reading.waiting,
            parts=composition.ids,
            part_of=composition.part_of,
            manager=manager,
            **facts,
        )

    def _title(self, thing: Thing) -> tuple[str, str]:
        """Return what to show as the name of a thing, and where it was created; a part is named with its whole."""
        *parts, whole = self._book.with_wholes(thing)
        names = [part_label(split_name(part.name)[0] or self._composition(part).part) for part in parts]
        name, place = split_name(whole.name)
        return " of ".join([*names, name or f"{kind_label(whole.kind, managed=whole.managed)} {whole.id}"]), place

    def _manager(self, thing: Thing) -> str | None:
        found = self._book.find(text(thing.facts, "manager") or "") if thing.managed else None
        return found.id if found else None

    def part(self, thing: Thing, name: str) -> Reading:
        """Return the reading of a part; an empty one if there is no such part."""
        part = self._composition(thing).parts.get(name)
        return part.reading if part else _NOTHING

    def size(self, thing: Thing) -> int | None:
        """Return how many items are in a queue, those in the buffers of its feeders included."""
        sem = self._composition(thing).parts.get("sem")
        value = self.part(thing, "sem").value
        most = (number(sem.facts, "maxvalue") if sem else None) or number(thing.facts, "maxsize") or UNBOUNDED
        return max(0, most - value) if value is not None else None

    def queue(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Return depth, rates, and the holder of its read or write lock."""
        size = self.size(thing)
        pipe = self.part(thing, "pipe")
        put, get = reading.traffic.rates() if reading.traffic else (None, None)
        oldest = reading.traffic.oldest_s() if reading.traffic and size != 0 else None
        oldest = None if oldest is None else round_down(oldest)
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
        """Return the unread bytes of both directions, and the pids by end."""
        return {"pipe_bytes": reading.unread, "pipe_bytes_back": reading.unread_back, "ends": reading.ends}

    def lock(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Return a lock with its holder, or a semaphore with all processes that acquired it."""
        most = number(thing.facts, "maxvalue")
        bound = {"value": reading.value, "maximum": most if most != UNBOUNDED else None}
        if thing.kind in LOCKS:
            return {**bound, **_holder(reading.holding, now)}
        # It may have been read before its whole was reported.
        slots = SemaphoreSlots() if self._composition(thing).part_of else reading.slots
        to = slots.lost_to
        lost = {"lost": slots.lost, "lost_to": to, "holder": to[-1] if to else None, "abandoned": slots.lost > 0}
        return {**bound, **lost, "acquired_by": slots.acquired_by}

    def condition(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Return its sleepers: those that went to sleep and were not notified yet."""
        asleep, woken = self.part(thing, "sleeping").value, self.part(thing, "woken").value
        sleepers = max(0, asleep - woken) if asleep is not None and woken is not None else None
        return {"sleepers": sleepers, **self._inner(thing, now)}

    def event(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        flag = self.part(thing, "flag").value
        return {"flag": None if flag is None else flag > 0, **self._of_condition(thing, now)}

    def barrier(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Return parties, and how many of them have arrived."""
        return {
            "parties": number(thing.facts, "parties"),
            "arrived": reading.arrived,
            "broken": reading.broken,
            **self._of_condition(thing, now),
        }

    def value(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Return the first values, read without their lock."""
        return {
            "typecode": text(thing.facts, "typecode"),
            "length": number(thing.facts, "length"),
            "size_bytes": number(thing.facts, "size"),
            "values": reading.values,
            **self._inner(thing, now),
        }

    def shared_memory(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Return its size, and whether its name is gone although processes have it mapped."""
        return {"size_bytes": number(thing.facts, "size"), "unlinked": reading.unlinked}

    def manager(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Return its server, and how many objects it keeps, without the server's own."""
        return {
            "address": text(thing.facts, "address"),
            "server": number(thing.facts, "server"),
            "objects": None if reading.length is None else max(0, reading.length - 1),
        }

    def pool(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Return its workers, their tasks, and how many tasks wait."""
        running = reading.running or ()
        queues = [queue for name in POOL_QUEUES if (queue := self._composition(thing).parts.get(name))]
        # A worker that was killed while it waited for a task died holding the lock that the others need.
        abandoned = [inner for queue in queues if (inner := self._inner(queue, now))["abandoned"]]
        return {
            **(abandoned[0] if abandoned else {"abandoned": False}),
            "workers": tuple(sorted(thing.workers)),
            "queued": None if reading.length is None else max(0, reading.length - len(running)),
            "running": running,
            "done": reading.done,
            "initializer": text(thing.facts, "initializer"),
        }

    def listener(self, thing: Thing, reading: Reading, now: float) -> JsonDict:
        """Return its address, and how many connections are open."""
        return {"address": text(thing.facts, "address"), "connections": reading.connections}

    def _inner(self, thing: Thing, now: float) -> JsonDict:
        """Return the holder of the inner lock that matters most: an abandoned one, else one that is held."""
        holdings = [self.part(thing, name).holding for name in INNER_LOCKS]
        return _holder(min(holdings, key=lambda one: (not one.abandoned, one.holder is None, not one.unknown)), now)

    def _of_condition(self, thing: Thing, now: float) -> JsonDict:
        condition = self._composition(thing).parts.get("cond")
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
        "held_s": None if holding.since is None else round_down(now - holding.since),
        "abandoned": holding.abandoned,
    }


def round_down(seconds: float) -> float:
    """Return the seconds rounded down to steps that grow with them, or every look would change every record."""
    step = next(step for limit, step in _STEPS if seconds < limit)
    return round(max(0.0, seconds) // step * step, 1)
