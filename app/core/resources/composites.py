"""The parts, the whole and the users of each thing, cached until the book changes.  Pure.

Every record of every reading needs them: without the cache, they took half of the time of a reading.
"""

from typing import NamedTuple

from .book import Book
from .thing import Thing


class Composition(NamedTuple):
    """The parts of a thing by name, and their ids; ``part_of``: the id of its whole, as whose ``part``; its users."""

    parts: dict[str, Thing]
    ids: tuple[str, ...]
    part_of: str | None
    part: str
    users: tuple[int, ...]


class Compositions:
    """The compositions of all things."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[str, Composition] = {}
        self._version = -1

    def of(self, thing: Thing) -> Composition:
        """Return the composition of a thing, as the book has it now."""
        if self._version != self._book.version:
            self._version = self._book.version
            self._known.clear()
        if thing.key not in self._known:
            self._known[thing.key] = self._look_up(thing)
        return self._known[thing.key]

    def _look_up(self, thing: Thing) -> Composition:
        found = {name: self._book.part(thing, name) for name in thing.parts}
        parts = {name: part for name, part in found.items() if part and part is not thing}
        whole = self._book.whole(thing)
        return Composition(
            parts,
            tuple(part.id for part in parts.values()),
            whole[0].id if whole else None,
            whole[1] if whole else "",
            tuple(sorted(thing.users)),
        )
