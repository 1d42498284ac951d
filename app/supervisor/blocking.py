"""From what threads wait for to what people know: a semaphore's address becomes "waits to put into queue jobs".

The same wait means different things by what it is a part of: of a queue the semaphore ``sem`` counts free places,
``rlock`` is taken by whoever reads.  Where system calls may not be seen, the process's page says that it began to wait
to put or to get, but not whether for ever: then the wait counts as timed, and makes no deadlock.
"""

from __future__ import annotations

from collections.abc import Iterator

from .edges import Blocked
from .program_model import ResourceKind
from .readings import QUEUES
from .resource_book import Book, Thing
from .waiters import Wait
from .window import Window
from .windows import Windows

K = ResourceKind
_OF_QUEUES = {"sem": "put", "rlock": "get", "wlock": "flush"}
_OF_CONDITIONS = {"wait": "wait", "woken": "notify", "lock": "acquire"}


class Blocking:
    """Finds the things that processes wait for."""

    def __init__(self, book: Book, windows: Windows) -> None:
        self._book, self._windows = book, windows

    def of(self, window: Window) -> Iterator[Blocked]:
        """All waits of one process, as it was last looked at."""
        for wait in window.threads.waits:
            if wait.for_ == "child":
                yield _blocked(window, wait, None, None, "join")._replace(of=wait.what)
            elif wait.for_ == "semaphore":
                yield from self._at_semaphore(window, wait)
            else:
                yield from self._at_pipe(window, wait)
        if window.memory.refused:
            yield from self._by_page(window)

    def _at_semaphore(self, window: Window, wait: Wait) -> Iterator[Blocked]:
        inode = window.semaphore_at(wait.what)
        at = self._book.by_key.get(f"sem:{inode}") if inode else None
        if at:
            thing, to = self._meaning(at)
            yield _blocked(window, wait, thing, at, to)

    def _at_pipe(self, window: Window, wait: Wait) -> Iterator[Blocked]:
        inode = window.inode_at(wait.what)
        at = self._book.find(f"pipe:{inode}") or self._book.find(f"sock:{inode}") if inode else None
        if at:
            thing = self._book.outermost(at)
            whole = self._book.whole(at)
            if whole is None:
                to = "recv" if wait.for_ == "read" else "send"
            elif wait.for_ == "read":
                to = "get"
            else:
                to = "put" if whole[0].kind is K.SIMPLE_QUEUE else "flush"
            yield _blocked(window, wait, thing, at, to)

    def _meaning(self, at: Thing) -> tuple[Thing, str]:
        """What waiting at a semaphore is: the thing that people know, and the verb."""
        whole = self._book.whole(at)
        if whole is None:
            return at, "acquire"
        above, part = whole
        if above.kind in QUEUES:
            to = "put" if part == "wlock" and above.kind is K.SIMPLE_QUEUE else _OF_QUEUES.get(part, "acquire")
            return self._book.outermost(above), to
        if above.kind is K.CONDITION:
            to = _OF_CONDITIONS.get(part, "acquire")
            # Its lock is held by somebody, as any lock is.
            return (at, to) if part == "lock" else (self._book.outermost(above), to)
        return at, "acquire"

    def _by_page(self, window: Window) -> Iterator[Blocked]:
        for thing in self._book.held_by(window.pid):
            counter = self._windows.counter(thing, window.pid)
            for to, since in (("put", counter.waits_to_put), ("get", counter.waits_to_get)) if counter else ():
                if since:
                    yield Blocked(window.pid, self._book.outermost(thing), thing, to, True, True, since=since)


def _blocked(window: Window, wait: Wait, thing: Thing | None, at: Thing | None, to: str) -> Blocked:
    return Blocked(
        window.pid, thing, at, to, wait.main, wait.timed, alone=window.threads.alone, token=window.token(wait)
    )
