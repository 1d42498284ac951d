"""What is known of resources, as it is left to the supervisor after us, and taken over from the one before.

A window has the id ``wPID``, a thing its own.  `descriptor` gives what cannot be written down: the file of a semaphore,
the page of a process; what does not come over by itself is looked for again (`take_over`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from app.core.programs.handover_facts import OfThing, OfWindow, Users
from app.core.resources.book import Book
from app.core.resources.edges import Edges, LastingWait
from app.core.resources.reading import Reading
from app.core.resources.readings import LOCKS, SEMAPHORES
from app.core.resources.thing import Thing
from app.linux import proc
from app.linux.semaphores import SemaphoreFiles
from app.records.primitives import JsonDict, Now
from app.supervisor.observers.pages import Page, is_page

from .window import Window, Windows

_SHM = "/dev/shm"  # noqa: S108 - where glibc keeps semaphores, not a place for temporary files
_NAMES = 10_000
_PAGE = "/memfd:procession-page"
_FDS_EACH = 2000
#: What a lock or a wait was for a moment is not worth a line.
LASTS_S = 1.0
#: Who has a lock, since when; or who died with a place of a semaphore.
_Holder = tuple[int, float | None]


class Estate:
    """Facts about everything that the book and the windows have."""

    def __init__(
        self,
        book: Book,
        windows: Windows,
        edges: Edges,
        files: SemaphoreFiles,
    ) -> None:
        self._book, self._windows, self._edges, self._files = book, windows, edges, files
        self._holders: dict[str, _Holder] = {}
        self._waits: dict[int, list[LastingWait]] = {}
        self._shown: set[str] = set()

    def has_news(self) -> bool:
        """Whether anything was told, or is gone, since the last look."""
        return bool(self._book.touched)

    def forget_news(self) -> None:
        """Nobody is interested."""
        self._book.touched.clear()

    def look(self, now: float) -> set[str]:
        """The ids of which `fact` may tell something new: what was told, who waits, who holds a lock for a while."""
        touched, self._book.touched = self._book.touched, set()
        locks = (thing for thing in self._book.by_key.values() if thing.kind in LOCKS | SEMAPHORES)
        found = {thing.id: held for thing in locks if (held := self._holder(thing, now))}
        before, self._holders = self._holders, found
        self._waits = self._edges.lasting(LASTS_S)
        windows = {f"w{pid}" for pid in self._windows}
        gone, self._shown = self._shown - windows, windows
        changed = {key for key in before.keys() | found.keys() if before.get(key) != found.get(key)}
        return touched | windows | gone | changed

    def fact(self, key: str) -> OfThing | OfWindow | None:
        """What is to be left about it; None where there is nothing any more."""
        if key.startswith("w"):
            return self._of_window(int(key[1:]))
        thing = self._book.by_id.get(key)
        return self._of_thing(thing) if thing and thing.program else None

    def descriptor(self, key: str) -> int | None:
        """Ours of its semaphore's file, or of its page."""
        if key.startswith("w"):
            window = self._windows.get(int(key[1:]))
            return window.page.fileno() if window and window.page else None
        thing = self._book.by_id.get(key)
        file = self._files.get(thing.key) if thing else None
        return file.fileno() if file else None

    def _of_window(self, pid: int) -> OfWindow | None:
        window, program = self._windows.get(pid), self._book.programs.get(pid)
        if window is None or program is None or not window.start:
            return None
        page = window.page
        return OfWindow(
            program=program,
            pid=pid,
            start=window.start,
            page=page.inode if page else None,
            joins=window.joins,
            waits=tuple(self._waits.get(pid, ())),
            sentinels=tuple(window.sentinels.items()),
            is_helper=window.is_helper,
        )

    def _of_thing(self, thing: Thing) -> OfThing:
        reading = thing.reading
        holder, since = self._holders.get(thing.id) or (None, None)
        return OfThing(
            program=thing.program or "",
            id=thing.id,
            key=thing.key,
            kind=thing.kind,
            name=thing.name,
            told=thing.reported_name,
            nth=thing.nth,
            created_by=thing.created_by,
            created_at=thing.created_at,
            parts=thing.parts,
            facts=thing.facts,
            users=_grouped(thing.users),
            workers=tuple(sorted(thing.workers)),
            deaths=thing.deaths,
            holder=holder,
            since=since,
            dead_owners=reading.dead_owners,
            done_by_dead=reading.done_by_dead,
        )

    def _holder(self, thing: Thing, now: float) -> _Holder | None:
        reading = thing.reading
        if thing.kind in SEMAPHORES:
            return None if reading.slots.dead is None else (reading.slots.dead, None)
        holding = reading.holding
        if holding.last is None or holding.since is None or now - holding.since < LASTS_S:
            return None
        return holding.last, holding.since

    # From the one before

    def take_over(
        self, windows: Iterable[OfWindow], things: Iterable[OfThing], descriptors: Sequence[int], now: Now
    ) -> None:
        """Know again what of this still is there; the ``descriptors`` are ours from now on."""
        pages = {os.fstat(fd).st_ino: fd for fd in descriptors if is_page(fd)}
        known_pages = set(pages.values())
        others = [fd for fd in descriptors if fd not in known_pages]
        for window in windows:
            self._open(window, pages, now.wall)
        known = sorted(things, key=lambda one: int(one.id[1:]))
        self._find_semaphores({one.key for one in known if one.key.startswith("sem:")}, others)
        for fd in (*pages.values(), *others):
            os.close(fd)
        for thing in known:
            self._enter(thing, now.mono)

    def _open(self, one: OfWindow, pages: dict[int, int], wall: float) -> None:
        window = self._windows[one.pid] = Window(one.pid, one.start)
        self._book.programs[one.pid] = one.program
        if one.page is not None:
            fd = pages.pop(one.page, None)
            fd = _page_in(window.folder, one.page) if fd is None else fd
            window.page = None if fd is None else Page(fd)
        window.sentinels.update(one.sentinels)
        window.is_helper = one.is_helper
        window.joins = one.joins
        self._edges.take_over(one.pid, one.waits, wall)

    def _find_semaphores(self, keys: set[str], descriptors: list[int]) -> None:
        """Those that came over, and those that still have a name; of the others the memory of their users tells."""
        self._files.take(descriptors, keys)
        named = _named(missing) if (missing := keys - self._files.keys()) else []
        self._files.take(named, keys)
        for fd in named:
            os.close(fd)

    def _enter(self, one: OfThing, now: float) -> None:
        users = {pid: group.facts for group in one.users for pid in group.pids}
        living = {pid: facts for pid, facts in users.items() if pid in self._windows}
        thing = Thing(
            id=one.id,
            key=one.key,
            kind=one.kind,
            name=one.name,
            reported_name=one.told,
            nth=one.nth,
            program=one.program,
            created_by=one.created_by,
            created_at=one.created_at,
            parts=dict(one.parts),
            facts=dict(one.facts),
            workers={pid for pid in one.workers if pid in self._windows},
            # Who died while nobody looked has taken along what it held.
            deaths=one.deaths + len(users) - len(living),
        )
        reading = thing.reading = Reading(dead_owners=dict(one.dead_owners), done_by_dead=one.done_by_dead)
        if one.holder is not None and one.since is not None:
            reading.holding.held_by(one.holder, one.since)
        elif one.kind in SEMAPHORES:
            reading.slots.dead = one.holder
        self._book.take_over(thing, living, now)
        for pid, facts in living.items():
            window, slot = self._windows[pid], facts.get("counters")
            if window.page and isinstance(slot, int):
                window.page.need(slot)


