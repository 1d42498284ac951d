"""Read the figures of every resource except locks into its `Reading`, one method for each kind.

What cannot be read becomes None: the process has ended, the kernel does not permit it, or the layout is unknown.
"""

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

from .process_view import ProcessView, ProcessViews

#: Values of a Value or an Array that are shown, and characters of one of characters.
_MAX_VALUES, _MAX_CHARACTERS = 16, 80
_BARRIER = struct.Struct("<ii")
_BROKEN = -2
#: Processes that are tried, one after the other, to read the bytes of a pipe.
_MAX_TRIES = 6

#: (pid, fd) by the inode of a pipe or socket.
Fds: TypeAlias = dict[int, list[tuple[int, Fd]]]


class FigureReader:
    """Reads through ``views``."""

    def __init__(self, views: ProcessViews) -> None:
        self._views = views

    def queue(self, thing: Thing, now: float) -> None:
        """Read a queue's counters, and the buffers of its feeder threads."""
        reading = thing.reading
        counted = reading.counted
        for pid in thing.users:
            page = self._views[pid].page if pid in self._views else None
            if pid in counted and not (page and page.changed):
                continue
            if counter := self._views.counter(thing, pid):
                counted[pid] = (counter.puts, counter.gets)
                if counter.puts or counter.gets:
                    thing.used_by.add(pid)
        if counted or reading.traffic:
            reading.traffic = reading.traffic or Traffic()
            puts, gets = map(sum, zip(*counted.values(), strict=True)) if counted else (0, 0)
            reading.traffic.look(puts, gets, now)
        # A process that never put has no feeder thread.
        feeders = [pid for pid in thing.users if pid not in counted or counted[pid][0]]
        reading.buffered = {pid: count for pid in feeders if (count := self._buffered(thing, pid)) is not None}

    def keep_counts(self, thing: Thing, pid: int) -> None:
        """Keep what the page of a user that has ended counted, and whether it still held the lock."""
        reading = thing.reading
        counter = self._views.counter(thing, pid)
        reading.counted.pop(pid, None)
        if counter and (counter.puts or counter.gets):
            thing.did_not_end(pid, *(() if counter.puts else ("get",)), *(() if counter.gets else ("put", "flush")))
            # It may have ended before the first look.
            reading.traffic = reading.traffic or Traffic()
            reading.traffic.add_dead(counter.puts, counter.gets)
        if counter and counter.acquired_at > max(reading.dead_owners.values(), default=0.0):
            reading.dead_owners = {pid: counter.acquired_at}

    def pipe(self, thing: Thing) -> None:
        """Read the unread bytes in each direction: what ``b`` has not read was sent by ``a``."""
        reading = thing.reading
        inodes = inodes_of(thing)
        reading.unread = self._unread(thing, inodes[-1]) if inodes else None
        reading.unread_back = self._unread(thing, inodes[0]) if len(inodes) == 2 else None

    def index_fds(self) -> Fds:
        """Return the pipes and sockets of all processes, as last read."""
        index: Fds = {}
        for pid in sorted(self._views):
            for inode, fds in self._views[pid].fds.items():
                index.setdefault(inode, []).extend((pid, one) for one in fds)
        return index

    def ends(self, thing: Thing, index: Fds) -> None:
        """Find who has which end of a pipe, including processes that received it without a report.

        A user whose fds were not read since may have both ends.
        """
        reading = thing.reading
        inodes = inodes_of(thing)
        ways: dict[str, dict[int, None]] = {}
        for end, inode in zip(ENDS, inodes, strict=False):
            for pid, fd in index.get(inode, ()):
                names = [end] if len(inodes) > 1 else ["read"] * fd.reads + ["write"] * fd.writes
                for name in names:
                    ways.setdefault(name, {})[pid] = None
        for pid in thing.users if ways else ():
            if (view := self._views.get(pid)) and view.fds_are_old:
                for name in ENDS if len(inodes) > 1 else ("read", "write"):
                    ways.setdefault(name, {})[pid] = None
        reading.ends = {name: list(pids) for name, pids in ways.items()} or None
        reading.mapped_by = tuple({pid for pids in ways.values() for pid in pids})

    def values(self, thing: Thing) -> None:
        """Read the first values of a Value or an Array."""
        reading = thing.reading
        typecode = text(thing.facts, "typecode") or ""
        most = _MAX_CHARACTERS if typecode in {"c", "u"} else _MAX_VALUES
        length = number(thing.facts, "length")
        count = min(1 if length is None else length, most)
        reading.values = self._views.first(thing, "data", lambda one, at: one.memory.values(at, typecode, count))

    def barrier(self, thing: Thing) -> None:
        """Read how many processes have arrived at a barrier, and whether it is broken."""
        reading = thing.reading
        raw = self._views.first(thing, "data", lambda one, at: one.memory.read(at, _BARRIER.size) or None) or b""
        state, count = _BARRIER.unpack(raw) if len(raw) == _BARRIER.size else (None, None)
        reading.arrived, reading.broken = count, None if state is None else state == _BROKEN

    def dictionary(self, thing: Thing) -> None:
        """Read the number of a pool's pending jobs, or of a manager's objects."""
        reading = thing.reading
        reading.length = self._views.first(thing, "cache", lambda one, at: one.memory.dict_length(at))

    def pool(self, thing: Thing, wall_of_mono: float) -> None:
        """Read what a pool's workers do.  ``wall_of_mono``: the wall clock when the monotonic one was 0."""
        reading = thing.reading
        self.dictionary(thing)
        running: list[JsonDict] = []
        done = reading.done_by_dead
        for pid in sorted(thing.workers):
            view = self._views.get(pid)
            head = view.page.head if view and view.page else None
            if head:
                done += head.tasks_done
            if head and head.task is not None:
                running.append({"pid": pid, "what": head.task, "since": head.task_since + wall_of_mono})
        reading.running, reading.done = tuple(running), done

    def shared_memory(self, thing: Thing) -> None:
        """Find who has a shared memory block mapped, by the mappings as last read."""
        reading = thing.reading
        name = thing.key.removeprefix("shm:").removeprefix("/")
        mapping = [view for view in self._views.values() if name in view.names]
        reading.mapped_by = tuple(sorted(view.pid for view in mapping))
        reading.unlinked = bool(mapping) and all(name in view.mappings.unlinked() for view in mapping)

    def listener(self, thing: Thing) -> None:
        """Read how many clients are connected."""
        reading = thing.reading
        address = text(thing.facts, "address")
        view = next((self._views[pid] for pid in thing.users if pid in self._views), None)
        reading.connections = connections(view.folder, address) if view and address else None

    def _buffered(self, thing: Thing, pid: int) -> int | None:
        address = number(thing.users[pid], "buffer")
        view = self._views.get(pid)
        return view.memory.deque_length(address) if view and address is not None else None

    def _unread(self, thing: Thing, inode: int) -> int | None:
        # A few of each: if many processes inherited a duplex pipe, each of them has reported both ends.
        for source in (
            self._views.reported(thing, "reader"),
            self._views.reported(thing, "writer"),
            self._readers(thing, inode),
        ):
            for view, fd in islice(source, _MAX_TRIES):
                if (count := view.unread(fd, inode)) is not None:
                    return count
        return None

    def _readers(self, thing: Thing, inode: int) -> Iterator[tuple[ProcessView, int]]:
        reading = thing.reading
        for pid in (*thing.users, *reading.mapped_by):
            view = self._views.get(pid)
            if view:
                yield from ((view, one.fd) for one in view.fds.get(inode, ()) if one.reads)


def inodes_of(thing: Thing) -> list[int]:
    """Return the inode of a pipe, or of the two sockets of a duplex pipe."""
    keys = [thing.parts[end] for end in ENDS] if all(end in thing.parts for end in ENDS) else [thing.key]
    return [int(number) for key in keys if (number := key.partition(":")[2]).isdecimal()]
