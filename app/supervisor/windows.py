"""The windows into all observed processes, and how something is read through any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from .pages import NOTHING, Counter
from .thing import Thing, number
from .window import Window

T = TypeVar("T")


class Windows(dict[int, Window]):
    """By pid; of the living only."""

    def told(self, thing: Thing, fact: str) -> Iterator[tuple[Window, int]]:
        """Who has the thing and told that number about it: an address, an fd."""
        for pid, facts in thing.users.items():
            value = number(facts, fact)
            window = self.get(pid)
            if value is not None and window is not None:
                yield window, value

    def first(self, thing: Thing, fact: str, read: Callable[[Window, int], T | None]) -> T | None:
        """What is read through the first window through which it can be read."""
        found = (read(window, value) for window, value in self.told(thing, fact))
        return next((one for one in found if one is not None), None)

    def counter(self, thing: Thing, pid: int) -> Counter | None:
        """What that process counts of it; one that has no page yet has counted nothing."""
        slot = number(thing.users.get(pid, {}), "counters")
        window = self.get(pid)
        if slot is None or window is None:
            return None
        return window.page.counter(slot) if window.page else NOTHING
