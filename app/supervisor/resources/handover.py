"""Hand resources over to the next supervisor, and take them over from the previous one.

A process view has the id ``wPID``, a thing its own.  `descriptor` returns what cannot be written down: the file of a
semaphore, the page of a process; `take_over` searches for those that were not handed over.
"""

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
from app.records.guard import Guarding
from app.records.primitives import JsonDict, Now
from app.supervisor.observers.pages import Page, is_page

from .process_view import ProcessView, ProcessViews

_SHM = "/dev/shm"  # noqa: S108 - where glibc keeps semaphores, not a place for temporary files
_MAX_NAMES = 10_000
_PAGE = "/memfd:procession-page"
_MAX_FDS = 2000
#: Shorter holds and waits are not handed over.
LASTS_S = 1.0
#: Fields that a thing and its fact have both.
_SAME = ("id", "key", "kind", "name", "nth", "created_by", "created_at")
#: The pid that holds a lock, and since when; or that died after it had acquired a semaphore.
_Holder = tuple[int, float | None]


class ResourceHandover:
    """Returns the facts about things and process views that the next supervisor needs."""

    def __init__(self, book: Book, views: ProcessViews, edges: Edges, files: SemaphoreFiles, guard: Guarding) -> None:
        self._guard = guard
        self._book, self._views, self._edges, self._files = book, views, edges, files
        self._holders: dict[str, _Holder] = {}
        self._waits: dict[int, list[LastingWait]] = {}
        self._shown: set[str] = set()

    def has_news(self) -> bool:
        """Return whether anything was reported, or has gone, since the last look."""
        return bool(self._book.touched)

    def forget_news(self) -> None:
        """Drop what is new: there is nothing to hand over."""
        self._book.touched.clear()

    def look(self, now: float) -> set[str]:
        """Return the ids whose `fact` may have changed: by a report, a wait, or a lock that is held for a while."""
        touched, self._book.touched = self._book.touched, set()
        locks = (thing for thing in self._book.by_key.values() if thing.kind in LOCKS | SEMAPHORES)
        found = {thing.id: held for thing in locks if (held := self._holder(thing, now))}
        before, self._holders = self._holders, found
        self._waits = self._edges.lasting(LASTS_S)
        views = {f"w{pid}" for pid in self._views}
        gone, self._shown = self._shown - views, views
        changed = {key for key in before.keys() | found.keys() if before.get(key) != found.get(key)}
        return touched | views | gone | changed

    def fact(self, key: str) -> OfThing | OfWindow | None:
        """Return the fact with that id; None if there is nothing any more."""
        if key.startswith("w"):
            return self._of_window(int(key[1:]))
        thing = self._book.by_id.get(key)
        return self._of_thing(thing) if thing and thing.program else None

    def descriptor(self, key: str) -> int | None:
        """Return our descriptor of a semaphore's file, or of a process's page; None if there is none."""
        if key.startswith("w"):
            view = self._views.get(int(key[1:]))
            return view.page.fileno() if view and view.page else None
        thing = self._book.by_id.get(key)
        file = self._files.get(thing.key) if thing else None
        return file.fileno() if file else None

    def _of_window(self, pid: int) -> OfWindow | None:
        view, program = self._views.get(pid), self._book.programs.get(pid)
        if view is None or program is None or not view.start:
            return None
        page, reach = view.page, self._book.reach
        return OfWindow(
            program=program,
            pid=pid,
            start=view.start,
            page=page.inode if page else None,
            joins=view.joins,
            waits=tuple(self._waits.get(pid, ())),
            sentinels=tuple(view.sentinels.items()),
            is_helper=view.is_helper,
            reach=_sorted(reach.processes.get(pid)),
            reach_of_threads={tid: tuple(sorted(keys)) for tid, keys in reach.threads.get(pid, {}).items()},
            thread_names=reach.names.get(pid, {}),
            alarm=reach.alarms.get(pid, 0.0),
            reach_of_handlers={number: _sorted(keys) for number, keys in reach.handlers.get(pid, {}).items()},
        )

    def _of_thing(self, thing: Thing) -> OfThing:
        reading = thing.reading
        holder, since = self._holders.get(thing.id) or (None, None)
        return OfThing(
            **{name: getattr(thing, name) for name in _SAME},
            program=thing.program or "",
            told=thing.reported_name,
            parts=thing.parts,
            facts=thing.facts,
            users=_grouped(thing.users),
            workers=tuple(sorted(thing.workers)),
            deaths=thing.deaths,
            used_by=tuple(sorted(thing.used_by)),
            ended_users=tuple(thing.ended_users),
            holder=holder,
            since=since,
            dead_owners=reading.dead_owners,
            done_by_dead=reading.done_by_dead,
        )

    def _holder(self, thing: Thing, now: float) -> _Holder | None:
        reading = thing.reading
        if thing.kind in SEMAPHORES:
            dead = reading.slots.dead
            return None if dead is None else (dead, None)
        holding = reading.holding
        if holding.last is None or holding.since is None or now - holding.since < LASTS_S:
            return None
        return holding.last, holding.since

    # From the previous supervisor

    def take_over(
        self, views: Iterable[OfWindow], things: Iterable[OfThing], descriptors: Sequence[int], now: Now
    ) -> None:
        """Restore what still exists; the ``descriptors`` are owned from now on."""
        pages = {os.fstat(fd).st_ino: fd for fd in descriptors if is_page(fd)}
        known_pages = set(pages.values())
        others = [fd for fd in descriptors if fd not in known_pages]
        for view in views:
            with self._guard.over("processes to take over"):
                self._open(view, pages, now.wall)
        known = sorted(things, key=lambda one: int(one.id[1:]))
        self._find_semaphores({one.key for one in known if one.key.startswith("sem:")}, others)
        for fd in (*pages.values(), *others):
            os.close(fd)
        for thing in known:
            with self._guard.over("resources to take over"):
                self._enter(thing, now.mono)

    def _open(self, one: OfWindow, pages: dict[int, int], wall: float) -> None:
        view = self._views[one.pid] = ProcessView(one.pid, one.start)
        self._book.programs[one.pid] = one.program
        if one.page is not None:
            fd = pages.pop(one.page, None)
            fd = _page_in(view.folder, one.page) if fd is None else fd
            view.page = None if fd is None else Page(fd)
        view.sentinels.update(one.sentinels)
        view.is_helper = one.is_helper
        view.joins = one.joins
        reach = self._book.reach
        if one.reach is not None:
            reach.processes[one.pid] = frozenset(one.reach)
        reach.threads[one.pid] = {tid: frozenset(keys) for tid, keys in one.reach_of_threads.items()}
        reach.names[one.pid] = dict(one.thread_names)
        reach.alarms[one.pid] = one.alarm
        reach.handlers[one.pid] = {
            number: None if keys is None else frozenset(keys) for number, keys in one.reach_of_handlers.items()
        }
        self._edges.take_over(one.pid, one.waits, wall)

    def _find_semaphores(self, keys: set[str], descriptors: list[int]) -> None:
        """Take the semaphores handed over, and those with a name; the others are read from their users' memory."""
        self._files.take(descriptors, keys)
        named = _named(missing) if (missing := keys - self._files.keys()) else []
        self._files.take(named, keys)
        for fd in named:
            os.close(fd)

    def _enter(self, one: OfThing, now: float) -> None:
        users = {pid: group.facts for group in one.users for pid in group.pids}
        living = {pid: facts for pid, facts in users.items() if pid in self._views}
        thing = Thing(
            **{name: getattr(one, name) for name in _SAME},
            reported_name=one.told,
            program=one.program,
            parts=dict(one.parts),
            facts=dict(one.facts),
            workers={pid for pid in one.workers if pid in self._views},
            # Users that died while no supervisor ran may have held it.
            deaths=one.deaths + len(users) - len(living),
            used_by=set(one.used_by),
            ended_users=[*one.ended_users, *(pid for pid in users if pid not in living)],
        )
        reading = thing.reading = Reading(dead_owners=dict(one.dead_owners), done_by_dead=one.done_by_dead)
        if one.holder is not None and one.since is not None:
            reading.holding.held_by(one.holder, one.since)
        elif one.kind in SEMAPHORES and one.holder is not None:
            reading.slots.taken[one.holder] = 1
        self._book.take_over(thing, living, now)
        for pid, facts in living.items():
            view, slot = self._views[pid], facts.get("counters")
            if view.page and isinstance(slot, int):
                view.page.need(slot)


