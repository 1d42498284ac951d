"""What the kernel does for us when one of our own processes dies: adopt its orphans, or end with it.

Used by the launcher (the subreaper), and by the web process, which must not outlive the launcher: it would
keep the port.  Both by prctl(2), which the standard library has no call for.
"""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, however deep, instead of process 1."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(number: signal.Signals, parent: int) -> None:
    """Be sent ``number`` by the kernel as soon as ``parent`` dies; at once, where it is dead already.

    The parent tells its pid itself: whether it died before this call cannot be told from getppid() alone.
    """
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")
