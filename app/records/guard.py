"""Keep an error of our own from ending the supervisor, and with it every process: what failed is dropped and shown.

::

    message, event, action, reading, row ──with guard.over(what):──▶ handled
                                              └── Exception ──▶ dropped, counted, logged once per kind, a finding

A refusal of a request is no error: it is raised as a `ProcessionError` and answered before it comes here.
"""

import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Protocol

from msgspec import Struct, field

from .event import EventDraft, about_supervisor
from .masking import masked_text
from .primitives import Now
from .waits import Finding, FindingKind

#: Kinds of errors that are logged; after that they are only counted.
MAX_LOGGED = 100
#: That are kept of the text of an error.
_CHARACTERS = 300


class Guarding(Protocol):
    """What a part needs that handles one thing after the other."""

    def over(self, what: str, then: Callable[[], object] | None = None) -> AbstractContextManager[object]:
        """Return a context that drops ``what`` if its body raises, and then calls ``then``."""


class NoGuard:
    """Drops nothing: an error goes on to the caller."""

    def over(self, what: str, then: Callable[[], object] | None = None) -> AbstractContextManager[object]:
        """Return a context that does nothing."""
        return nullcontext()


NO_GUARD = NoGuard()


class _Dropped(Struct):
    """Errors of one kind of work."""

    count: int = 0
    since: float = 0.0
    last: str = ""
    kinds: set[tuple[str, str]] = field(default_factory=set)


class Guard:
    """Counts what was dropped, by what it was.  ``now`` returns the time, ``log`` writes to the supervisor's log.

    With ``reraises`` nothing is dropped: a test must not overlook an error.
    """

    def __init__(self, now: Callable[[], Now], log: Callable[[str], object], *, reraises: bool = False) -> None:
        self.findings: tuple[Finding, ...] = ()
        self._now, self._log, self._reraises = now, log, reraises
        self._dropped: dict[str, _Dropped] = {}
        self.count = 0
        self._logged = 0
        self._lines: list[EventDraft] = []

    def over(self, what: str, then: Callable[[], object] | None = None) -> AbstractContextManager[object]:
        """Return a context that drops ``what``, in the plural, if its body raises, and then calls ``then``."""
        return _Over(self, what, then)

    def drop(self, what: str, error: Exception) -> None:
        """Note that one of ``what`` was dropped because of ``error``; raise it again if this guard reraises."""
        if self._reraises:
            raise error
        now = self._now()
        dropped = self._dropped.setdefault(what, _Dropped(since=now.wall))
        dropped.count += 1
        self.count += 1
        place = _place(error)
        dropped.last = _in_words(error, place)
        kind = (type(error).__name__, place)
        if kind not in dropped.kinds and self._logged < MAX_LOGGED:
            dropped.kinds.add(kind)
            self._logged += 1
            self._log(f"internal error, dropped one of the {what}:\n{''.join(traceback.format_exception(error))}")
            text = f"internal error, dropped one of the {what}: {dropped.last}"
            self._lines.append(about_supervisor(now.wall, text))
        self.findings = tuple(_finding(what, one) for what, one in self._dropped.items())

    def take_lines(self) -> list[EventDraft]:
        """Return the journal lines about errors of a new kind since the last call."""
        lines, self._lines = self._lines, []
        return lines


class _Over:
    """One use of a guard as a context manager."""

    __slots__ = ("_guard", "_then", "_what")

    def __init__(self, guard: Guard, what: str, then: Callable[[], object] | None) -> None:
        self._guard, self._what, self._then = guard, what, then

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self._guard.drop(self._what, error)
        if self._then:
            with self._guard.over(self._what):
                self._then()
        return True


def _finding(what: str, dropped: _Dropped) -> Finding:
    return Finding(
        id=f"{FindingKind.INTERNAL_ERROR}:{what}",
        kind=FindingKind.INTERNAL_ERROR,
        program=None,
        text=f"Internal error in Procession. Dropped {what}: {dropped.count:,}.",
        why=f"The last error was {dropped.last}.",
        cure="Procession continues. Please report this, with the traceback that `procession serve` wrote.",
        since=dropped.since,
    )


def _in_words(error: Exception, place: str) -> str:
    text = f"{type(error).__name__}: {masked_text(str(error))}" if str(error) else type(error).__name__
    return f"{text[:_CHARACTERS].strip()} ({place})"


def _place(error: Exception) -> str:
    """Return the file and line that raised it, without folders."""
    # Not extract_tb(): it reads the source of every frame, and a flood of errors must cost little.
    place = "unknown place"
    for frame, line in traceback.walk_tb(error.__traceback__):
        place = f"{frame.f_code.co_filename.rpartition('/')[2]}:{line}"
    return place
