"""Which task is where: waiting, sent to a worker, or over.  Pure: no process, no clock, no thread.

A task that is sent to a worker gets a position there, a number that only counts up.  The worker tells the position that
it executes, so that after its death there are three kinds of tasks: answered, executed (lost, or run again if that was
asked for), and those behind, which nobody has touched and which go back to the head of the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from procession.pool.worker.ring import NONE

from .sources import FedSource, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .task import Task

    Waiting = Task | Source

#: How many tasks a worker has at most.  2 were 1.75, 16 were 7, 64 were 8.5 times as fast as the stdlib.
DEEPEST = 128
#: A worker whose tasks take long gets them one by one: what waits in it would only have to be taken back.
SHALLOWEST = 1
_AT_FIRST = 2
#: Refilled again within this many seconds, a worker gets twice as many the next time; after so many, half.
QUICK_S = 0.005
SLOW_S = 0.02


class Desk:
    """The tasks of one worker.  ``depth`` is how many it gets at once: more while it is quick, few while it is slow.

    ``limit`` is set while tasks are taken away from it: it will execute none from there on, up to ``next``; until it
    has said so of the last one it gets no others.
    """

    __slots__ = ("allowance", "closed", "depth", "filled_at", "inflight", "known", "limit", "next", "returned")

    def __init__(self, allowance: int | None = None) -> None:
        self.inflight: dict[int, Task] = {}
        self.next = 0
        self.returned = 0
        self.depth = _AT_FIRST
        self.filled_at = 0.0
        self.limit: int | None = None
        self.allowance = allowance
        self.closed = False
        #: The functions that were sent to it (`encoding`).
        self.known: set[int] = set()

    @property
    def answered(self) -> int:
        """How many tasks it has answered."""
        return self.next - self.returned - len(self.inflight)

    def owes(self) -> bool:
        """Whether something is to come from it: answers, or that it has come to the end of what was taken away."""
        return bool(self.inflight) or self.limit is not None

    def room(self) -> int:
        """How many more tasks it may get now."""
        if self.closed or self.limit is not None:
            return 0
        room = self.depth - len(self.inflight)
        if self.allowance is not None:
            room = min(room, self.allowance - self.answered - len(self.inflight))
        return max(room, 0)

    def wants(self) -> bool:
        """Whether it is time for more: half of what it had is done."""
        return len(self.inflight) <= self.depth // 2 and self.room() > 0


class Burial:
    """What the death of a worker came to.  ``task`` was being executed: it is lost, or waits to be ``retried``."""

    def __init__(self, task: Task | None, *, retried: bool, returned: int) -> None:
        self.task, self.retried, self.returned = task, retried, returned


class Ledger:
    """The tasks of a pool.  Counts are of tasks; those of workers that are gone are in ``answered``."""

    def __init__(self) -> None:
        self.queue: deque[Waiting] = deque()
        self.desks: list[Desk] = []
        self.answered = 0
        self.failed = 0
        self.lost = 0
        self.retried = 0
        self.stolen = 0
        #: Sources whose iterable has not come to its end, whether or not they stand in the queue.
        self.fed: set[FedSource] = set()

    def seat(self, desk: Desk) -> None:
        """A worker has come."""
        self.desks.append(desk)

    @property
    def outstanding(self) -> bool:
        """Whether some worker has tasks."""
        return any(desk.inflight for desk in self.desks)

    # Out

    def take(self, count: int) -> list[Task]:
        """Up to ``count`` tasks from the head of the queue."""
        taken: list[Task] = []
        queue = self.queue
        while queue and count > len(taken):
            first = queue.popleft()  # code of the user's that the source runs may put others before it
            if not isinstance(first, Source):
                taken.append(first)
                continue
            taken.extend(first.take(count - len(taken)))
            if first.over:
                self.fed.discard(first)
            elif isinstance(first, FedSource) and first.starved:
                self._step_aside(first)
            else:
                self._give_way(first)
        return taken

    def _give_way(self, source: Source) -> None:
        """First come, first served; but what may have no end takes turns with the next one behind it."""
        queue = self.queue
        if queue and (source.unbounded or _is_unbounded(queue[0])):
            queue.insert(1, source)
        else:
            queue.appendleft(source)

    def put_back(self, tasks: Sequence[Task]) -> None:
        """They were taken, and are not sent after all."""
        self.queue.extendleft(reversed(tasks))

    def assign(self, desk: Desk, tasks: Sequence[Task], now: float) -> None:
        """They are on their way to the worker, in this order; ``now`` in monotonic seconds."""
        if now - desk.filled_at < QUICK_S:
            desk.depth = min(desk.depth * 2, DEEPEST)
        elif now - desk.filled_at > SLOW_S:
            desk.depth = max(desk.depth // 2, SHALLOWEST)
        desk.filled_at = now
        start = desk.next
        desk.next = end = start + len(tasks)
        desk.inflight.update(zip(range(start, end), tasks))  # noqa: B905 - as many of both

    def shares(self) -> list[tuple[Desk, int]]:
        """Who gets how many of the waiting tasks: the emptiest first, and not more than an equal share."""
        free = sorted((desk for desk in self.desks if desk.wants()), key=_load)
        if not free or not self.queue:
            return []
        if isinstance(self.queue[0], Source) or len(self.queue) >= DEEPEST * len(free):
            return [(desk, desk.room()) for desk in free]
        share = -(-len(self.queue) // (2 * len(free)))
        return [(desk, min(share, desk.room())) for desk in free]

    # Back

    def answer(self, desk: Desk, position: int) -> Task | None:
        """The task that the worker has answered; None for one that was taken from it before."""
        return desk.inflight.pop(position, None)

    def skip(self, desk: Desk, position: int) -> None:
        """The worker says that it did not execute this one, which lay behind its limit."""
        task = desk.inflight.pop(position, None)
        if task is not None:
            desk.returned += 1
            self.queue.appendleft(task)
        if position + 1 == desk.next:
            desk.limit = None

    def reclaim(self, desk: Desk, current: int, limit: int) -> int:
        """Take back what lies behind both ``current`` and ``limit``; how many that were.

        To be called with the worker's CURRENT as read after its LIMIT was set to ``limit`` (see `ring`).  Where there
        is nothing behind, there is no limit either: the worker would not tell that it has come to its end.
        """
        first = limit if current == NONE else max(current + 1, limit)
        behind = [position for position in desk.inflight if position >= first]
        desk.limit = limit if behind else None
        desk.returned += len(behind)
        self.queue.extendleft(desk.inflight.pop(position) for position in reversed(behind))
        desk.depth = SHALLOWEST
        return len(behind)

    def bury(self, desk: Desk, current: int, *, may_retry: bool = True) -> Burial:
        """The worker is dead, and all that it has answered was answered."""
        self.desks.remove(desk)
        self.answered += desk.answered
        executed = desk.inflight.pop(current, None)
        waiting = list(desk.inflight.values())
        desk.inflight = {}
        self.put_back(waiting)
        if executed is None:
            return Burial(None, retried=False, returned=len(waiting))
        if may_retry and executed.retries > 0:
            executed.retries -= 1
            executed.attempt += 1
            self.retried += 1
            executed.retried()
            self.queue.appendleft(executed)
            return Burial(executed, retried=True, returned=len(waiting))
        self.lost += 1
        return Burial(executed, retried=False, returned=len(waiting))

    def abandon(self, error: Callable[[], BaseException]) -> None:
        """Nothing of what waits will be executed."""
        while self.fed:
            self.fed.pop().abandon(error())
        while self.queue:
            first = self.queue.popleft()
            if isinstance(first, Source):
                first.abandon(error())
            else:
                self.lost += 1
                first.settle(False, error())

    # Sources whose feeder is slow

    def offer(self, source: FedSource) -> None:
        """It has something again."""
        if not source.queued and source in self.fed:
            source.queued = True
            self.queue.append(source)

    def _step_aside(self, source: FedSource) -> None:
        """It has nothing: let others pass.  Its feeder looks at ``queued`` after it has fed, we after we have asked."""
        source.queued = False
        if not source.starved:
            self.offer(source)


def waiting(queue: Iterable[Waiting]) -> int:
    """How many tasks wait, as far as it is known."""
    return sum(_remaining(one) for one in queue)


def _remaining(one: Waiting) -> int:
    if not isinstance(one, Source):
        return 1
    total = one.result.progress().total
    return len(one.fed) if isinstance(one, FedSource) and total is None else max((total or 0) - one.taken, 0)


def _is_unbounded(one: Waiting) -> bool:
    return isinstance(one, Source) and one.unbounded


def _load(desk: Desk) -> int:
    return len(desk.inflight)
