"""One resource, with the same key in every process; its facts are what processes reported.  Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from app.records.primitives import JsonDict
from app.records.resource import ResourceKind

from .reading import Reading

_MOST = 1 << 63


def number(facts: Mapping[str, Any], name: str) -> int | None:
    """Return a fact that is a non-negative number; None for anything else: words are not trusted."""
    value = facts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def text(facts: Mapping[str, Any], name: str) -> str | None:
    """Return a fact that is a text; None for anything else."""
    value = facts.get(name)
    return value if isinstance(value, str) else None


class Thing(Struct, eq=False):
    """One resource.  ``users``: living pids, with the facts that each reported; ``deaths``: of users so far.
    ``used_by``: the pids that made it, received it or were seen to use it, not those that only inherited it;
    ``ended_users``: the last that could use it and have ended; ``not_ended_by``: by wait, those that did
    not do what ends it, or whose code called nothing of the kind.

    ``name`` is ``reported_name``, with a number if several things have it; this is the ``nth`` of them.
    """

    id: str
    key: str
    kind: ResourceKind
    name: str
    program: str | None
    created_by: int
    created_at: float
    parts: dict[str, str] = field(default_factory=dict)
    users: dict[int, JsonDict] = field(default_factory=dict)
    facts: JsonDict = field(default_factory=dict)
    workers: set[int] = field(default_factory=set)
    deaths: int = 0
    used_by: set[int] = field(default_factory=set)
    ended_users: list[int] = field(default_factory=list)
    not_ended_by: dict[str, set[int]] = field(default_factory=dict)
    reported_name: str = ""
    nth: int = 1
    unused_since: float | None = None
    reading: Reading = field(default_factory=Reading)

    def did_not_end(self, pid: int, *waits: str) -> None:
        """Note that a process never did what ends these waits."""
        for wait in waits:
            self.not_ended_by.setdefault(wait, set()).add(pid)

    @property
    def number(self) -> int:
        return int(self.id[1:])

    @property
    def managed(self) -> bool:
        """Return whether it lives in a manager's server, where no other process can reach it."""
        return self.key.startswith("managed:")

    def inode(self) -> int | None:
        """Return its inode if it is a semaphore, pipe or socket."""
        prefix, _, number_text = self.key.partition(":")
        return int(number_text) if prefix in {"sem", "pipe", "sock"} and number_text.isdecimal() else None
