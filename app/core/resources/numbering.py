"""Numbers for things of one program that would otherwise have the same name: ``locks #2 (train.py:41)``.  Pure.

One line creates a list of locks, a helper function may create each queue, and with spawn every child creates what is at
the top level of the main module again.  A thing keeps its number for life; the first of a name has none while it is the
only one.
"""

from app.records.wording import split_name

from .thing import Thing

#: Beyond that, the names used longest ago are forgotten, and their numbers start over.
MOST_NAMES = 20_000


class NameNumbers:
    """How many things had each name, by program and kind."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str | None, str, str], tuple[int, Thing]] = {}

    def name(self, thing: Thing, reported: str) -> Thing:
        """Name a thing as reported, with a number if others had the name before; return the first of them."""
        if reported == thing.reported_name:
            return thing
        thing.reported_name = thing.name = reported
        count, first = self._seen.pop((thing.program, thing.kind, reported), (0, thing))
        count += 1
        thing.nth = count
        self._seen[thing.program, thing.kind, reported] = count, first
        if count > 1:
            thing.name = numbered(reported, count)
            first.name = numbered(reported, 1) if first.name == reported else first.name
        self._bound()
        return first

    def take_over(self, thing: Thing) -> None:
        """Take over a thing with its name and number from the previous supervisor."""
        if thing.reported_name:
            key = (thing.program, thing.kind, thing.reported_name)
            count, first = self._seen.get(key, (0, thing))
            self._seen[key] = max(count, thing.nth), thing if thing.nth == 1 else first
            self._bound()

    def forget(self, program: str) -> None:
        """Forget the names of a program that is over: each keeps the first thing that had it."""
        self._seen = {key: seen for key, seen in self._seen.items() if key[0] != program}

    def _bound(self) -> None:
        while len(self._seen) > MOST_NAMES:
            del self._seen[next(iter(self._seen))]


def numbered(name: str, nth: int) -> str:
    """Return ``locks #2 (train.py:41)``, or ``train.py:41 #2`` without a variable."""
    variable, place = split_name(name)
    return f"{variable} #{nth} ({place})" if place else f"{name} #{nth}"
