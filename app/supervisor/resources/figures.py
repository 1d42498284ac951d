"""Reads the figures of everything but locks, one function for each kind, into its `Reading`.

Whatever cannot be read becomes None: a user that vanished, a look that the kernel refuses, a layout that is unknown.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from app.core.resources.book import ENDS
from app.core.resources.rates import Traffic
from app.core.resources.thing import Thing, number, text
from app.linux.pipes import Fd
from app.linux.sockets import connections
from app.records.primitives import JsonDict

from .window import Window, Windows

_VALUES, _LETTERS = 16, 80
_BARRIER = struct.Struct("<ii")
_BROKEN = -2
#: How many processes are asked for the same bytes until one answers.
_TRIES = 6


#: By inode, each with its pid.
Fds: TypeAlias = dict[int, list[tuple[int, Fd]]]


class FigureReader:
    """Reads through ``windows``."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def queue(self, thing: Thing, now: float) -> None:
        """Its counters, and the buffers of its feeders."""
        reading = thing.reading
        counted = reading.counted
        for pid in thing.users:
            page = self._windows[pid].page if pid in self._windows else None
            if pid in counted and not (page and page.changed):
                continue
            if counter := self._windows.counter(thing, pid):
                counted[pid] = (counter.puts, counter.gets)
        if counted or reading.traffic:
            reading.traffic = reading.traffic or Traffic()
            puts, gets = map(sum, zip(*counted.values(), strict=True)) if counted else (0, 0)
            reading.traffic.look(puts, gets, now)
        # Who never put has no feeder.
        feeders = [pid for pid in thing.users if pid not in counted or counted[pid][0]]
        reading.buffered = {pid: count for pid in feeders if (count := self._buffered(thing, pid)) is not None}

    def bury(self, thing: Thing, pid: int) -> None:
        """A user has ended: its page, looked at for the last time, says what it did and what it still held."""
        reading = thing.reading
        counter = self._windows.counter(thing, pid)
        reading.counted.pop(pid, None)
        if counter and reading.traffic:
            reading.traffic.add_dead(counter.puts, counter.gets)
        if counter and counter.acquired_at > max(reading.dead_owners.values(), default=0.0):
            reading.dead_owners = {pid: counter.acquired_at}

    def pipe(self, thing: Thing) -> None:
        """Unread bytes of each direction: what ``b`` has not read was sent by ``a``."""
        reading = thing.reading
        inodes = inodes_of(thing)
        reading.unread = self._unread(thing, inodes[-1]) if inodes else None
        reading.unread_back = self._unread(thing, inodes[0]) if len(inodes) == 2 else None

    def index_fds(self) -> Fds:
        """Who has which pipes and sockets, as far as fds were looked at."""
        index: Fds = {}
        for pid in sorted(self._windows):
            for inode, fds in self._windows[pid].fds.items():
                index.setdefault(inode, []).extend((pid, one) for one in fds)
        return index

    def ends(self, thing: Thing, index: Fds) -> None:
        """Who has which end: also one that got it from another process and told nothing of it."""
        reading = thing.reading
        inodes = inodes_of(thing)
        ways: dict[str, dict[int, None]] = {}
        for end, inode in zip(ENDS, inodes, strict=False):
            for pid, fd in index.get(inode, ()):
                names = [end] if len(inodes) > 1 else ["read"] * fd.reads + ["write"] * fd.writes
                for name in names:
                    ways.setdefault(name, {})[pid] = None
        reading.ends = {name: list(pids) for name, pids in ways.items()} or None
        reading.mapped_by = tuple({pid for pids in ways.values() for pid in pids})

    def values(self, thing: Thing) -> None:
        """The first values of a Value or an Array."""
        reading = thing.reading
        typecode = text(thing.facts, "typecode") or ""
        most = _LETTERS if typecode in {"c", "u"} else _VALUES
        length = number(thing.facts, "length")
        count = min(1 if length is None else length, most)
        reading.values = self._windows.first(thing, "data", lambda one, at: one.memory.values(at, typecode, count))

    def barrier(self, thing: Thing) -> None:
        """How many wait at it, and whether it is broken."""
        reading = thing.reading
        raw = self._windows.first(thing, "data", lambda one, at: one.memory.read(at, _BARRIER.size) or None) or b""
        state, count = _BARRIER.unpack(raw) if len(raw) == _BARRIER.size else (None, None)
        reading.arrived, reading.broken = count, None if state is None else state == _BROKEN

    def dictionary(self, thing: Thing) -> None:
        """Of a pool its pending work, of a manager its objects."""
        reading = thing.reading
        reading.length = self._windows.first(thing, "cache", lambda one, at: one.memory.dict_length(at))

    def pool(self, thing: Thing, wall_of_mono: float) -> None:
        """What its workers do.  ``wall_of_mono``: the wall clock when the monotonic one was 0."""
        reading = thing.reading
        self.dictionary(thing)
        running: list[JsonDict] = []
        done = reading.done_by_dead
        for pid in sorted(thing.workers):
            window = self._windows.get(pid)
            head = window.page.head if window and window.page else None
            if head:
                done += head.tasks_done
            if head and head.task is not None:
                running.append({"pid": pid, "what": head.task, "since": head.task_since + wall_of_mono})
        reading.running, reading.done = tuple(running), done

    def shared_memory(self, thing: Thing) -> None:
        """Who has it mapped, as far as mappings were looked at."""
        reading = thing.reading
        name = thing.key.removeprefix("shm:").removeprefix("/")
        family = [window for window in self._windows.values() if name in window.names]
        reading.mapped_by = tuple(sorted(window.pid for window in family))

    def listener(self, thing: Thing) -> None:
        """How many are connected."""
        reading = thing.reading
        address = text(thing.facts, "address")
        window = next((self._windows[pid] for pid in thing.users if pid in self._windows), None)
        reading.connections = connections(window.folder, address) if window and address else None

    def _buffered(self, thing: Thing, pid: int) -> int | None:
        address = number(thing.users[pid], "buffer")
        window = self._windows.get(pid)
        return window.memory.deque_length(address) if window and address is not None else None

    def _unread(self, thing: Thing, inode: int) -> int | None:
        # A few of each: of a duplex pipe that many inherited, each of them has told both ends.
        for source in (
            self._windows.told(thing, "reader"),
            self._windows.told(thing, "writer"),
            self._readers(thing, inode),
        ):
            for window, fd in islice(source, _TRIES):
                if (count := window.unread(fd, inode)) is not None:
                    return count
        return None

    def _readers(self, thing: Thing, inode: int) -> Iterator[tuple[Window, int]]:
        reading = thing.reading
        for pid in (*thing.users, *reading.mapped_by):
            window = self._windows.get(pid)
            if window:
                yield from ((window, one.fd) for one in window.fds.get(inode, ()) if one.reads)


def inodes_of(thing: Thing) -> list[int]:
    """Of the pipe, or of the two sockets of a duplex pipe."""
    keys = [thing.parts[end] for end in ENDS] if all(end in thing.parts for end in ENDS) else [thing.key]
    return [int(number) for key in keys if (number := key.partition(":")[2]).isdecimal()]
