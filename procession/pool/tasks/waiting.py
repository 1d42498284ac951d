"""What waits in a pool: tasks, sources of tasks, and what a preparer has in hand."""

from __future__ import annotations

from collections import deque

from .sources import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .task import Task

    Waiting = Task | Source


class Hand:
    """What one preparer works on: the source that it iterates, and tasks to pickle."""

    def __init__(self) -> None:
        self.source: Source | None = None
        self.tasks: deque[Task] = deque()

    @property
    def holds(self) -> bool:
        return bool(self.tasks) or (self.source is not None and not self.source.over)


class WorkerLoss:
    """What the death of a worker cost: ``task``, lost or ``retried``, and how many waiting tasks were returned."""

    def __init__(self, task: Task | None, *, retried: bool, returned: int) -> None:
        self.task, self.retried, self.returned = task, retried, returned


def remaining(one: Waiting) -> int:
    """Return how many tasks something that waits has left, as far as known."""
    if not isinstance(one, Source):
        return 1
    total = one.result.progress().total
    return max((total or 0) - one.taken, 0)


def belongs(task: object, result: object) -> bool:
    """Return whether a task, or a source of tasks, is of the call with this result."""
    return task is result or getattr(task, "result", None) is result


def size_of(task: Task) -> int:
    """Return the size of its pickled arguments in bytes."""
    return len(task.payload[1]) if task.payload else 0


def is_unbounded(one: Waiting) -> bool:
    """Return whether it is a source without a known end."""
    return isinstance(one, Source) and one.unbounded
