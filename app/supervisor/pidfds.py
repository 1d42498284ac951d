"""What the kernel tells of a child through its pidfd and its sentinel; nothing here reaps it."""

from __future__ import annotations

import contextlib
import os
import select
import signal


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
