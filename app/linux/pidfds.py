"""Read how a process ended, through its pidfd."""

import contextlib
import fcntl
import os
import select
import signal
import struct

from . import proc

#: struct pidfd_info: mask, cgroup, eleven numbers, the wait status.  The mask requests the latter, since Linux 6.15.
_INFO = struct.Struct("<QQ11Ii")
_INFO_EXIT = 1 << 3
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11


def unless_reaped(pid: int, sentinel: int) -> int | None:
    """Open the pidfd of a forkserver child; return None if it has been reaped: it may end before start() returns."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if _has_data(sentinel):
        # The child has been reaped, so another process may have the pid.  (A hang-up without data means that the
        # forkserver died: its child lives on, and was reparented to us.)
        os.close(pidfd)
        return None
    return pidfd


def peek(pidfd: int | None) -> int | None:
    """Return the exit code of a dead child of ours, −N after signal N, without reaping it; None if it lives."""
    if pidfd is None:
        return None
    try:
        found = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        return None
    return _exit_code(found)


def how_it_ended(pidfd: int, pid: int) -> int | None:
    """Return the exit code of any dead process, −N after signal N; None if it cannot be read.

    An orphan was reparented to us, and is reaped here.  A zombie has its status in /proc; of a process that its parent
    has reaped, pidfds that were opened before still have it.
    """
    try:
        found = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        status = _status_of_zombie(pid)
        if status is None:
            status = _status_left(pidfd)
        return None if status is None else os.waitstatus_to_exitcode(status)
    return _exit_code(found)


def _exit_code(found: os.waitid_result | None) -> int | None:
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def _status_of_zombie(pid: int) -> int | None:
    line = proc.read(f"{pid}/stat", 1024)
    if not line:
        return None
    fields = line[line.rindex(b")") + 2 :].split()
    return int(fields[49]) if fields[0] in (b"Z", b"X") else None


def _status_left(pidfd: int) -> int | None:
    info = bytearray(_INFO.size)
    _INFO.pack_into(info, 0, _INFO_EXIT, *[0] * 13)
    try:
        fcntl.ioctl(pidfd, _GET_INFO, info)
    except OSError:
        return None
    mask, *_, status = _INFO.unpack(info)
    return status if mask & _INFO_EXIT else None


def is_still_anothers(pidfd: int) -> bool:
    """Return whether an ended process has not been reaped and has a parent other than us."""
    try:
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, 0)
            return True
    return False


def readable(fd: int) -> bool:
    """Return whether `multiprocessing.connection.wait` would report an fd as ready."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def _has_data(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(events & select.POLLIN for _, events in poll.poll(0))
