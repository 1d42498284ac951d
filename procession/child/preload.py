"""What the forkserver preloads (``set_forkserver_preload(["procession.child.preload"])``), and how it dies with us.

Forked children find `procession.child` ready, and of the standard library what nearly every target imports.
The forkserver itself leaves the terminal's session, so that Ctrl-C does not hit it, and asks to be killed
when the supervisor dies; its children do not inherit that (prctl(2)) and have their `lifeline`.
"""

from __future__ import annotations

import inspect  # noqa: F401 - 5 ms less in each child that imports it
import os
import signal
import sys
import typing  # noqa: F401 - as above, 2 ms

from . import main as child  # noqa: F401

PR_SET_PDEATHSIG = 1


def settle() -> None:
    """Make this process, the forkserver, die with its parent and lead a session of its own."""
    import ctypes

    # Forbidden (seccomp), it ends a little later: when their lifelines have ended the children that hold its pipe.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getsid(0) != os.getpid():
        os.setsid()


# Imported by anybody else, this module does nothing.
if any("multiprocessing.forkserver" in word for word in sys.orig_argv):
    settle()
