"""The tasks that one worker has: what it is to execute, and how many more it may get."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .task import Task

#: How many tasks a worker has at most.  2 were 1.75, 16 were 7, 64 were 8.5 times as fast as the stdlib.
DEEPEST = 128
#: A worker with long tasks gets them one by one: more would only have to be taken back.
SHALLOWEST = 1
_AT_FIRST = 2
#: A worker that is refilled within QUICK_S gets twice as many tasks the next time; after SLOW_S, half as many.
QUICK_S = 0.005
SLOW_S = 0.02


class Inbox:
    """The tasks of one worker.  ``depth`` is how many it gets at once: more while it is fast, fewer while it is slow.

    ``limit`` is set while tasks are being taken away: the worker executes none from ``limit`` up to ``next``, and gets
    no new ones until it has said so of the last one.
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
        #: Numbers of the functions that it has (`encoding`).
        self.known: set[int] = set()

    @property
    def answered(self) -> int:
        """How many tasks the worker has answered."""
        return self.next - self.returned - len(self.inflight)

    def owes(self) -> bool:
        """Whether the worker has to answer tasks, or to skip those that were taken away."""
        return bool(self.inflight) or self.limit is not None

    def room(self) -> int:
        """Return how many more tasks it may get now."""
        if self.closed or self.limit is not None:
            return 0
        room = self.depth - len(self.inflight)
        if self.allowance is not None:
            room = min(room, self.allowance - self.answered - len(self.inflight))
        return max(room, 0)

    def wants(self) -> bool:
        """Whether it should be refilled: half of its tasks are done."""
        return len(self.inflight) <= self.depth // 2 and self.room() > 0
