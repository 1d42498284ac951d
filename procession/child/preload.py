"""Prepare the forkserver: preload modules for its children, and end it with the supervisor.

The supervisor names this module in ``set_forkserver_preload``.  Forked children then have `procession.child` loaded,
and the standard library modules that nearly every target imports.  The forkserver leaves the terminal's session, so
that Ctrl-C does not reach it, and asks the kernel to kill it when the supervisor dies; its children do not inherit
that (prctl(2)) and have their `lifeline`.
"""

import gc
import inspect  # noqa: F401 - saves 5 ms in each child that imports it
import os
import signal
import sys
import typing  # noqa: F401 - as above, 2 ms

from . import main as child  # noqa: F401

PR_SET_PDEATHSIG = 1


def prepare_forkserver() -> None:
    """Have the kernel kill this process, the forkserver, with its parent; start a new session."""
    import ctypes

    # Where seccomp forbids it, the forkserver ends when its last child does: each holds its pipe, and has a lifeline.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getsid(0) != os.getpid():
        os.setsid()
    # The first collection of each child would copy the pages of all that is loaded here.
    gc.freeze()


# Any other process that imports this module is left alone.
if any("multiprocessing.forkserver" in word for word in sys.orig_argv):
    prepare_forkserver()
