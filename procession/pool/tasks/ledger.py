"""Which task is where: queued, sent to a worker, or settled.  Pure: no process, no clock, no thread.

A task that is sent to a worker gets a position there, a number that only counts up.  The worker publishes the position
that it executes.  After its death there are three kinds of tasks: answered ones; the one being executed, which is lost
or run again; and those behind it, not started, which go back to the head of the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from procession.pool.worker_process.ring import NONE

from .inbox import DEEPEST, QUICK_S, SHALLOWEST, SLOW_S, Inbox
from .sources import FedSource, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .task import Task

    Waiting = Task | Source


class WorkerLoss:
    """What the death of a worker cost: ``task``, lost or ``retried``, and how many waiting tasks were returned."""

    def __init__(self, task: Task | None, *, retried: bool, returned: int) -> None:
        self.task, self.retried, self.returned = task, retried, returned


class Ledger:
    """The tasks of a pool.  Counts are of tasks; ``answered`` counts only those of workers that are gone."""

    def __init__(self) -> None:
        self.queue: deque[Waiting] = deque()
        self.inboxes: list[Inbox] = []
        self.answered = 0
        self.failed = 0
        self.lost = 0
        self.retried = 0
        self.stolen = 0
        #: Sources whose iterable has not ended, queued or not.
        self.fed: set[FedSource] = set()

    @property
    def outstanding(self) -> bool:
        return any(inbox.inflight for inbox in self.inboxes)

    def take(self, count: int) -> list[Task]:
        """Take up to ``count`` tasks from the head of the queue."""
        taken: list[Task] = []
        queue = self.queue
        while queue and count > len(taken):
            first = queue.popleft()  # the source may run the user's code, which may put other tasks before it
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
        """Put a source back: first come, first served, but one without a known end takes turns with the next one."""
        queue = self.queue
        if queue and (source.unbounded or _is_unbounded(queue[0])):
            queue.insert(1, source)
        else:
            queue.appendleft(source)

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Put tasks back that were taken and not sent."""
        self.queue.extendleft(reversed(tasks))

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
        if not free or not self.queue:
            return []
        if isinstance(self.queue[0], Source) or len(self.queue) >= DEEPEST * len(free):
            return [(inbox, inbox.room()) for inbox in free]
        share = -(-len(self.queue) // (2 * len(free)))
        return [(inbox, min(share, inbox.room())) for inbox in free]

    def skip(self, inbox: Inbox, position: int) -> None:
        """Put a task back that the worker skipped because it lay behind its limit."""
        task = inbox.inflight.pop(position, None)
        if task is not None:
            inbox.returned += 1
            self.queue.appendleft(task)
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
        self.queue.extendleft(inbox.inflight.pop(position) for position in reversed(behind))
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
            self.queue.appendleft(executed)
            return WorkerLoss(executed, retried=True, returned=len(returned))
        self.lost += 1
        return WorkerLoss(executed, retried=False, returned=len(returned))

    def abandon(self, error: Callable[[], BaseException]) -> None:
        """Settle everything that waits with an error."""
        while self.fed:
            self.fed.pop().abandon(error())
        while self.queue:
            first = self.queue.popleft()
            if isinstance(first, Source):
                first.abandon(error())
            else:
                self.lost += 1
                first.settle(False, error())

    def offer(self, source: FedSource) -> None:
        """Queue a source that has items again."""
        if not source.queued and source in self.fed:
            source.queued = True
            self.queue.append(source)

    def _step_aside(self, source: FedSource) -> None:
        """Leave the queue.  The feeder checks ``queued`` after feeding, so this checks ``starved`` after leaving."""
        source.queued = False
        if not source.starved:
            self.offer(source)


def count_waiting(queue: Iterable[Waiting]) -> int:
    """Count the queued tasks, as far as known."""
    return sum(_remaining(one) for one in queue)


def _remaining(one: Waiting) -> int:
    if not isinstance(one, Source):
        return 1
    total = one.result.progress().total
    return len(one.fed) if isinstance(one, FedSource) and total is None else max((total or 0) - one.taken, 0)


def _is_unbounded(one: Waiting) -> bool:
    return isinstance(one, Source) and one.unbounded


def _load(inbox: Inbox) -> int:
    return len(inbox.inflight)
