"""The lifeline: when the supervisor dies by any means, the kernel kills this process at once.

Only the supervisor holds the write end of a pipe, and nobody writes to it.  When that end is closed, the read end
becomes ready, and F_SETSIG makes the kernel send us SIGKILL, even while we are stopped or inside a C call.  PDEATHSIG
cannot do this: the parent of most children is the forkserver, which may die alone.  The pipe is opened again through
/proc because owner and signal belong to the open file description: what we fork shares ours, and no other child of
the supervisor is affected.
"""

import fcntl
import os
import select
import signal

from . import descriptors


def hold(read_end: int) -> int:
    """Take over ``read_end`` and arm it; return the descriptor that has to stay open."""
    fd = os.open(f"/proc/self/fd/{read_end}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.close(read_end)
    fd = descriptors.move_high(fd)
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
    if _is_closed(fd):  # closed before it was armed: no signal will come
        os.kill(os.getpid(), signal.SIGKILL)
    return fd


def _is_closed(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, 0)
    return bool(poll.poll(0))
