"""One worker as its pool sees it: the process with its pidfd, its socket, its memory and its tasks."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from mmap import mmap
from multiprocessing.process import BaseProcess

from procession.pool.tasks.bookkeeping import Desk
from procession.pool.worker.ring import (
    ARGUMENTS,
    CURRENT,
    LIMIT,
    NONE,
    READY,
    RESULTS,
    SEGMENT_BYTES,
    WAITED,
    WAITING,
    RingReader,
    RingWriter,
    words_of,
)
from procession.pool.worker.worker import Ends

from .channel import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.facts import WorkerEnd, WorkerFacts

#: How long multiprocessing may take to say how a dead process ended.
_EXITCODE_S = 5.0
Start = Callable[[Ends], BaseProcess]


class Tether:
    """By which the workers notice that the pool's process has ended, however it did.

    An idle one watches a pidfd; a busy one is killed by a pipe (`procession.lifeline`), whose write end only we hold.
    """

    def __init__(self) -> None:
        self.pidfd = os.pidfd_open(os.getpid())
        self.read_end, self._write_end = os.pipe()

    def disown(self) -> None:
        """In a forked child: it must not keep the workers alive."""
        os.close(self._write_end)

    def close(self) -> None:
        """No worker is left."""
        for fd in (self.pidfd, self.read_end, self._write_end):
            os.close(fd)


class Worker:
    """A started worker.  ``asked`` says who asked for its end; ``seen`` and ``since``: the position that it was seen to
    execute, and since when (monotonic seconds)."""

    def __init__(self, start: Start, tether: Tether, max_tasks: int | None) -> None:
        """``start`` makes and starts the process; raises what it raises, and leaves nothing behind then."""
        ours, theirs = socket.socketpair()
        memory = -1
        try:
            memory = os.memfd_create("procession-pool", os.MFD_CLOEXEC)
            os.ftruncate(memory, SEGMENT_BYTES)
            self._memory = mmap(memory, SEGMENT_BYTES)
            self.words = words_of(self._memory)
            self.words[CURRENT] = self.words[LIMIT] = NONE
            self.process = start(Ends(theirs.fileno(), memory, tether.pidfd, tether.read_end))
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            if memory >= 0:
                os.close(memory)
        self.pidfd: int | None = None
        self.results = RingReader(self._memory, self.words, RESULTS)
        self.arguments = RingWriter(self._memory, self.words, ARGUMENTS)
        self.channel = Channel(ours.detach())
        self.desk = Desk(max_tasks)
        self.number = 0
        self.asked: str | None = None
        self.boot_error: BaseException | None = None
        self.seen = NONE
        self.since = time.monotonic()
        self.end: WorkerEnd | None = None
        self.buried = threading.Event()
        self._started_at = time.time()
        self._started = self.since

    @property
    def pid(self) -> int:
        """Its pid."""
        return self.process.pid  # type: ignore[return-value]  # it was started

    def open_pidfd(self) -> int | None:
        """By which its end is noticed; None where it has ended and was reaped already (by the forkserver)."""
        self.pidfd = _pidfd(self.process)
        return self.pidfd

    @property
    def current(self) -> int:
        """The position that it executes, or has executed last."""
        return self.words[CURRENT]

    @property
    def is_ready(self) -> bool:
        """Whether its initializer has returned."""
        return bool(self.words[READY])

    def is_clogged(self) -> bool:
        """Whether it has not taken yet what was sent."""
        return self.channel.is_full or self.arguments.is_half_full()

    def signal(self, signum: int) -> None:
        """Send a signal, unless it has ended."""
        if self.pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signum)

    def retire(self) -> None:
        """It gets nothing more and ends when it has done what it has."""
        if not self.desk.closed:
            self.desk.closed = True
            self.channel.hang_up()

    def exitcode(self) -> int | None:
        """How it ended, once it has; None where nobody can tell."""
        deadline = time.monotonic() + _EXITCODE_S
        while self.process.exitcode is None and time.monotonic() < deadline:
            # The forkserver has yet to say it, or another thread of this program is just about to reap it.
            self.process.join(0.01)
        if self.process.exitcode is not None:
            self.process.join()  # takes it off the list of active children
        return self.process.exitcode

    def close(self) -> None:
        """Give everything back that its process did not."""
        self.channel.close()
        with contextlib.suppress(BufferError):  # somebody holds a view: then it goes with that
            self.results.close()
            self.arguments.close()
            self.words.release()
            self._memory.close()
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None

    def look(self, now: float) -> None:
        """Note what it executes."""
        if (current := self.current) != self.seen:
            self.seen, self.since = current, now

    def facts(self, now: float, exitcode: int | None = None, *, ended: bool = False) -> WorkerFacts:
        """What is known about it."""
        from procession.pool.facts import WorkerFacts

        self.look(now)
        desk = self.desk
        task = desk.inflight.get(self.current)
        return WorkerFacts(
            pid=self.pid,
            name=self.process.name,
            daemon=self.process.daemon,
            exitcode=exitcode,
            sentinel=self.process.sentinel,
            state="ended" if ended else self._state(busy=task is not None),
            task=task.facts() if task else None,
            busy_s=now - self.since if task else None,
            prefetched=len(desk.inflight) - (task is not None),
            tasks_done=desk.answered,
            started_at=self._started_at,
            uptime_s=now - self._started,
            waited_s=self._waited_s(now),
        )

    def _state(self, *, busy: bool) -> Any:
        if _is_stopped(self.pid):
            return "suspended"
        if not self.is_ready:
            return "booting"
        if self.desk.closed:
            return "retiring"
        return "busy" if busy else "idle"

    def _waited_s(self, now: float) -> float:
        words = self.words
        told, since = words[WAITED], words[WAITING]
        return (told + max(int(now * 1e9) - since, 0) if since else told) / 1e9


def _pidfd(process: BaseProcess) -> int | None:
    assert process.pid is not None
    try:
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    if process.exitcode is None:
        return pidfd
    os.close(pidfd)  # it may be somebody else's by now
    return None


def _is_stopped(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] in (b"T", b"t")
    except OSError:
        return False
