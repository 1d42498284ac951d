"""Check or signal one process that is identified by (pid, start time), never by its pid alone."""

import os
import signal as signals

from app.records.primitives import Key

from . import proc


def text(key: Key) -> str:
    """Return the key as a `Descendant.id`."""
    return f"{key[0]}-{key[1]}"


def lives(key: Key) -> bool:
    """Return whether the process exists and is no zombie."""
    stat = proc.stat(key[0])
    return stat is not None and stat.start_ticks == key[1] and not stat.dead


def exists(key: Key) -> bool:
    """Return whether the process exists, possibly as a zombie."""
    stat = proc.stat(key[0])
    return stat is not None and stat.start_ticks == key[1]


def signal(key: Key, signum: int) -> bool:
    """Send a signal; return False if the process has ended or we may not signal it.

    The pidfd is opened first: if the start time is right afterwards, the pidfd belongs to that process.
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
