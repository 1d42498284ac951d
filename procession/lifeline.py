"""The lifeline: when the supervisor dies by any means, the kernel kills this process at once.

The supervisor alone holds the write end of a pipe to which nobody writes.  Its last close makes the read
end ready, and F_SETSIG turns that into a SIGKILL for us, also while we are stopped or inside a C call.
PDEATHSIG could not do it: the parent of most children is the forkserver, which may die without taking them
along.  The pipe is opened anew through /proc because owner and signal belong to the open file description:
what we fork shares ours, with us as owner, and no other child of the supervisor is affected.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal

from . import descriptors


def hold(read_end: int) -> int:
    """Take over ``read_end`` and hang our life on it; return the descriptor that has to stay open."""
    fd = os.open(f"/proc/self/fd/{read_end}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.close(read_end)
    fd = descriptors.move_high(fd)
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
    if _is_cut(fd):  # before we had armed it: nothing would tell us any more
        os.kill(os.getpid(), signal.SIGKILL)
    return fd


def _is_cut(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, 0)
    return bool(poll.poll(0))
