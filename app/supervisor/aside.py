"""Do what may wait for a disk, or takes long, in a process of its own: the loop waits for nothing but its epoll.

::

    run(token, work) ──fork──▶ work() ──JSON, or a refusal──▶ pipe ──▶ finished: (token, Done | Refused)

A path of a user may be on a file server that is away, a search may read the whole journal.  The forked process has our
memory, so the work may be any function; it closes every descriptor but its pipe, or it would keep alive what our end
should end.  One that has not answered in time, its wait for its turn included, is killed.

A process that hangs on a dead file server does not die before that answers.  Such processes are limited for each kind
of request, so that looks at paths of a user cannot take the places of answers from the journal.
"""

import os
import signal
import traceback
from collections import deque
from collections.abc import Callable
from typing import Generic, NoReturn, TypeAlias, TypeVar

from msgspec import Struct

from app.linux import lifeline
from app.linux.poller import Poller
from app.protocol.control import Refused, decode_answer, encode, refuse
from app.records.errors import NotPossible, ProcessionError
from app.standard_error import say

#: For a look at a path, and for an answer that takes computing: clients wait for 15 s.
LOOK_WITHIN_S = 5.0
ANSWER_WITHIN_S = 14.0
#: Processes at one time; other requests wait.
MAX_RUNNING = 8
#: With those that were killed and are not dead, for one kind of request.
MAX_PROCESSES = 16
MAX_WAITING = 200
_CHUNK = 65536
_MAX_FD = 1 << 20
#: Pause between two attempts to reap; it doubles while a process does not die.
_REAP_S, _REAP_MAX_S = 0.01, 1.0
#: The loop has priority.
_NICE = 5

#: A function that returns JSON, or a command that writes ``+`` and JSON, or ``-`` and a refusal.
Work: TypeAlias = Callable[[], bytes] | tuple[str, ...]

T = TypeVar("T")


class ToLaunch(Struct, frozen=True):
    """A launch that is planned aside."""

    client: int
    request: int
    by: str
    count: int = 1


class ToAnswer(Struct, frozen=True):
    """A question that is answered aside."""

    client: int
    request: int


#: What the loop gives to be done aside.
Token = ToLaunch | ToAnswer


class Done(Struct, frozen=True):
    """The JSON that the work returned."""

    payload: bytes


class _Task(Struct, Generic[T]):
    token: T
    work: Work
    late: Refused
    until: float
    pid: int = 0
    fd: int = -1
    received: bytes = b""


class Aside(Generic[T]):
    """Runs functions aside, and puts one (token, result) into ``finished`` for each, whatever happens."""

    def __init__(self, poller: Poller) -> None:
        self.finished: deque[tuple[T, Done | Refused]] = deque()
        self._poller = poller
        self._waiting: deque[_Task[T]] = deque()
        self._running: dict[int, _Task[T]] = {}
        # The kind of request of each process that is not reaped yet, by pid.
        self._ended: dict[int, type] = {}
        self._reaped_at, self._pause_s = 0.0, _REAP_S

    def run(self, token: T, work: Work, late: ProcessionError, within_s: float, now: float) -> None:
        """Run ``work``; its result is ``late`` after ``within_s``.  Raises `NotPossible` if too many wait."""
        if len(self._waiting) >= MAX_WAITING:
            raise NotPossible(f"too many requests are waiting for a disk: the limit is {MAX_WAITING}")
        self._waiting.append(_Task(token, work, refuse(0, late), now + within_s))
        self.tick(now)

    def tick(self, now: float) -> None:
        """Start what waits, end what is late, reap what has ended."""
        for task in [task for task in self._running.values() if task.until <= now]:
            self._kill(task)
        self._ended = {pid: kind for pid, kind in self._ended.items() if not _reaped(pid)}
        if now >= self._reaped_at + self._pause_s:
            self._reaped_at, self._pause_s = now, min(2 * self._pause_s, _REAP_MAX_S)
        for task in tuple(self._waiting):
            if task.until <= now:
                self._waiting.remove(task)
                self.finished.append((task.token, task.late))
            elif self._has_room(task):
                self._waiting.remove(task)
                self._start(task)

    def next_deadline(self) -> float | None:
        """Return when `tick` is to be called."""
        deadlines = [task.until for task in (*self._running.values(), *self._waiting)]
        return min((*deadlines, *([self._reaped_at + self._pause_s] if self._ended else [])), default=None)

    def pids(self) -> tuple[int, ...]:
        """Return the processes of ours that work aside."""
        return (*(task.pid for task in self._running.values()), *self._ended)

    def close(self) -> None:
        """Kill what still works."""
        for task in tuple(self._running.values()):
            self._kill(task)

    def _has_room(self, task: _Task[T]) -> bool:
        running, dying = len(self._running), sum(kind is type(task.token) for kind in self._ended.values())
        return running < MAX_RUNNING and running + dying < MAX_PROCESSES

    def _start(self, task: _Task[T]) -> None:
        parent = os.getpid()
        pipe: tuple[int, ...] = ()
        try:
            reading, writing = pipe = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            task.pid = os.fork()
        except OSError as error:
            for fd in pipe:
                os.close(fd)
            refusal = NotPossible(f"no process could be started for this request: {error.strerror}")
            self.finished.append((task.token, refuse(0, refusal)))
            return
        if task.pid == 0:
            _work(task.work, writing, parent)
        os.close(writing)
        task.fd = reading
        self._running[reading] = task
        self._poller.watch(reading, lambda _events: self._read(task), close=lambda: self._kill(task))

    def _read(self, task: _Task[T]) -> None:
        while True:
            try:
                chunk = os.read(task.fd, _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._finish(task, _result(task.received))
                return
            task.received += chunk

    def _kill(self, task: _Task[T]) -> None:
        if self._running.get(task.fd) is task:  # else it may be reaped
            self._finish(task, task.late)
            # One that waits for a file server dies only when that answers.
            os.kill(task.pid, signal.SIGKILL)

    def _finish(self, task: _Task[T], result: Done | Refused) -> None:
        if self._running.pop(task.fd, None) is None:
            return
        self._poller.forget(task.fd)
        os.close(task.fd)
        self._ended[task.pid] = type(task.token)
        self._pause_s = _REAP_S
        self.finished.append((task.token, result))


def _result(received: bytes) -> Done | Refused:
    if received.startswith(b"+"):
        return Done(received[1:])
    if received.startswith(b"-") and isinstance(refused := decode_answer(received[1:]), Refused):
        return refused
    return refuse(
        0, ProcessionError("internal error: no answer was produced; see the standard error of `procession serve`")
    )


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _work(work: Work, writing: int, parent: int) -> NoReturn:
    """Do the work in the forked process, and end it."""
    try:
        lifeline.end_with_parent(signal.SIGKILL, parent)
        os.nice(_NICE)
        os.dup2(writing, 3)
        os.set_blocking(3, True)
        os.closerange(4, _MAX_FD)
        if isinstance(work, tuple):
            os.dup2(3, 1)
            os.execv(work[0], work)  # noqa: S606
        try:
            answer = b"+" + work()
        except ProcessionError as refusal:
            answer = b"-" + encode(refuse(0, refusal))
        view = memoryview(answer)
        while view:
            view = view[os.write(3, view) :]
    except BaseException:  # noqa: BLE001 - nothing of this may go on in a copy of the supervisor
        say(traceback.format_exc())
    finally:
        os._exit(0)
