"""Children that have not received what they are given yet: those of spawn and forkserver unpickle it.  Pure."""

from collections.abc import Container, Iterator

from msgspec import Struct, field

#: A child that has not reported by then is none that reports.
_STARTS_S = 60.0
_MOST = 1000


class Starting(Struct):
    """By pid, the parent of each, and since when it starts (monotonic)."""

    _children: dict[int, tuple[int, float]] = field(default_factory=dict)
    _done: set[int] = field(default_factory=set)

    def begin(self, parent: int, child: int, now: float) -> None:
        """Note a child, unless it has reported already: its word may come before that of its parent."""
        if child not in self._done and len(self._children) < _MOST:
            self._children[child] = parent, now

    def end(self, pid: int) -> None:
        """Note that a process has what it is given."""
        self._done.add(pid)
        self._children.pop(pid, None)

    def forget(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._done.discard(pid)
        self._children.pop(pid, None)

    def expire(self, now: float) -> None:
        self._children = {pid: one for pid, one in self._children.items() if now - one[1] < _STARTS_S}

    def of(self, parents: Container[int]) -> Iterator[int]:
        """Yield the children of these processes that still start."""
        return (child for child, (parent, _) in self._children.items() if parent in parents)
