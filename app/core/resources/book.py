"""Which resources there are, which processes have them, and their parts, by the words of observed processes.  Pure.

A `Thing` is one resource, with the same key in every process.  Its users are the processes that reported it and have
not dropped it; a child created by fork has what its parent had, at the same addresses.  A composite (a queue: three
semaphores and a pipe) names the keys of its parts; each part is a thing of its own, with ``part_of`` set.  One class of
more than 250 lines, because users, parts and names must change together.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from app.protocol.observer import Made
from app.records import wait_words
from app.records.primitives import JsonDict
from app.records.resource import ResourceKind

from .numbering import NameNumbers
from .pool_members import PoolMembers
from .reach import DESCRIPTORS, Reach
from .starting import Starting
from .thing import Thing, number, text

#: Of all programs together; further ones are counted and not kept.
MOST_THINGS = 20_000
#: How long an unused thing is remembered: the word of a child may come after the exit of its parent.
LINGERS_S = 3.0
_MOST_DEAD = 1000
_MOST_ENDED = 20
#: A pool, its queue and its lock are three; reports that name each other as wholes end here.
_DEEPEST = 5
#: The two ends of a duplex pipe, which are no things of their own.
ENDS = ("a", "b")
_KINDS = {kind.value: kind for kind in ResourceKind}


class Book:
    """All things, and the processes that have them."""

    def __init__(self) -> None:
        self.by_key: dict[str, Thing] = {}
        self.by_id: dict[str, Thing] = {}
        self.programs: dict[int, str] = {}
        self.not_kept = 0
        #: Ids of things that changed, for the handover, which empties it.
        self.touched: set[str] = set()
        #: Grows whenever a process gets or loses a thing, or a thing becomes a part.
        self.version = 0
        self._held: dict[int, dict[str, JsonDict]] = {}
        self._held_by_dead: dict[int, dict[str, JsonDict]] = {}
        self._whole_of: dict[str, tuple[str, str]] = {}
        self._unused: dict[str, Thing] = {}
        self._pools = PoolMembers()
        self._over: list[Thing] = []
        self._numbers = NameNumbers()
        self._last = 0
        #: What the code of processes can use.
        self.reach = Reach()
        self.starting = Starting()

    def __iter__(self) -> Iterator[Thing]:
        """Yield the things that have users."""
        return (thing for thing in self.by_key.values() if thing.users)

    def made(self, pid: int, word: Made, now: float, wall: float) -> Thing | None:
        """Record that ``pid`` has a thing, and return it; None if it is not kept."""
        thing = self.by_key.get(self._alias(word.key))
        if thing and word.here and not thing.users:
            # An inode or an address was reused.
            self._forget(thing)
            thing = None
        thing = thing or self._new(pid, word, wall)
        if thing is None:
            self.not_kept += 1
            return None
        if word.here:
            thing.kind = _KINDS.get(word.resource, thing.kind)
        if word.name and (word.here or not thing.reported_name):
            self.touched.add(self._numbers.name(thing, word.name).id)
        # Only the process that created a semaphore knows its initial value.
        thing.facts.update({**word.facts, **({} if word.here else _initial_value(thing))})
        self.touched.add(thing.id)
        self._join(thing, word.parts)
        thing.used_by.add(pid)
        self._give(pid, thing, {**thing.users.get(pid, {}), **word.facts})
        if thing.kind is ResourceKind.CONDITION and (event := self._event_of(thing)) and pid not in event.users:
            # Nor does one that unpickled an event report more than the condition inside.
            event.used_by.add(pid)
            self._give(pid, event, {})
        if (pipe := word.parts.get("pipe")) and pid not in self._users(pipe):
            # A process that unpickled a queue reports only the queue itself.
            ends: JsonDict = {name: word.facts[name] for name in ("reader", "writer") if name in word.facts}
            self.made(pid, Made(key=pipe, resource=ResourceKind.PIPE, here=False, facts=ends), now, wall)
        return thing

    def take_over(self, thing: Thing, users: Mapping[int, JsonDict], now: float) -> None:
        """Take a thing, and its users, over from the previous supervisor; its parts come first."""
        self._last = max(self._last, thing.number)
        if thing.kind is ResourceKind.POOL:
            for pid in thing.workers:
                self.worker(thing.key, pid)
            thing.workers = self._pools.of(thing.key)
        self.by_key[thing.key] = self.by_id[thing.id] = thing
        self._numbers.take_over(thing)
        self._join(thing, thing.parts)
        for pid, facts in users.items():
            self._give(pid, thing, facts)
        if not users:
            thing.unused_since = now
            self._unused[thing.key] = thing

    def dropped(self, pid: int, key: str, now: float) -> None:
        """Record that ``pid`` no longer has a thing."""
        thing = self._drop(pid, key, now)
        if thing and (pipe := thing.parts.get("pipe")):
            # Processes do not report the end of a pipe; that of a queue ends with it.
            self._drop(pid, pipe, now)
        if thing and thing.kind is ResourceKind.CONDITION and (event := self._event_of(thing)):
            self._drop(pid, event.key, now)

    def forked(self, parent: int, child: int) -> None:
        """Record that ``child`` has what ``parent`` has, or had when it died."""
        for key, facts in self._held.get(parent, self._held_by_dead.get(parent, {})).items():
            thing = self.by_key.get(key)
            if thing and child not in thing.users and not self._keeps(child, thing):
                self._give(child, thing, facts)
        self.reach.forked(parent, child)

    def soon_users(self, thing: Thing) -> Iterator[int]:
        """Yield the children that start and will be users of a thing."""
        for child in self.starting.of(thing.users):
            if child not in thing.users and self.reach.of_process(child, self._keys(thing)):
                yield child

    def worker(self, key: str, pid: int) -> None:
        """Record that ``pid`` is a worker of a pool, which may be unknown yet: workers start while it is created."""
        self._pools.join(pid, key)
        if thing := self.by_key.get(key):
            self.touched.add(thing.id)

    def pool_of(self, pid: int) -> Thing | None:
        key = self._pools.key_of(pid)
        return None if key is None else self.by_key.get(key)

    def gone(self, pid: int, now: float) -> None:
        """Record that a process has ended."""
        self.starting.forget(pid)
        held = self._held.pop(pid, {})
        for key in held:
            thing = self.by_key[key]
            thing.deaths += 1
            if self.can_use(pid, thing):
                self._note_ended_user(thing, pid)
            thing.used_by.discard(pid)
            self._take(pid, thing, now)
        if pool := self.pool_of(pid):
            self.touched.add(pool.id)
        self._pools.leave(pid)
        self._remember_dead(pid, held)
        self.reach.gone(pid)

    def calls(self, pid: int, thing: Thing, methods: Collection[str]) -> bool:
        """Return whether a process calls one of these methods of a thing, or has done so."""
        puts, gets = thing.reading.counted.get(pid, (0, 0))
        has = (puts and "put" in methods) or (gets and "get" in methods)
        return bool(has) or self.can_use(pid, thing, methods=methods)

    def _note_ended_user(self, thing: Thing, pid: int) -> None:
        thing.ended_users = [*thing.ended_users[1 - _MOST_ENDED :], pid]
        for wait in wait_words.ENDED_BY_CALLS:
            methods = wait_words.methods(wait, thing.kind)
            if methods and not self.calls(pid, thing, methods):
                thing.did_not_end(pid, wait)

    def can_use(self, pid: int, thing: Thing, tid: int | None = None, methods: Collection[str] = ()) -> bool:
        """Return whether the code of a process, or of one of its threads, can use a thing that it has.

        If ``methods`` are given, whether it calls one of them.  A forked child has whatever its parent had, but reaches
        only a part of it by its variables.
        """
        if tid is None and pid in thing.used_by and not methods:
            return True
        keys = self._keys(thing)
        if tid is not None:
            return self.reach.of_thread(pid, tid, keys, methods)
        return self.reach.of_process(pid, keys, methods)

    def can_use_in_handler(self, pid: int, thing: Thing | None) -> bool:
        """Return whether a handler of a signal can use a thing, or, for None, whether one may use anything."""
        return self.reach.of_handlers(pid, self._keys(thing) if thing else ())

    def releases(self, pid: int, tid: int, lock: Thing, *, if_unknown: bool) -> bool:
        """Return whether a thread releases a lock that somebody else acquired; see `reach.Reach.releases`."""
        return self.reach.releases(pid, tid, self._keys(lock), if_unknown=if_unknown)

    def can_write_in_handler(self, pid: int) -> bool:
        """Return whether a handler of a signal writes to descriptors, of which only the numbers are known."""
        return self.reach.of_handlers(pid, (DESCRIPTORS,))

    def _keys(self, thing: Thing) -> set[str]:
        """Return the keys by which code can have a thing: its own, those of its parts and of what it is a part of."""
        keys = {key for one in self.with_wholes(thing) for key in (one.key, *one.parts.values())}
        # Whoever has any proxy of a manager may receive others through it.
        return keys | {text(thing.facts, "manager") or ""} if thing.managed else keys

    def clients(self, thing: Thing) -> set[int]:
        """Return the processes that have a managed thing, or might receive it by what they have of its manager."""
        key = text(thing.facts, "manager") or ""
        manager = self.by_key.get(key)
        if manager is None:
            return set(thing.users)
        # A child that is starting has not reported yet what it was given.
        given = {pid for pid, keys in self.reach.processes.items() if key in keys}
        return {*thing.users, *manager.users, *given, *self.soon_users(thing)} - {number(manager.facts, "server")}

    def is_empty(self, queue: Thing) -> bool:
        """Return whether a queue has no item in its pipe and none in the buffer of a living process."""
        pipe = self.part(queue, "pipe")
        return pipe is not None and pipe.reading.unread == 0 and not any(queue.reading.buffered.values())

    def has_died(self, pid: int) -> bool:
        return pid in self._held_by_dead and pid not in self._held

    def lingers(self) -> bool:
        """Return whether there are things without a user that `expire` has not returned."""
        return bool(self._unused)

    def expire(self, now: float) -> list[Thing]:
        """Forget the things that have had no user for a while, and return them."""
        for thing in list(self._unused.values()):
            if now - (thing.unused_since or now) >= LINGERS_S:
                self._forget(thing)
        self.starting.expire(now)
        over, self._over = self._over, []
        return over

    def forget(self, program: str) -> None:
        """Forget a program that is over: what it left behind a moment ago belongs to no program."""
        self._numbers.forget(program)
        for thing in self._unused.values():
            if thing.program == program:
                thing.program = None

    def find(self, key: str) -> Thing | None:
        """Return the thing with that key."""
        return self.by_key.get(self._alias(key))

    def held_by(self, pid: int) -> Iterable[Thing]:
        """Return the things that a process has."""
        return (self.by_key[key] for key in self._held.get(pid, ()))

    def whole(self, thing: Thing) -> tuple[Thing, str] | None:
        """Return the thing that it is a part of, and its name as a part."""
        above = self._whole_of.get(thing.key)
        found = self.by_key.get(above[0]) if above else None
        return (found, above[1]) if above and found and found.users else None

    def outermost(self, thing: Thing) -> Thing:
        """Return the composite that users see."""
        *_, last = self.with_wholes(thing)
        return last

    def with_wholes(self, thing: Thing) -> Iterator[Thing]:
        """Yield the thing, and what it is a part of, directly or not."""
        for _ in range(_DEEPEST):
            yield thing
            if (above := self.whole(thing)) is None:
                return
            thing = above[0]

    def part(self, thing: Thing, name: str) -> Thing | None:
        return self.find(thing.parts.get(name, ""))

    def _drop(self, pid: int, key: str, now: float) -> Thing | None:
        key = self._alias(key)
        if self._held.get(pid, {}).pop(key, None) is None:
            return None
        self._take(pid, self.by_key[key], now)
        return self.by_key[key]

    def _event_of(self, condition: Thing) -> Thing | None:
        """Return the event that a condition is inside of."""
        whole = self.whole(condition)
        return whole[0] if whole and whole[0].kind is ResourceKind.EVENT else None

    def _keeps(self, pid: int, thing: Thing) -> bool:
        """Return whether a process is the server of the manager that keeps a thing, not a client with a proxy."""
        manager = self.by_key.get(text(thing.facts, "manager") or "") if thing.managed else None
        return manager is not None and number(manager.facts, "server") == pid

    def _users(self, key: str) -> Mapping[int, JsonDict]:
        thing = self.find(key)
        return thing.users if thing else {}

    def _new(self, pid: int, word: Made, wall: float) -> Thing | None:
        kind = _KINDS.get(word.resource)
        if kind is None or len(self.by_key) >= MOST_THINGS:
            return None
        self._last += 1
        thing = Thing(f"r{self._last}", word.key, kind, "", self.programs.get(pid), pid, wall)
        if kind is ResourceKind.POOL:
            thing.workers = self._pools.of(thing.key)
        self.by_key[thing.key] = self.by_id[thing.id] = thing
        return thing

    def _forget(self, thing: Thing) -> None:
        self.version += 1
        self.touched.add(thing.id)
        self._unused.pop(thing.key, None)
        self._pools.forget(thing.key)
        del self.by_key[thing.key], self.by_id[thing.id]
        for key in thing.parts.values():
            if (whole := self._whole_of.get(key)) and whole[0] == thing.key:
                del self._whole_of[key]
        self._over.append(thing)

    def _join(self, whole: Thing, parts: Mapping[str, str]) -> None:
        self.version += 1
        whole.parts.update(parts)
        for name, key in parts.items():
            if key == whole.key or key in self._whole_of:
                continue
            self._whole_of[key] = (whole.key, name)
            if name in ENDS and (alone := self.by_key.get(key)):
                # A receiver reported it before its creator did.
                for pid, facts in alone.users.items():
                    del self._held[pid][key]
                    self._give(pid, whole, facts)
                alone.users = {}
                self._forget(alone)

    def _alias(self, key: str) -> str:
        """Return the key of the pipe for either end of a duplex pipe."""
        whole, part = self._whole_of.get(key, (key, ""))
        return whole if part in ENDS else key

    def _remember_dead(self, pid: int, held: dict[str, JsonDict]) -> None:
        self._held_by_dead[pid] = {**self._held_by_dead.pop(pid, {}), **held}
        while len(self._held_by_dead) > _MOST_DEAD or sum(map(len, self._held_by_dead.values())) > MOST_THINGS:
            del self._held_by_dead[next(iter(self._held_by_dead))]

    def _give(self, pid: int, thing: Thing, facts: JsonDict) -> None:
        self.version += 1
        self.touched.add(thing.id)
        thing.users[pid] = facts
        thing.unused_since = None
        self._unused.pop(thing.key, None)
        self._held.setdefault(pid, {})[thing.key] = facts

    def _take(self, pid: int, thing: Thing, now: float) -> None:
        self.version += 1
        self.touched.add(thing.id)
        thing.users.pop(pid, None)
        if not thing.users:
            thing.unused_since = now
            self._unused[thing.key] = thing


def _initial_value(thing: Thing) -> JsonDict:
    return {"value": thing.facts.get("value")}
