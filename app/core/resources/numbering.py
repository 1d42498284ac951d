"""Numbers for things of one program that would have one name otherwise: ``locks #2 (train.py:41)``.  Pure.

A list of locks is made by one call, a helper function may be called for each queue, and with spawn every child makes
what stands at the top of the main module anew.  A thing keeps its number for life; the first of a name has none as
long as it is the only one.
"""

from __future__ import annotations

from .thing import Thing

#: The names used longest ago are forgotten; then their numbers begin anew.
MOST_NAMES = 20_000


class Namesakes:
    """How many of each name there were, by program and kind."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str | None, str, str], tuple[int, Thing]] = {}

    def name(self, thing: Thing, told: str) -> Thing:
        """Give ``thing`` the name that was told of it, with a number where others had it before: the first of them."""
        if told == thing.told:
            return thing
        thing.told = thing.name = told
        count, first = self._seen.pop((thing.program, thing.kind, told), (0, thing))
        count += 1
        thing.nth = count
        self._seen[thing.program, thing.kind, told] = count, first
        if count > 1:
            thing.name = numbered(told, count)
            first.name = numbered(told, 1) if first.name == told else first.name
        self._bound()
        return first

    def take_over(self, thing: Thing) -> None:
        """Know again one that has its name and number from the supervisor before us."""
        if thing.told:
            key = (thing.program, thing.kind, thing.told)
            count, first = self._seen.get(key, (0, thing))
            self._seen[key] = max(count, thing.nth), thing if thing.nth == 1 else first
            self._bound()

    def _bound(self) -> None:
        while len(self._seen) > MOST_NAMES:
            del self._seen[next(iter(self._seen))]


def numbered(name: str, nth: int) -> str:
    """``locks #2 (train.py:41)``; ``train.py:41 #2`` where there is no variable."""
    variable, bracket, place = name.rpartition(" (")
    return f"{variable} #{nth}{bracket}{place}" if bracket and place.endswith(")") else f"{name} #{nth}"
