"""Start children with multiprocessing, learn that and how each ended, join and close it.

A pidfd in the loop's epoll says *that* a child ended; `waitid` (or, for a child of the forkserver, the forkserver's
status pipe) says *how*.  The sentinel is not reliable: a grandchild that inherited it keeps it from firing.  Only this
folder imports multiprocessing.
::

    Spawn ──▶ Children.start ──▶ Process(target=child.main.main, args=(job, report socket, lifeline, channel))
    pidfd ──▶ ChildExited      report socket ──▶ ReportReceived      forkserver's pidfd ──▶ ForkserverExited
    channel, for the host of a pool only (`channels`) ──▶ HostMessage, ChannelClosed          all into the inbox
"""

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import multiprocessing.process
import os
import signal
import socket
from collections import deque
from multiprocessing.process import BaseProcess
from typing import Any

from msgspec import Struct

from app.linux import pidfds
from app.linux.poller import Poller
from app.protocol.reports import MAX_REPORT
from app.records.primitives import JsonDict
from app.records.process import Process
from procession.child import main as child_side

from .channels import FAILED, Channel, ChannelClosed, HostMessage
from .fork_fds import InheritedFds
from .forkserver import Forkserver, ForkserverExited

_REPORTS_PER_TURN = 64
#: The exit code that multiprocessing itself uses if the real one is unknown.
_UNKNOWN = 255


class ReportReceived(Struct, frozen=True):
    """A child sent a datagram on its report socket; it is not decoded yet."""

    process: str
    datagram: bytes


class ChildExited(Struct, frozen=True):
    """A child ended; ``exitcode`` is −N for signal N, None if unknown.  It stays a zombie until it is reaped."""

    process: str
    exitcode: int | None


FromChild = ReportReceived | ChildExited | ForkserverExited | HostMessage | ChannelClosed


class Child(Struct):
    """One started child: its Process object, its pidfd, our ends of its report socket and channel.

    ``reports_inode`` is that of the child's end, which its forks inherit.
    """

    id: str
    process: BaseProcess
    method: str
    pid: int
    pidfd: int | None
    reports: socket.socket | None
    reports_inode: int
    channel: Channel | None = None
    exitcode: int | None = None
    ended: bool = False
    released: bool = False

    @property
    def sentinel(self) -> int:
        return self.process.sentinel