def _sorted(keys: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if keys is None else tuple(sorted(keys))


def _grouped(users: Mapping[int, JsonDict]) -> tuple[Users, ...]:
    """Return the users grouped by facts: after a fork they share the same object."""
    groups: dict[int, tuple[JsonDict, list[int]]] = {}
    for pid, facts in users.items():
        groups.setdefault(id(facts), (facts, []))[1].append(pid)
    return tuple(Users(facts, tuple(pids)) for facts, pids in groups.values())


def _page_in(folder: str, inode: int) -> int | None:
    """Open the page of a process through that process's own descriptor; return None if that is not permitted."""
    for name in proc.names(f"{folder}/fd")[:_MAX_FDS]:
        if not proc.link(f"{folder}/fd/{name}").startswith(_PAGE):
            continue
        with contextlib.suppress(OSError):
            fd = os.open(f"/proc/{folder}/fd/{name}", os.O_RDONLY | os.O_CLOEXEC)
            if os.fstat(fd).st_ino == inode and is_page(fd):
                return fd
            os.close(fd)
    return None


def _named(keys: set[str]) -> list[int]:
    """Open the files of semaphores that still have a name: those made under spawn and forkserver."""
    found = []
    with contextlib.suppress(OSError), os.scandir(_SHM) as entries:
        for entry in islice(entries, _MAX_NAMES):
            if entry.name.startswith("sem.") and f"sem:{entry.inode()}" in keys:
                with contextlib.suppress(OSError):
                    found.append(os.open(entry.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK))
    return found
