"""What a thing is made of and belongs to, kept until somebody gets or loses something.  Pure.

Every record of every reading asks for it: looked up each time, it cost half of a reading.
"""

from __future__ import annotations

from typing import NamedTuple

from .book import Book
from .thing import Thing


class Family(NamedTuple):
    """The parts by name, and their ids; as which ``part`` it belongs to ``part_of``; who has it."""

    parts: dict[str, Thing]
    ids: tuple[str, ...]
    part_of: str | None
    part: str
    users: tuple[int, ...]


class Families:
    """Of all things."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[str, Family] = {}
        self._version = -1

    def of(self, thing: Thing) -> Family:
        """Of one, as the book has it by now."""
        if self._version != self._book.version:
            self._version = self._book.version
            self._known.clear()
        if thing.key not in self._known:
            self._known[thing.key] = self._made(thing)
        return self._known[thing.key]

    def _made(self, thing: Thing) -> Family:
        found = {name: self._book.part(thing, name) for name in thing.parts}
        parts = {name: part for name, part in found.items() if part and part is not thing}
        whole = self._book.whole(thing)
        return Family(
            parts,
            tuple(part.id for part in parts.values()),
            whole[0].id if whole else None,
            whole[1] if whole else "",
            tuple(sorted(thing.users)),
        )