class Children:
    """The children that were started and not closed, by process id."""

    def __init__(self, poller: Poller) -> None:
        self.by_id: dict[str, Child] = {}
        self.inbox: deque[FromChild] = deque()
        self._poller = poller
        self._lifeline_read, self._lifeline_write = multiprocessing.connection.Pipe(duplex=False)
        self.forkserver = Forkserver(poller, self.inbox.append)
        self._inherited_fds = InheritedFds()

    # Starting

    def start(self, record: Process, job: JsonDict) -> Child:
        """Create and start() the child; raises what start() raises (OSError, PicklingError, …)."""
        self.close(record.id)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        inode = os.fstat(theirs.fileno()).st_ino
        our_channel, their_channel = socket.socketpair() if record.pool else (None, None)
        try:
            process = self._started(record, job, theirs, their_channel)
        except BaseException:
            _close(ours, our_channel)
            raise
        finally:
            _close(theirs, their_channel)
        # If it stayed in the module's set, each start() would poll every child: 5.1 ms at 1,000 children.
        multiprocessing.process._children.discard(process)  # type: ignore[attr-defined]
        try:
            return self._adopt(record, process, ours, inode, our_channel)
        except OSError:
            # It runs, but without a pidfd its end would not be noticed.  The start is reported as failed: kill it.
            process.kill()
            _close(ours, our_channel)
            raise

    def _started(
        self, record: Process, job: JsonDict, reports: socket.socket, channel: socket.socket | None
    ) -> BaseProcess:
        method = record.start_method or "forkserver"
        if method == "forkserver":
            self.forkserver.ensure_running()
        args = (job, reports, self._lifeline_read, *([channel] if channel else []))
        context: Any = multiprocessing.get_context(method)
        process: BaseProcess = context.Process(
            target=child_side.main, args=args, name=record.name, daemon=record.daemon
        )
        if method == "fork":
            kept = [reports.fileno(), self._lifeline_read.fileno(), *([channel.fileno()] if channel else [])]
            self._inherited_fds.note(*kept)
        process.start()
        self._inherited_fds.clear()
        return process

    def _adopt(
        self, record: Process, process: BaseProcess, reports: socket.socket, inode: int, channel: socket.socket | None
    ) -> Child:
        assert process.pid is not None
        reports.setblocking(False)
        pidfd = (
            pidfds.unless_reaped(process.pid, process.sentinel)
            if record.start_method == "forkserver"
            else os.pidfd_open(process.pid)
        )
        child = Child(record.id, process, record.start_method or "forkserver", process.pid, pidfd, reports, inode)
        if channel:
            child.channel = Channel(record.id, channel, self._poller, self.inbox.append)
        self.by_id[record.id] = child
        self._poller.watch(
            reports.fileno(), lambda _events: self._reported(child), close=lambda: self._close_reports(child)
        )
        if child.pidfd is None:
            self._exited(child)
        else:
            self._poller.watch(child.pidfd, lambda _events: self._exited(child))
        return child

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
            self.inbox.append(ReportReceived(child.id, datagram))

    def _exited(self, child: Child) -> None:
        if child.pidfd is not None:
            self._poller.forget(child.pidfd)
        child.ended = True
        if child.method == "forkserver":
            # The forkserver still has to reap it and to write its exit code into the sentinel's pipe.
            self._poller.watch(child.sentinel, lambda _events: self._read_exit_status(child))
        else:
            child.exitcode = pidfds.peek(child.pidfd)
            self._report_exit(child)

    def _read_exit_status(self, child: Child) -> None:
        try:
            child.exitcode = multiprocessing.forkserver.read_signed(child.sentinel)
        except EOFError:
            # The forkserver died first: the kernel reparents its children to us, and we can read their exit codes.
            # It closes the pipes before it reparents; until then the hang-up calls this method again.
            if child.pidfd is not None and pidfds.is_still_anothers(child.pidfd):
                return
            child.exitcode = pidfds.peek(child.pidfd)
        self._poller.forget(child.sentinel)
        self._report_exit(child)

    def _report_exit(self, child: Child) -> None:
        self._reported(child)  # its last reports come before its end
        if child.channel:
            child.channel.read_rest()
        self.inbox.append(ChildExited(child.id, child.exitcode))

    def sentinel_ready(self, process_id: str) -> bool:
        """Return whether `multiprocessing.connection.wait` would report the sentinel as ready."""
        child = self.by_id[process_id]
        ready = child.released or pidfds.readable(child.sentinel)
        if ready and child.pidfd is None and child.ended:
            self._release(child)
        return ready

    # Joining and closing

    def reap(self, process_id: str) -> None:
        """Reap an ended child, as join() does, and close all its fds; the sentinel once it is ready.  Never blocks."""
        child = self.by_id.get(process_id)
        if child is None or child.released:
            return
        popen = child.process._popen  # type: ignore[attr-defined]
        if child.pidfd is not None:
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED | os.WNOHANG)
            self._poller.forget(child.pidfd)
            os.close(child.pidfd)
            child.pidfd = None
        if popen.returncode is None:
            popen.returncode = _UNKNOWN if child.exitcode is None else child.exitcode
        self._close_reports(child)
        if child.channel:
            child.channel.close()
        self.sentinel_ready(process_id)

    def close(self, process_id: str) -> None:
        """Release everything of a child, as Process.close() does; do nothing for an unknown id."""
        self.reap(process_id)
        child = self.by_id.pop(process_id, None)
        if child:
            self._release(child)

    def _release(self, child: Child) -> None:
        """Close the sentinel, and the pipe behind it."""
        if not child.released:
            self._poller.forget(child.sentinel)
            child.process.close()
            child.released = True

    def signal(self, process_id: str, signum: int) -> bool:
        """Send a signal through the pidfd; return False if the child has ended."""
        child = self.by_id.get(process_id)
        if child is None or child.ended or child.pidfd is None:
            return False
        try:
            signal.pidfd_send_signal(child.pidfd, signum)
        except ProcessLookupError:
            return False
        return True

    def refuse(self, process_id: str) -> None:
        """Read no more reports of a child, and close its channel; it goes on."""
        if child := self.by_id.get(process_id):
            self._close_reports(child)
            if child.channel:
                child.channel.end(FAILED)

    def _close_reports(self, child: Child) -> None:
        if child.reports:
            self._poller.forget(child.reports.fileno())
            child.reports.close()
            child.reports = None


def _close(*sockets: socket.socket | None) -> None:
    for one in sockets:
        if one:
            one.close()
