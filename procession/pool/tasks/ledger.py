"""Which task is where: queued, prepared, sent to a worker, or settled.  Pure: no process, no clock, no thread.

::

    queue ──▶ hands of a preparer ──▶ prepared ──▶ inbox of a worker ──▶ settled
      │        (what has to be pickled)   ▲  ▲              │
      └────────(small scalars)────────────┘  └───returned───┘

A task that is sent to a worker gets a position there, a number that only counts up.  The worker publishes the position
that it executes.  After its death there are three kinds of tasks: answered ones; the one being executed, which is lost
or run again; and those behind it, not started, which go back to the head of the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from procession.pool.worker_process.ring import NONE

from .inbox import DEEPEST, QUICK_S, SHALLOWEST, SLOW_S, Inbox
from .sources import Source
from .waiting import Hand, WorkerLoss, belongs, is_unbounded, remaining, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .task import Task
    from .waiting import Waiting


#: How many tasks, and bytes of pickled arguments, are prepared ahead of the workers.
MOST_PREPARED = 256
MOST_BYTES = 4 * 1024 * 1024


class Ledger:
    """The tasks of a pool.  Counts are of tasks; ``answered`` counts only those of workers that are gone."""

    def __init__(self) -> None:
        #: The results of the calls that have not ended, by number: `Pool._cache`.
        self.calls: dict[int, Any] = {}
        self.queue: deque[Waiting] = deque()
        self.inboxes: list[Inbox] = []
        self.answered = 0
        self.failed = 0
        self.lost = 0
        self.retried = 0
        self.stolen = 0
        #: Tasks that can be sent, before all others.
        self.prepared: deque[Task] = deque()
        self.prepared_bytes = 0
        #: Whether only preparers take from the queue: one of its tasks, or one before them, has to be pickled.
        self.preparing = False
        #: Sources that may go on when somebody takes their results.
        self.starved: set[Source] = set()
        #: What the preparers are working on.
        self.hands: list[Hand] = []

    @property
    def has_waiting(self) -> bool:
        """Whether there are tasks that have not been sent."""
        return bool(self.queue or self.prepared or self.starved or any(hand.holds for hand in self.hands))

    @property
    def is_outstanding(self) -> bool:
        return any(inbox.inflight for inbox in self.inboxes)

    @property
    def is_direct(self) -> bool:
        """Whether a new task may be sent at once: none waits before it."""
        return not (self.queue or self.prepared or self.preparing)

    @property
    def has_sendable(self) -> bool:
        return bool(self.prepared or (self.queue and not self.preparing))

    def has_room(self) -> bool:
        """Whether more tasks should be prepared."""
        return len(self.prepared) < MOST_PREPARED and self.prepared_bytes < MOST_BYTES

    def is_low(self) -> bool:
        """Whether preparers should go on after they had stopped."""
        return len(self.prepared) <= MOST_PREPARED // 2 and self.prepared_bytes <= MOST_BYTES // 2

    def add_prepared(self, task: Task) -> None:
        self.prepared.append(task)
        self.prepared_bytes += size_of(task)

    def take(self, count: int) -> list[Task]:
        """Take up to ``count`` tasks: prepared ones, then those at the head of the queue.

        Whoever takes a task that has to be pickled first gives it back with `return_unprepared`.
        """
        prepared = self.prepared
        taken = [prepared.popleft() for _ in range(min(count, len(prepared)))]
        self.prepared_bytes -= sum(map(size_of, taken))
        while not self.preparing and self.queue and len(taken) < count:
            if self.queue[0].needs_preparing:
                self.preparing = True
            else:
                taken.extend(self.take_queued(count - len(taken)))
        return taken

    def take_queued(self, count: int) -> list[Task]:
        """Take up to ``count`` tasks from the head of the queue: single ones, or those of a source, which is plain."""
        queue = self.queue
        taken: list[Task] = []
        while queue and len(taken) < count and not isinstance(queue[0], Source):
            taken.append(queue.popleft())  # type: ignore[arg-type]
        if taken or not queue:
            return taken
        first: Any = queue.popleft()
        tasks = first.take(count)
        first.conclude()
        if not first.over:
            self.give_way(first)
        return list(tasks)

    def give_way(self, source: Source) -> None:
        """Put a source back: first come, first served, but one without a known end takes turns with the next one."""
        queue = self.queue
        self.starved.add(source)
        if not source.room():  # asked after that: whoever takes a result looks there afterwards
            return
        self.starved.discard(source)
        if queue and (source.unbounded or is_unbounded(queue[0])):
            queue.insert(1, source)
        else:
            queue.appendleft(source)

    def cancel(self, result: object, error: BaseException) -> None:
        """Settle the tasks of a call that have not been started with an error."""
        tasks, sources = self._withdraw(result)
        self.lost += len(tasks)
        for task in tasks:
            task.settle(False, error)
        for source in sources:
            source.abandon(error)

    def drop(self, result: object) -> None:
        """Take no more tasks of a call whose iterator is gone if it was broken off; feed it otherwise."""
        if any(source.is_broken_off() for source in self._sources_of(result)):
            _, sources = self._withdraw(result)
            for source in sources:
                source.over = True
                self.calls.pop(source.result._job, None)
        self.feed()

    def _sources_of(self, result: object) -> list[Source]:
        places = (*self.queue, *self.starved, *(hand.source for hand in self.hands))
        return [one for one in places if isinstance(one, Source) and one.result is result]

    def _withdraw(self, result: object) -> tuple[list[Task], list[Source]]:
        """Remove the tasks and sources of a call that wait anywhere, and return them; a hand keeps its source."""
        tasks: list[Task] = []
        sources = self._sources_of(result)
        self.starved.difference_update(sources)
        places: tuple[deque[Any], ...] = (self.queue, self.prepared, *(hand.tasks for hand in self.hands))
        for where in places:
            for one in [one for one in where if belongs(one, result)]:
                where.remove(one)
                if not isinstance(one, Source):
                    tasks.append(one)
        self.prepared_bytes = sum(map(size_of, self.prepared))
        return tasks, sources

    def feed(self) -> bool:
        """Queue sources again whose results were taken; return whether there are some."""
        fed = [source for source in self.starved if source.room()]
        self.starved.difference_update(fed)
        self.queue.extend(fed)
        return bool(fed)

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Put tasks back that were taken and not sent, or not started."""
        self.prepared.extendleft(reversed(tasks))
        self.prepared_bytes += sum(map(size_of, tasks))

    def return_unprepared(self, tasks: Sequence[Task]) -> None:
        """Put tasks back of which the first has to be pickled before it can be sent."""
        self.queue.extendleft(reversed(tasks))
        self.preparing = True

    def assign(self, inbox: Inbox, tasks: Sequence[Task], now: float) -> None:
        """Give the tasks to a worker, in this order; ``now`` in monotonic seconds."""
        if now - inbox.filled_at < QUICK_S:
            inbox.depth = min(inbox.depth * 2, DEEPEST)
        elif now - inbox.filled_at > SLOW_S:
            inbox.depth = max(inbox.depth // 2, SHALLOWEST)
        inbox.filled_at = now
        start = inbox.next
        inbox.next = end = start + len(tasks)
        inbox.inflight.update(zip(range(start, end), tasks))  # noqa: B905 - as many of both

    def shares(self) -> list[tuple[Inbox, int]]:
        """Return how many queued tasks each worker gets: the emptiest first, none more than an equal share."""
        free = sorted((inbox for inbox in self.inboxes if inbox.wants()), key=_load)
        if not free or not self.has_sendable:
            return []
        queue = self.queue if not self.preparing else ()
        waiting = len(self.prepared) + len(queue)
        if (queue and isinstance(queue[0], Source)) or waiting >= DEEPEST * len(free):
            return [(inbox, inbox.room()) for inbox in free]
        share = -(-waiting // (2 * len(free)))
        return [(inbox, min(share, inbox.room())) for inbox in free]

    def skip(self, inbox: Inbox, position: int) -> None:
        """Put a task back that the worker skipped because it lay behind its limit."""
        task = inbox.inflight.pop(position, None)
        if task is not None:
            inbox.returned += 1
            self.put_back([task])
        if position + 1 == inbox.next:
            inbox.limit = None

    def reclaim(self, inbox: Inbox, current: int, limit: int) -> int:
        """Take back the tasks behind both ``current`` and ``limit``; return how many.

        Call it with the worker's CURRENT as read after its LIMIT was set to ``limit`` (see `ring`).  Without tasks
        behind there is no limit either: the worker would not report its end.
        """
        first = limit if current == NONE else max(current + 1, limit)
        behind = [position for position in inbox.inflight if position >= first]
        inbox.limit = limit if behind else None
        inbox.returned += len(behind)
        self.put_back([inbox.inflight.pop(position) for position in behind])
        inbox.depth = SHALLOWEST
        return len(behind)

    def remove_worker(self, inbox: Inbox, current: int, *, may_retry: bool = True) -> WorkerLoss:
        """Take the tasks of a dead worker back; everything that it had answered was settled."""
        self.inboxes.remove(inbox)
        self.answered += inbox.answered
        executed = inbox.inflight.pop(current, None)
        returned = list(inbox.inflight.values())
        inbox.inflight = {}
        self.put_back(returned)
        if executed is None:
            return WorkerLoss(None, retried=False, returned=len(returned))
        if may_retry and executed.retries > 0:
            executed.retries -= 1
            executed.attempt += 1
            self.retried += 1
            executed.retried()
            self.put_back([executed])
            return WorkerLoss(executed, retried=True, returned=len(returned))
        self.lost += 1
        return WorkerLoss(executed, retried=False, returned=len(returned))

    def abandon(self, error: Callable[[], BaseException]) -> None:
        """Settle everything that waits with an error."""
        for hand in self.hands:
            if hand.source:
                hand.source.abandon(error())
            self._settle_all(hand.tasks, error)
        self._settle_all(deque(self.starved), error)
        self.starved.clear()
        self._settle_all(self.prepared, error)
        self.prepared_bytes = 0
        self._settle_all(self.queue, error)

    def give_up(self, error: Callable[[], BaseException]) -> None:
        """End every call that was not settled because a thread of the pool failed in the middle of it."""
        for result in tuple(self.calls.values()):
            if hasattr(result, "give_up"):  # not those that the program has put there
                result.give_up(error())

    def _settle_all(self, waiting: deque[Any], error: Callable[[], BaseException]) -> None:
        while waiting:
            first = waiting.popleft()
            if isinstance(first, Source):
                first.abandon(error())
            else:
                self.lost += 1
                first.settle(False, error())

    def count_waiting(self) -> int:
        """Count the tasks that have not been sent, as far as known."""
        held = (one for hand in self.hands for one in (hand.source, *hand.tasks) if one)
        return len(self.prepared) + sum(map(remaining, (*self.queue, *self.starved, *held)))


def _load(inbox: Inbox) -> int:
    return len(inbox.inflight)