def _grouped(users: Mapping[int, JsonDict]) -> tuple[Users, ...]:
    """After a fork the facts of all are the very same object."""
    groups: dict[int, tuple[JsonDict, list[int]]] = {}
    for pid, facts in users.items():
        groups.setdefault(id(facts), (facts, []))[1].append(pid)
    return tuple(Users(facts, tuple(pids)) for facts, pids in groups.values())


def _page_in(folder: str, inode: int) -> int | None:
    """The page of a process, opened through its own descriptor of it; None where it may not be looked at."""
    for name in proc.names(f"{folder}/fd")[:_FDS_EACH]:
        if not proc.link(f"{folder}/fd/{name}").startswith(_PAGE):
            continue
        with contextlib.suppress(OSError):
            fd = os.open(f"/proc/{folder}/fd/{name}", os.O_RDONLY | os.O_CLOEXEC)
            if os.fstat(fd).st_ino == inode and is_page(fd):
                return fd
            os.close(fd)
    return None


def _named(keys: set[str]) -> list[int]:
    """The files of semaphores that have a name still: those of spawn and forkserver."""
    found = []
    with contextlib.suppress(OSError), os.scandir(_SHM) as entries:
        for entry in islice(entries, _NAMES):
            if entry.name.startswith("sem.") and f"sem:{entry.inode()}" in keys:
                with contextlib.suppress(OSError):
                    found.append(os.open(entry.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK))
    return found
