"""The only importer of multiprocessing: start a child, learn that and how it ended, join and close it.

A pidfd in the loop's epoll says *that* a child ended; `waitid` (or, for a child of the forkserver, the forkserver's
status pipe) says *how*.  The sentinel is not relied on: a grandchild that inherited it keeps it from firing.
::

    Spawn ──▶ Children.start ──▶ Process(target=child.main.main, args=(job, report socket, lifeline, channel))
    pidfd ──▶ Gone    report socket ──▶ Told    forkserver's pidfd ──▶ ForkserverGone      all into the inbox
    channel, of the host of a pool only (`channels`) ──▶ Said, Silent
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import multiprocessing.process
import multiprocessing.resource_tracker
import os
import signal
import socket
from collections import deque
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

from app.linux import pidfds
from app.linux.poller import Poller
from app.protocol.reports import MAX_REPORT
from app.records.primitives import JsonDict
from app.records.process import Process
from procession.child import main as child_side

from .channels import Channel, Said, Silent

_METHODS = ("forkserver", "spawn", "fork")
_REPORTS_PER_TURN = 64
#: What multiprocessing itself says where nobody could tell how a child ended.
_UNKNOWN = 255


@dataclass(frozen=True, slots=True)
class Told:
    """A datagram of the report socket, as it came."""

    process: str
    datagram: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """A child ended; ``exitcode`` −N for signal N, None where nobody can tell.  A zombie of ours stays one."""

    process: str
    exitcode: int | None


@dataclass(frozen=True, slots=True)
class ForkserverGone:
    """The forkserver died."""

    pid: int


@dataclass
class Child:
    """One started child: its Process object, its pidfd, and our ends of its report socket and channel."""

    id: str
    process: BaseProcess
    method: str
    pid: int
    pidfd: int | None
    reports: socket.socket | None
    channel: Channel | None = None
    exitcode: int | None = None
    ended: bool = False

    @property
    def sentinel(self) -> int:
        """The fd of the sentinel."""
        return self.process.sentinel


class Children:
    """All children that were started and not closed, by process id."""

    def __init__(self, poller: Poller) -> None:
        self.by_id: dict[str, Child] = {}
        self.inbox: deque[Told | Gone | ForkserverGone | Said | Silent] = deque()
        self._poller = poller
        self._contexts: dict[str, Any] = {method: multiprocessing.get_context(method) for method in _METHODS}
        self._lifeline_read, self._lifeline_write = multiprocessing.connection.Pipe(duplex=False)
        self._forkserver_pidfd: int | None = None
        self._ours: tuple[int, ...] = ()
        os.register_at_fork(after_in_child=self._after_fork_in_child)

    # Starting

    def start(self, record: Process, job: JsonDict) -> Child:
        """Create and start() the child; raises what start() raises (OSError, PicklingError, …)."""
        self.close(record.id)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        our_channel, their_channel = socket.socketpair() if record.pool else (None, None)
        try:
            process = self._started(record, job, theirs, their_channel)
        except BaseException:
            _close(ours, our_channel)
            raise
        finally:
            _close(theirs, their_channel)
        # Left in the module's set, every further start() would poll all of them: 5.1 ms at 1,000 children.
        multiprocessing.process._children.discard(process)  # type: ignore[attr-defined]
        try:
            return self._adopt(record, process, ours, our_channel)
        except OSError:
            # It runs, and without a pidfd nobody would see its end: told as not started, it must not live on.
            process.kill()
            _close(ours, our_channel)
            raise

    def _started(
        self, record: Process, job: JsonDict, reports: socket.socket, channel: socket.socket | None
    ) -> BaseProcess:
        method = record.start_method or "forkserver"
        if method == "forkserver":
            self.ensure_forkserver()
        args = (job, reports, self._lifeline_read, *([channel] if channel else []))
        process: BaseProcess = self._contexts[method].Process(
            target=child_side.main, args=args, name=record.name, daemon=record.daemon
        )
        if method == "fork":
            self._note_own_fds(reports.fileno(), *([channel.fileno()] if channel else []))
        process.start()
        self._ours = ()
        return process

    def _adopt(
        self, record: Process, process: BaseProcess, reports: socket.socket, channel: socket.socket | None
    ) -> Child:
        assert process.pid is not None
        reports.setblocking(False)
        pidfd = (
            pidfds.unless_reaped(process.pid, process.sentinel)
            if record.start_method == "forkserver"
            else os.pidfd_open(process.pid)
        )
        child = Child(record.id, process, record.start_method or "forkserver", process.pid, pidfd, reports)
        if channel:
            child.channel = Channel(record.id, channel, self._poller, self.inbox.append)
        self.by_id[record.id] = child
        self._poller.watch(reports.fileno(), lambda _events: self._reported(child))
        if child.pidfd is None:
            self._exited(child)
        else:
            self._poller.watch(child.pidfd, lambda _events: self._exited(child))
        return child

    # The forkserver

    @property
    def forkserver_pid(self) -> int | None:
        """The pid of the forkserver, None where none was started."""
        pid: int | None = multiprocessing.forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
        return pid

    def infrastructure(self) -> tuple[int, ...]:
        """The pids of multiprocessing's own helpers: forkserver and resource tracker."""
        tracker: int | None = multiprocessing.resource_tracker._resource_tracker._pid  # type: ignore[attr-defined]
        return tuple(pid for pid in (self.forkserver_pid, tracker) if pid is not None)

    def ensure_forkserver(self) -> None:
        """Start the forkserver, at boot: the first use costs 60–100 ms; and again after it was lost."""
        if self._forkserver_pidfd is not None:
            return
        multiprocessing.set_forkserver_preload(["procession.child.preload"])
        multiprocessing.forkserver.ensure_running()
        pid = self.forkserver_pid
        assert pid is not None
        self._forkserver_pidfd = os.pidfd_open(pid)
        self._poller.watch(self._forkserver_pidfd, lambda _events: self._forkserver_exited(pid))

    def _forkserver_exited(self, pid: int) -> None:
        assert self._forkserver_pidfd is not None
        self._poller.forget(self._forkserver_pidfd)
        os.close(self._forkserver_pidfd)
        self._forkserver_pidfd = None
        self.inbox.append(ForkserverGone(pid))

    # Reports and ends

    def _reported(self, child: Child) -> None:
        for _ in range(_REPORTS_PER_TURN):
            try:
                datagram = child.reports.recv(MAX_REPORT) if child.reports else b""
            except BlockingIOError:
                return
            except OSError:
                datagram = b""
            if not datagram:
                self._close_reports(child)
                return
            self.inbox.append(Told(child.id, datagram))

    def _exited(self, child: Child) -> None:
        if child.pidfd is not None:
            self._poller.forget(child.pidfd)
        child.ended = True
        if child.method == "forkserver":
            # The forkserver has yet to reap it and to write how it ended into the sentinel's pipe.
            self._poller.watch(child.sentinel, lambda _events: self._told(child))
        else:
            child.exitcode = pidfds.peek(child.pidfd)
            self._over(child)

    def _told(self, child: Child) -> None:
        try:
            child.exitcode = multiprocessing.forkserver.read_signed(child.sentinel)
        except EOFError:
            # The forkserver died before: then its children become ours, and their exit codes too.  The kernel
            # closes its pipes first; until it has handed over its children the hang-up brings us here again.
            if child.pidfd is not None and pidfds.is_still_anothers(child.pidfd):
                return
            child.exitcode = pidfds.peek(child.pidfd)
        self._poller.forget(child.sentinel)
        self._over(child)

    def _over(self, child: Child) -> None:
        self._reported(child)  # its last words come before its end
        if child.channel:
            child.channel.last_words()
        self.inbox.append(Gone(child.id, child.exitcode))

    def sentinel_ready(self, process_id: str) -> bool:
        """Whether `multiprocessing.connection.wait` would see it as ready."""
        return pidfds.readable(self.by_id[process_id].sentinel)

    # Joining and closing

    def reap(self, process_id: str) -> None:
        """join(): the zombie goes, and all fds but the sentinel.  Never blocks: only called for one that has ended."""
        child = self.by_id.get(process_id)
        if child is None:
            return
        popen = child.process._popen  # type: ignore[attr-defined]
        if child.pidfd is not None:
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED | os.WNOHANG)
            self._close_pidfd(child)
        if popen.returncode is None:
            popen.returncode = _UNKNOWN if child.exitcode is None else child.exitcode
        self._close_reports(child)
        if child.channel:
            child.channel.close()

    def close(self, process_id: str) -> None:
        """close(): the sentinel goes too; a no-op for one that is not there."""
        self.reap(process_id)
        child = self.by_id.pop(process_id, None)
        if child is None:
            return
        self._poller.forget(child.sentinel)
        child.process.close()

    def signal(self, process_id: str, signum: int) -> bool:
        """Send a signal through the pidfd; False where it has ended already."""
        child = self.by_id.get(process_id)
        if child is None or child.ended or child.pidfd is None:
            return False
        try:
            signal.pidfd_send_signal(child.pidfd, signum)
        except ProcessLookupError:
            return False
        return True

    def _close_pidfd(self, child: Child) -> None:
        assert child.pidfd is not None
        self._poller.forget(child.pidfd)
        os.close(child.pidfd)
        child.pidfd = None

    def _close_reports(self, child: Child) -> None:
        if child.reports:
            self._poller.forget(child.reports.fileno())
            child.reports.close()
            child.reports = None

    # Fork children inherit all our fds: clients would see no EOF and the epoll would deliver ghost events.

    def _note_own_fds(self, *theirs: int) -> None:
        tracker: int | None = multiprocessing.resource_tracker._resource_tracker._fd  # type: ignore[attr-defined]
        keep = {0, 1, 2, *theirs, self._lifeline_read.fileno(), tracker}
        # The listing's own fd is in the listing, and gone by now: its number would be taken by start()'s pipes.
        self._ours = tuple(fd for fd in map(int, os.listdir("/proc/self/fd")) if fd not in keep and _is_open(fd))

    def _after_fork_in_child(self) -> None:
        if not self._ours:
            return  # a fork of somebody further down
        for fd in self._ours:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._ours = ()
        # Inherited, it would wait for our forkserver, which is not the child's to wait for.
        multiprocessing.forkserver._forkserver.__init__()  # type: ignore[misc]


def _close(*sockets: socket.socket | None) -> None:
    for one in sockets:
        if one:
            one.close()


def _is_open(fd: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError:
        return False
    return True
