"""Which processes can end a wait, and which of their threads.  Pure.

Chosen carefully: for a lock its holder, for anything that is received all that can send it.  A process that only
inherited the means by fork, and whose code does not reach them, cannot.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from app.records import wait_words
from app.records.resource import ResourceKind
from app.records.waits import HANDLER, MAIN, Node

from .blocked import Blocked
from .book import Book
from .readings import LOCKS
from .thing import Thing

_RECEIVES = frozenset({"get", "recv"})
_SENDS = frozenset({"put", "flush", "send"})
_OTHER_END = {"a": "b", "b": "a"}


class Unblockers(Struct):
    """Answers for one look; what many waits have in common is worked out once."""

    book: Book
    #: By key of an exhausted semaphore, the processes that acquired it.
    semaphore_holders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    #: The threads of each process.
    threads: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    _nodes: dict[object, frozenset[Node]] = field(default_factory=dict)
    _bystanders: dict[tuple[str, frozenset[str]], frozenset[int]] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin a new look."""
        self._nodes, self._bystanders = {}, {}

    def holders(self, one: Blocked) -> tuple[int, ...]:
        """Return the processes that can end a wait; its own one only if there is no other."""
        if one.of is not None:
            return (one.of,)
        able = self._able(one)
        return tuple(sorted(able - {one.pid})) or tuple(able)

    def nodes(self, one: Blocked, holders: tuple[int, ...]) -> frozenset[Node]:
        """Return the threads that can end a wait: of its holders, and of its own process if they have the means."""
        if one.of is not None:
            return frozenset({(one.of, MAIN)})
        if one.to == "thread":
            fed = self._fed_by(one)
            return self._cached((one.pid, fed.key if fed else None), lambda: self._awakening(one.pid, fed))
        if len(holders) == 1 and self._is_for_a_holder(one):
            # A handler of its holder may open a gate, but not go on with what it has interrupted itself.
            opens = holders[0] != one.pid and self.book.can_use_in_handler(holders[0], one.thing)
            its_own = {(holders[0], self.holder_tid(one)), *([(holders[0], HANDLER)] if opens else ())}
            return frozenset(its_own | (self._releasing_for(holders[0], one.at) if one.at else set()))
        pids = tuple(sorted(self._releasing(one) or self._able(one)))
        methods = self._methods(one)
        if methods and not pids:
            return frozenset({(one.pid, MAIN if one.main else one.tid)})  # nobody but itself
        key = (one.thing.key if one.thing else None, one.to, pids)
        return self._cached(key, lambda: frozenset(node for pid in pids for node in self._of(pid, one.thing, methods)))

    def apart(self, one: Blocked, able: frozenset[Node]) -> frozenset[Node]:
        """Return the other threads of the processes of ``able``, whose code cannot use what could end a wait."""
        if one.thing is None or self._is_for_a_holder(one):
            return frozenset()
        return self._cached((one.thing.key, able), lambda: self._threads_of(able) - able)

    def _threads_of(self, nodes: frozenset[Node]) -> frozenset[Node]:
        return frozenset((pid, tid) for pid in {pid for pid, _ in nodes} for tid in self._others(pid))

    def holder_tid(self, one: Blocked) -> int:
        """Return the thread that holds the lock that is waited for, 0 for the main thread or if it is unknown."""
        is_lock = one.at is not None and one.at.kind in LOCKS and one.to == "acquire"
        return one.at.reading.holding.tid if one.at and is_lock else MAIN

    def bystanders(self, thing: Thing, methods: frozenset[str] = frozenset()) -> frozenset[int]:
        """Return the users of a thing whose code cannot use it, or calls none of these methods."""
        if (found := self._bystanders.get((thing.key, methods))) is None:
            found = frozenset(pid for pid in thing.users if not self.book.calls(pid, thing, methods))
            self._bystanders[thing.key, methods] = found
        return found

    def idle_users(self, one: Blocked) -> frozenset[int]:
        """Return the users of what is waited for whose code uses it, but calls nothing that could end the wait.

        Also those that have ended.
        """
        thing, methods = one.thing or one.at, self._methods(one)
        if thing is None or not methods:
            return frozenset()
        idle = self.bystanders(thing, methods) - self.bystanders(thing) - {one.pid}
        return idle.union(thing.not_ended_by.get(one.to, ()))

    def _methods(self, one: Blocked) -> frozenset[str]:
        """Return the methods that end a wait; none where it can end in another way, as by the end of a process."""
        thing = one.thing or one.at
        return wait_words.methods(one.to, thing.kind) if thing and one.to in wait_words.ENDED_BY_CALLS else frozenset()

    def _cached(self, key: object, work: Callable[[], frozenset[Node]]) -> frozenset[Node]:
        if (found := self._nodes.get(key)) is None:
            found = self._nodes[key] = work()
        return found

    def _of(self, pid: int, thing: Thing | None, methods: frozenset[str] = frozenset()) -> Iterable[Node]:
        """Return the threads and handlers of a process that can use a thing; for None, that can use anything."""
        if thing is None:
            return self._all_of(pid, handles=self.book.can_write_in_handler(pid))
        able = {(pid, tid) for tid in self._others(pid) if self.book.can_use(pid, thing, tid, methods)}
        if self.book.can_use_in_handler(pid, thing):
            able.add((pid, HANDLER))
        return {(pid, MAIN), *able}

    def _all_of(self, pid: int, *, handles: bool) -> frozenset[Node]:
        tids = (MAIN, *self._others(pid), *([HANDLER] if handles else ()))
        return frozenset((pid, tid) for tid in tids)

    def _fed_by(self, one: Blocked) -> Thing | None:
        """Return the queue whose feeder thread waits for an item; None for another thread."""
        keys = () if one.main else self.book.reach.of_feeder(one.pid, one.tid)
        return next(filter(None, map(self.book.find, keys)), None)

    def _awakening(self, pid: int, fed: Thing | None) -> frozenset[Node]:
        """Return who can wake a thread of the same process: any other thread; a feeder only who can put."""
        if fed is None:
            return self._all_of(pid, handles=False)
        return frozenset(self._of(pid, fed, wait_words.methods("get", fed.kind)))

    def _others(self, pid: int) -> Iterable[int]:
        """Return the threads of a process besides its main thread."""
        return (tid for tid in self.threads.get(pid, ()) if tid != pid)

    def _able(self, one: Blocked) -> set[int]:
        """Return the processes that can do what is waited for, its own one included if it can."""
        at = one.at
        if one.holders is not None or at is None:
            return set(one.holders or ())
        if at.kind in LOCKS and one.to not in {"wait", "notify"}:
            return self._lock_holders(at, one.pid)
        if one.to == "acquire" and (holders := self.semaphore_holders.get(at.key)):
            return set(holders)
        if at.managed:
            methods = self._methods(one)
            return {pid for pid in self.book.clients(at) if self.book.can_use(pid, at, methods=methods)} | {one.pid}
        able = self._with_the_other_end(at, one)
        # Of a pool only its own processes, whoever inherited its pipes.
        pool = one.thing if one.thing and one.thing.kind is ResourceKind.POOL else None
        able = (able & {*pool.workers, pool.created_by} if pool else None) or able
        methods = self._methods(one)
        return able - (self.bystanders(one.thing or at, methods) - (set() if methods else {one.pid}))

    def _is_for_a_holder(self, one: Blocked) -> bool:
        """Return whether it waits for what only its holder gives back."""
        return one.to == "acquire" and (one.at is None or one.at.kind in LOCKS)

    def _releasing(self, one: Blocked) -> set[int]:
        """Return who can release a semaphore: those that acquired it, and all whose code can use it.

        One process often acquires it for each task, and the one that has done the task releases it.
        """
        at = one.at
        if at is None or one.to != "acquire" or not (holders := self.semaphore_holders.get(at.key)):
            return set()
        return {*holders, *(at.users.keys() - self.bystanders(at))}

    def _releasing_for(self, holder: int, lock: Thing) -> set[Node]:
        """Return the threads that release a lock which somebody else acquired, such as one that hands it on.

        A callback in the process of its holder, of which nothing is known, may be one.
        """
        nodes = ((pid, tid) for pid in {holder, *lock.users} for tid in (MAIN, *self._others(pid)))
        return {
            (pid, tid)
            for pid, tid in nodes
            if self.book.releases(pid, tid, lock, if_unknown=pid == holder and tid != MAIN)
        }

    def _lock_holders(self, at: Thing, pid: int) -> set[int]:
        holding = at.reading.holding
        if holding.abandoned:
            return set()
        if holding.holder is not None:
            return {holding.holder}
        return set(at.users.keys() - self.bystanders(at) - {pid})

    def _with_the_other_end(self, at: Thing, one: Blocked) -> set[int]:
        pipe = at if at.inode() and not at.key.startswith("sem:") else self.book.part(one.thing or at, "pipe")
        ends = pipe.reading.ends if pipe else None
        soon = set(self.book.soon_users(one.thing or at))
        users = {*(one.thing or at).users, *at.users, *soon}
        if not ends or one.to not in _RECEIVES | _SENDS:
            return users
        if "a" in ends or "b" in ends:
            mine = [end for end in _OTHER_END if one.pid in ends.get(end, ())]
            return {*ends.get(_OTHER_END[mine[0]], ()), *soon} if len(mine) == 1 else users
        return {*ends.get("write" if one.to in _RECEIVES else "read", ()), *soon}
