"""Find which resource a thread waits for: the address of a semaphore becomes "waits to put into queue jobs".

What a wait means depends on what the semaphore is part of: the ``sem`` of a queue counts its free slots, and a reader
of the queue holds its ``rlock``; a socket may carry a call on a manager's proxy.  If the system calls of a process may
not be read, its page still says that it has begun to put or to get, but not whether with a timeout: then the wait
counts as timed, and is never part of a deadlock.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from app.core.resources.blocked import Blocked
from app.core.resources.book import Book
from app.core.resources.readings import QUEUES
from app.core.resources.thing import Thing, number
from app.linux.thread_waits import Wait
from app.records.resource import ResourceKind

from .managers import ManagerCalls
from .peers import PeerFinder
from .process_view import ProcessView, ProcessViews

K = ResourceKind
#: A process that waits for more than so many things at once is a server.
_MAX_ALTERNATIVES = 64
#: Who tries to get once a second, or more often, polls.
_POLLS_S = 1.0
_OF_QUEUES = {"sem": "put", "rlock": "get", "wlock": "flush"}
_OF_CONDITIONS = {"wait": "wait", "woken": "notify", "lock": "acquire"}


class WaitFinder:
    """Finds the things that processes wait for."""

    def __init__(self, book: Book, views: ProcessViews, peers: PeerFinder, calls: ManagerCalls) -> None:
        self._book, self._views = book, views
        self._peers, self._calls = peers, calls

    def of(self, view: ProcessView) -> Iterator[Blocked]:
        """Yield the waits of one process, as last read."""
        for _, alternatives in groupby(view.threads.waits, key=lambda wait: wait.tid):
            yield from self._of_thread(view, list(alternatives))
        if view.memory.refused:
            yield from self._by_page(view)
        else:
            yield from self._polls(view)

    def _of_thread(self, view: ProcessView, waits: list[Wait]) -> Iterable[Blocked]:
        """Return the waits of a thread: several if it waits for whichever ends first, not certain if one is unknown."""
        told = [list(self._at(view, wait)) for wait in waits[:_MAX_ALTERNATIVES]]
        found = [one for of_wait in told for one in of_wait]
        if len(waits) > 1:
            found = [one._replace(to="end") if one.to == "join" else one for one in found]
            # One of several descriptors that leads out of the program may be meant for anything.
            found = [one._replace(certain=one.certain and one.to != "output") for one in found]
        if len(told) == len(waits) and all(told) and all(one.certain for one in found):
            return _united(found)
        return _united([one._replace(certain=False) for one in found])

    def _at(self, view: ProcessView, wait: Wait) -> Iterator[Blocked]:
        match wait.for_:
            case "child":
                to = "join" if wait.what in self._views else "end"
                yield _blocked(view, wait, None, None, to)._replace(of=wait.what)
            case "thread":
                yield _blocked(view, wait, None, None, "thread")._replace(holders=(view.pid,))
            case "semaphore":
                yield from self._at_semaphore(view, wait)
            case "accept":
                yield from self._at_listener(view, wait)
            case "read" | "write":
                yield from self._at_pipe(view, wait)

    def _at_semaphore(self, view: ProcessView, wait: Wait) -> Iterator[Blocked]:
        inode = view.semaphore_at(wait.what)
        at = self._book.by_key.get(f"sem:{inode}") if inode else None
        if at:
            thing, to = self._meaning(at)
            yield _blocked(view, wait, thing, at, to)

    def _at_pipe(self, view: ProcessView, wait: Wait) -> Iterator[Blocked]:
        inode = view.inode_at(wait.what)
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
            # A child that is starting has its end of the pipe before its first report.
            certain = wait.timed or self._peers.is_observed(view, wait, inode)
            yield _blocked(view, wait, thing, at, to)._replace(certain=certain)
        elif not at:
            yield from self._at_end(view, wait)

    def _at_listener(self, view: ProcessView, wait: Wait) -> Iterator[Blocked]:
        """Yield a wait in accept(); any process may connect, so no holder is known."""
        for thing in self._book.held_by(view.pid):
            if thing.kind is K.LISTENER and number(thing.users[view.pid], "reader") == wait.what:
                yield _blocked(view, wait, thing, thing, "accept")._replace(holders=(), certain=False)

    def _at_end(self, view: ProcessView, wait: Wait) -> Iterator[Blocked]:
        """Yield a wait for a pipe or socket that is no resource; not one that is brief, because the caller polls."""
        if wait.brief or view.is_helper:
            return
        child = view.sentinels.get(wait.what) if wait.for_ == "read" else None
        if child in self._views:
            # A join with a timeout is not shown: its caller polls.
            if not wait.timed:
                yield _blocked(view, wait, None, None, "join")._replace(of=child)
            return
        peer = self._peers.peer(view, wait)
        thing = peer.thing
        if thing and thing.kind is K.MANAGER:
            # The threads of the server itself wait for requests.
            if not peer.serves and wait.for_ == "read":
                yield self._calls.resolve(_blocked(view, wait, thing, thing, "answer"), peer)
        elif wait.main and thing and peer.serves and self._is_greeting(view, thing):
            yield _blocked(view, wait, thing, thing, "greet")._replace(
                holders=peer.able(view.pid), certain=peer.certain
            )
        elif peer.known:
            to = "connect" if peer.pending else "recv" if wait.for_ == "read" else "send"
            yield _blocked(view, wait, thing, thing, to)._replace(holders=peer.able(view.pid), certain=peer.certain)
        elif peer.pids and wait.for_ == "read" and not wait.timed:
            yield _blocked(view, wait, None, None, "output")._replace(holders=peer.able(view.pid), certain=peer.certain)

    def _is_greeting(self, view: ProcessView, thing: Thing) -> bool:
        """Return whether it is in Listener.accept() after the connection: then it reads the client's challenge."""
        counter = self._views.counter(thing, view.pid)
        accepts = any(wait.for_ == "accept" for wait in view.threads.waits)
        return bool(counter and counter.waits_to_get) and not accepts

    def _meaning(self, at: Thing) -> tuple[Thing, str]:
        """Return the resource that a semaphore belongs to, and what waiting for it means there."""
        whole = self._book.whole(at)
        if whole is None:
            return at, "acquire"
        above, part = whole
        if above.kind in QUEUES:
            to = "put" if part == "wlock" and above.kind is K.SIMPLE_QUEUE else _OF_QUEUES.get(part, "acquire")
            return self._book.outermost(above), to
        if above.kind is K.CONDITION:
            to = _OF_CONDITIONS.get(part, "acquire")
            # The lock of a condition has a holder, as any lock has.
            return (at, to) if part == "lock" else (self._book.outermost(above), to)
        return at, "acquire"

    def _by_page(self, view: ProcessView) -> Iterator[Blocked]:
        for thing in self._book.held_by(view.pid):
            counter = self._views.counter(thing, view.pid)
            get = "accept" if thing.kind is K.LISTENER else "get"
            for to, since in (("put", counter.waits_to_put), (get, counter.waits_to_get)) if counter else ():
                if since:
                    yield Blocked(view.pid, self._book.outermost(thing), thing, to, True, True, since=since)

    def _polls(self, view: ProcessView) -> Iterator[Blocked]:
        """Yield a wait with a timeout for each queue from which a process has just tried to get, in vain."""
        now = view.waits_at or 0.0
        for thing in self._book.held_by(view.pid):
            counter = self._views.counter(thing, view.pid) if thing.kind in QUEUES else None
            if counter and 0 <= now - view.failed_get_at(thing.key, counter) < _POLLS_S and not counter.waits_to_get:
                whole = self._book.outermost(thing)
                yield Blocked(view.pid, whole, thing, "get", main=True, timed=True, token=counter.gets)


def _blocked(view: ProcessView, wait: Wait, thing: Thing | None, at: Thing | None, to: str) -> Blocked:
    return Blocked(
        view.pid, thing, at, to, wait.main, wait.timed, alone=view.threads.alone, token=view.token(wait), tid=wait.tid
    )


def _united(found: list[Blocked]) -> Iterable[Blocked]:
    """Merge the waits of a thread for the same thing: any of their holders could end the wait."""
    united: dict[tuple[str | None, int | None, str], Blocked] = {}
    for one in found:
        name = (one.thing.id if one.thing else None, one.of, one.to)
        before = united.get(name)
        if before and before.holders is not None and one.holders is not None:
            one = before._replace(holders=tuple(sorted({*before.holders, *one.holders})))  # noqa: PLW2901
        united[name] = one
    return united.values()
