"""Acting on one process of the OS that is named by (pid, start time), never by its pid alone."""

from __future__ import annotations

import os
import signal as signals

from app.records.primitives import Key

from . import proc


def text(key: Key) -> str:
    """The key as a `Descendant.id`."""
    return f"{key[0]}-{key[1]}"


def lives(key: Key) -> bool:
    """Whether it is still there and no zombie."""
    stat = proc.stat(key[0])
    return stat is not None and stat.start_ticks == key[1] and not stat.dead


def exists(key: Key) -> bool:
    """Whether it is still there, be it as a zombie."""
    stat = proc.stat(key[0])
    return stat is not None and stat.start_ticks == key[1]


def signal(key: Key, signum: int) -> bool:
    """Send a signal; False where the process is gone or may not be signalled by us.

    The pidfd is opened first: if the start time is right afterwards, the pidfd cannot be anybody else's.
    """
    pid, start_ticks = key
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        stat = proc.stat(pid)
        if stat is None or stat.start_ticks != start_ticks:
            return False
        signals.pidfd_send_signal(pidfd, signum)
    except OSError:
        return False
    finally:
        os.close(pidfd)
    return True
