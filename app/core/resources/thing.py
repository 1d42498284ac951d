"""One resource, known by its key in whatever process; what processes told of it are its facts.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.records.primitives import JsonDict
from app.records.resource import ResourceKind

from .reading import Reading

_MOST = 1 << 63


def number(facts: Mapping[str, Any], name: str) -> int | None:
    """A fact that is a number, not negative; None for anything else: words are not trusted."""
    value = facts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def text(facts: Mapping[str, Any], name: str) -> str | None:
    """A fact that is a text."""
    value = facts.get(name)
    return value if isinstance(value, str) else None


@dataclass(eq=False, slots=True)
class Thing:
    """One resource: ``users`` living pids, with the facts as each of them told; ``deaths`` of users so far.

    ``name`` is that which was ``told``, with a number where several have it: it is the ``nth`` of them.
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
    told: str = ""
    nth: int = 1
    unused_since: float | None = None
    reading: Reading = field(default_factory=Reading)

    @property
    def number(self) -> int:
        """Of its id."""
        return int(self.id[1:])

    @property
    def managed(self) -> bool:
        """Whether it lives in the server of a manager, where no other process can reach it."""
        return self.key.startswith("managed:")

    def inode(self) -> int | None:
        """Of the semaphore, pipe or socket that it is."""
        prefix, _, number_text = self.key.partition(":")
        return int(number_text) if prefix in {"sem", "pipe", "sock"} and number_text.isdecimal() else None
