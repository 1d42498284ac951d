"""Adopt orphans, and end with the parent, both by prctl(2), which the standard library does not have.

The launcher and the supervisor adopt orphans; the web process ends with the launcher, or it would keep the port.
"""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, however deep, instead of process 1."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(number: signal.Signals, parent: int) -> None:
    """Let the kernel send us ``number`` when ``parent`` dies; send it at once if it is dead already.

    The caller passes the parent's pid: getppid() alone does not show whether the parent died before this call.
    """
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")
