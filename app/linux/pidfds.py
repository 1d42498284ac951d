"""What the kernel tells of a process through its pidfd and its sentinel; nothing here reaps a child."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct

from . import proc

#: struct pidfd_info: mask, cgroup, eleven numbers, the wait status.  The mask asks for the latter, since Linux 6.15.
_INFO = struct.Struct("<QQ11Ii")
_INFO_EXIT = 1 << 3
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11


def unless_reaped(pid: int, sentinel: int) -> int | None:
    """The pidfd; None where the forkserver has reaped it already: a child may be over before start() returns."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if _has_data(sentinel):
        # Then it is over too, and the pid may be somebody else's by now.  (A hang-up alone says that the
        # forkserver is dead: its child lives on, and is ours.)
        os.close(pidfd)
        return None
    return pidfd


def peek(pidfd: int | None) -> int | None:
    """How a child of ours ended; it stays a zombie."""
    if pidfd is None:
        return None
    try:
        found = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        return None
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def how_it_ended(pidfd: int, pid: int) -> int | None:
    """The exit code of any dead process, −N after signal N; None where it cannot be told.

    One that was orphaned is ours by now: it is reaped.  A zombie shows its status in /proc, and one that its parent has
    reaped has left it with the pidfds that were opened before.
    """
    try:
        found = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        status = _status_of_zombie(pid)
        if status is None:
            status = _status_left(pidfd)
        return None if status is None else os.waitstatus_to_exitcode(status)
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
    """Whether an ended process is there, and its parent is not we."""
    try:
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, 0)
            return True
    return False


def readable(fd: int) -> bool:
    """Whether `multiprocessing.connection.wait` would see it as ready."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def _has_data(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(events & select.POLLIN for _, events in poll.poll(0))
