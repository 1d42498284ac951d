"""One worker as the pool sees it: its process and pidfd, its socket, its shared memory and its tasks."""

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

from procession.pool.tasks.inbox import Inbox
from procession.pool.worker_process.main import Handles
from procession.pool.worker_process.ring import (
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

from .channel import Channel
from .supplies import Lifelines, check_descriptors, pidfd_of, set_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.facts import TaskFacts, WorkerEnd, WorkerFacts
    from procession.pool.tasks.task import Task

    from .overdue_task import OverdueTask

#: How long the forkserver may take to report the exit code of a dead process, and another thread that has reaped it.
_EXITCODE_S = 5.0
_REAPED_S = 0.05
#: What a Process has as its exit code where somebody else has taken it; as in asyncio.
_UNKNOWN = 255
Start = Callable[[Handles], BaseProcess]


class Worker:
    """A started worker.

    ``end_reason`` is set once somebody asked for its end.  ``seen`` is the position it was last seen executing, and
    ``since`` when that was first seen (monotonic seconds).
    """

    def __init__(self, start: Start, lifelines: Lifelines, max_tasks: int | None) -> None:
        """Start the process by ``start``; raises what that raises, and leaves nothing behind then."""
        check_descriptors(lifelines.pidfd)
        ours, theirs = socket.socketpair()
        memory = -1
        try:
            memory = os.memfd_create("procession-pool", os.MFD_CLOEXEC)
            set_size(memory)
            self._memory = mmap(memory, SEGMENT_BYTES)
            self.words = words_of(self._memory)
            self.words[CURRENT] = self.words[LIMIT] = NONE
            self.process = start(Handles(theirs.fileno(), memory, lifelines.pidfd, lifelines.read_end))
            #: None where it has ended, and was reaped by somebody else.
            self.pidfd = pidfd_of(self.process)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            if memory >= 0:
                os.close(memory)
        self.results = RingReader(self._memory, self.words, RESULTS)
        self.arguments = RingWriter(self._memory, self.words, ARGUMENTS)
        self.channel = Channel(ours.detach())
        self.inbox = Inbox(max_tasks)
        self.number = 0
        self.end_reason: str | None = None
        #: The task for which it is being killed: because it takes too long, or was cancelled.
        self.overdue: OverdueTask | None = None
        self.cancelled: Task | None = None
        self.boot_error: str | None = None
        self.seen = NONE
        self.since = time.monotonic()
        self.end: WorkerEnd | None = None
        self.reaped = threading.Event()
        self._started_at = time.time()
        self._started = self.since

    @property
    def pid(self) -> int:
        return self.process.pid  # type: ignore[return-value]  # it was started

    @property
    def current(self) -> int:
        """The position of the task that it executes, or executed last."""
        return self.words[CURRENT]

    @property
    def task(self) -> Task | None:
        """The task that it executes."""
        return self.inbox.inflight.get(self.current)

    def cancel(self) -> None:
        """Kill it for the task that it executes."""
        self.cancelled = self.task
        self.inbox.closed = True
        self.end_reason = "SIGKILL by the pool: its task was cancelled"
        self.signal(signal.SIGKILL)

    @property
    def is_ready(self) -> bool:
        """Whether its initializer has returned."""
        return bool(self.words[READY])

    def is_clogged(self) -> bool:
        """Whether it has yet to read what was sent before."""
        return self.channel.is_full or self.arguments.is_half_full()

    def signal(self, signum: int) -> None:
        """Send a signal; not to a worker of another user, where this process has changed its own: that hangs up."""
        if self.pidfd is not None:
            try:
                signal.pidfd_send_signal(self.pidfd, signum)
            except ProcessLookupError:
                pass
            except PermissionError:
                self.retire()

    def retire(self) -> None:
        """Send it no more tasks; it ends when it has done those that it has."""
        if not self.inbox.closed:
            self.inbox.closed = True
            self.channel.hang_up()

    def exitcode(self) -> int | None:
        """Return the exit code of the ended process; None where it cannot be found out.

        That is the case where the program ignores SIGCHLD or waits for any child itself, as with ``os.wait()``.
        """
        deadline = time.monotonic() + (_EXITCODE_S if self._is_of_forkserver else _REAPED_S)
        while self.process.exitcode is None and time.monotonic() < deadline:
            # The forkserver has yet to report it, or another thread of this program is reaping it.
            if not self._is_of_forkserver and signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
                break
            self.process.join(0.002)
        if self.process.exitcode is not None:
            self.process.join()  # removes it from multiprocessing's list of children
            return self.process.exitcode
        self._popen.returncode = _UNKNOWN
        self.process.join()
        return None

    @property
    def _popen(self) -> Any:
        return self.process._popen  # type: ignore[attr-defined]

    @property
    def _is_of_forkserver(self) -> bool:
        return getattr(self._popen, "method", None) == "forkserver"

    def close(self) -> None:
        """Close the socket, the shared memory and the pidfd."""
        self.channel.close()
        with contextlib.suppress(BufferError):  # somebody still holds a view of the memory
            self.results.close()
            self.arguments.close()
            self.words.release()
            self._memory.close()
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None

    def look(self, now: float) -> None:
        """Note which task it executes, and since when."""
        if (current := self.current) != self.seen:
            self.seen, self.since = current, now

    def facts(
        self, now: float, exitcode: int | None = None, *, ended: bool = False
    ) -> tuple[WorkerFacts, Callable[[], TaskFacts] | None]:
        """Return its facts without its task, and what returns those of the task."""
        from procession.pool.facts import WorkerFacts

        self.look(now)
        inbox = self.inbox
        task = self.task
        facts = WorkerFacts(
            pid=self.pid,
            name=self.process.name,
            daemon=self.process.daemon,
            exitcode=exitcode,
            sentinel=self.process.sentinel,
            state="ended" if ended else self._state(busy=task is not None),
            task=None,
            busy_s=now - self.since if task else None,
            prefetched=len(inbox.inflight) - (task is not None),
            tasks_done=inbox.answered,
            started_at=self._started_at,
            uptime_s=now - self._started,
            waited_s=self._waited_s(now),
        )
        return facts, task.describe() if task else None

    def _state(self, *, busy: bool) -> Any:
        if _is_stopped(self.pid):
            return "suspended"
        if not self.is_ready:
            return "booting"
        if self.inbox.closed:
            return "retiring"
        return "busy" if busy else "idle"

    def _waited_s(self, now: float) -> float:
        words = self.words
        told, since = words[WAITED], words[WAITING]
        return (told + max(int(now * 1e9) - since, 0) if since else told) / 1e9


def _is_stopped(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] in (b"T", b"t")
    except OSError:
        return False
