"""From what threads wait for to what people know: a semaphore's address becomes "waits to put into queue jobs".

The same wait means different things by what it is a part of: of a queue the semaphore ``sem`` counts free places,
``rlock`` is taken by whoever reads; and a socket may be that of a call on a manager's proxy.  Where system calls may
not be seen, the process's page says that it began to wait to put or to get, but not whether for ever: then the wait
counts as timed, and makes no deadlock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from app.core.resources.book import Book
from app.core.resources.edges import Blocked
from app.core.resources.readings import QUEUES
from app.core.resources.thing import Thing, number
from app.linux.thread_waits import Wait
from app.records.resource import ResourceKind

from .far_ends import Ends
from .managers import Calling
from .window import Window, Windows

K = ResourceKind
#: Who waits for more than so many things at once serves anybody.
_ALTERNATIVES = 64
_OF_QUEUES = {"sem": "put", "rlock": "get", "wlock": "flush"}
_OF_CONDITIONS = {"wait": "wait", "woken": "notify", "lock": "acquire"}


class Blocking:
    """Finds the things that processes wait for."""

    def __init__(self, book: Book, windows: Windows, ends: Ends, calling: Calling) -> None:
        self._book, self._windows = book, windows
        self._ends, self._calling = ends, calling

    def of(self, window: Window) -> Iterator[Blocked]:
        """All waits of one process, as it was last looked at."""
        for _, alternatives in groupby(window.threads.waits, key=lambda wait: wait.tid):
            yield from self._of_thread(window, list(alternatives))
        if window.memory.refused:
            yield from self._by_page(window)

    def _of_thread(self, window: Window, waits: list[Wait]) -> Iterable[Blocked]:
        """Several where it waits for whatever comes first; what could not be told of might come, too."""
        told = [list(self._at(window, wait)) for wait in waits[:_ALTERNATIVES]]
        found = [one for of_wait in told for one in of_wait]
        if len(waits) > 1:
            found = [one._replace(to="end") if one.to == "join" else one for one in found]
        if len(told) == len(waits) and all(told) and all(one.certain for one in found):
            return _united(found)
        return _united([one._replace(certain=False) for one in found])

    def _at(self, window: Window, wait: Wait) -> Iterator[Blocked]:
        match wait.for_:
            case "child":
                yield _blocked(window, wait, None, None, "join")._replace(of=wait.what)
            case "semaphore":
                yield from self._at_semaphore(window, wait)
            case "accept":
                yield from self._at_listener(window, wait)
            case "read" | "write":
                yield from self._at_pipe(window, wait)

    def _at_semaphore(self, window: Window, wait: Wait) -> Iterator[Blocked]:
        inode = window.semaphore_at(wait.what)
        at = self._book.by_key.get(f"sem:{inode}") if inode else None
        if at:
            thing, to = self._meaning(at)
            yield _blocked(window, wait, thing, at, to)

    def _at_pipe(self, window: Window, wait: Wait) -> Iterator[Blocked]:
        inode = window.inode_at(wait.what)
        at = self._book.find(f"pipe:{inode}") or self._book.find(f"sock:{inode}") if inode else None
        if at and inode:
            thing = self._book.outermost(at)
            whole = self._book.whole(at)
            if whole is None:
                to = "recv" if wait.for_ == "read" else "send"
            elif wait.for_ == "read":
                to = "get"
            else:
                to = "put" if whole[0].kind is K.SIMPLE_QUEUE else "flush"
            # A child that starts has its end before it says that it is there.
            matters = wait.main and not wait.timed
            certain = not matters or self._ends.is_observed(window, wait, inode)
            yield _blocked(window, wait, thing, at, to)._replace(certain=certain)
        elif not at:
            yield from self._at_end(window, wait)

    def _at_listener(self, window: Window, wait: Wait) -> Iterator[Blocked]:
        """Whoever connects lets it go on; who that may be nobody knows."""
        for thing in self._book.held_by(window.pid):
            if thing.kind is K.LISTENER and number(thing.users[window.pid], "reader") == wait.what:
                yield _blocked(window, wait, thing, thing, "accept")._replace(holders=(), certain=False)

    def _at_end(self, window: Window, wait: Wait) -> Iterator[Blocked]:
        """A pipe or a socket that is no resource of its own; where it looks again and again, nothing of it stands."""
        if wait.brief or window.is_helper:
            return
        child = window.sentinels.get(wait.what) if wait.for_ == "read" else None
        if child in self._windows:
            # One that gives up by itself is looked at again by who called it: no wait that anybody asks about.
            if wait.main and not wait.timed:
                yield _blocked(window, wait, None, None, "join")._replace(of=child)
            return
        far = self._ends.far(window, wait)
        thing = far.thing
        if thing and thing.kind is K.MANAGER:
            # The threads of its server wait for whatever its clients ask.
            if not far.serves and wait.for_ == "read":
                yield self._calling.of(_blocked(window, wait, thing, thing, "answer"), far)
        elif wait.main and thing and far.serves and self._is_greeting(window, thing):
            yield _blocked(window, wait, thing, thing, "greet")._replace(holders=far.pids, certain=far.certain)
        elif wait.main and far.known:
            to = "connect" if far.pending else "recv" if wait.for_ == "read" else "send"
            yield _blocked(window, wait, thing, thing, to)._replace(holders=far.pids, certain=far.certain)

    def _is_greeting(self, window: Window, thing: Thing) -> bool:
        """Whether it is in accept(), and has accepted somebody: then that is who it reads from."""
        counter = self._windows.counter(thing, window.pid)
        accepts = any(wait.for_ == "accept" for wait in window.threads.waits)
        return bool(counter and counter.waits_to_get) and not accepts

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
            get = "accept" if thing.kind is K.LISTENER else "get"
            for to, since in (("put", counter.waits_to_put), (get, counter.waits_to_get)) if counter else ():
                if since:
                    yield Blocked(window.pid, self._book.outermost(thing), thing, to, True, True, since=since)


def _blocked(window: Window, wait: Wait, thing: Thing | None, at: Thing | None, to: str) -> Blocked:
    return Blocked(
        window.pid, thing, at, to, wait.main, wait.timed, alone=window.threads.alone, token=window.token(wait)
    )


def _united(found: list[Blocked]) -> Iterable[Blocked]:
    """One for each thing: who waits for one of several messages waits for any of those who could send one."""
    united: dict[tuple[str | None, int | None, str], Blocked] = {}
    for one in found:
        name = (one.thing.id if one.thing else None, one.of, one.to)
        before = united.get(name)
        if before and before.holders is not None and one.holders is not None:
            one = before._replace(holders=tuple(sorted({*before.holders, *one.holders})))  # noqa: PLW2901
        united[name] = one
    return united.values()
