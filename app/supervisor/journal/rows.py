"""Rows of the journal's file as records; SQLite takes any value in any column.  Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from app.records.event import Event

from .facts import LATEST

Fact = TypeVar("Fact", bound=msgspec.Struct)

#: The journal writes less: `TEXT_LENGTH` and how much was cut.
_LONGEST_TEXT = 5000


class Row(Protocol):
    """A `sqlite3.Row`."""

    def keys(self) -> Iterable[str]: ...

    def __getitem__(self, name: str) -> Any: ...


def event(row: Row) -> Event:
    """Return the event of a row; one that says that it is damaged, if it is."""
    try:
        found = msgspec.convert(_named(row), Event)
        if 0 <= found.at < LATEST and len(found.text) <= _LONGEST_TEXT:
            return found
    except msgspec.ValidationError:
        pass
    text = "this line of the journal is damaged"
    return Event(
        seq=row["seq"], at=0.0, kind="supervisor", process=None, pid=None, name=None, text=text, by="supervisor"
    )


def fact(kind: type[Fact], row: Row) -> Fact | None:
    """Return the fact of a row; None if it is damaged."""
    try:
        return msgspec.convert(_named(row), kind)
    except msgspec.ValidationError:
        return None


def fault(kind: type[msgspec.Struct], row: Row) -> str | None:
    """Return what is wrong with a row; None if nothing is."""
    try:
        msgspec.convert(_named(row), kind)
    except msgspec.ValidationError as error:
        return str(error)
    return None


def _named(row: Row) -> Mapping[str, Any]:
    return {name: row[name] for name in row.keys()}  # noqa: SIM118  iterating over a row gives its values
