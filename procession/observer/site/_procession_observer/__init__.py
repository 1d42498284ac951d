"""Runs inside observed programs, in any Python since 3.8, and reports to the supervisor what they make.

::

    finder ── a module of multiprocessing was imported ──▶ its patch (processes, queues, semaphores …)
    patch ── the program made, started, joined something ──▶ line ── messages, descriptors ──▶ supervisor
      └───── counters, the task of a pool worker ──▶ page, which the supervisor maps

`app/protocol/observer.py` describes messages and page.  The rules: no thread, no lock, nothing blocks, nothing raises
into the program, and everything that the program can see is as without us.  It imports only modules that an interpreter
has loaded anyway, and modules in C: every process start pays for it.
"""

import os
import sys

from .finder import Finder


def install():
    """Watch imports from now on, and patch what a .pth file may have loaded before."""
    finder = Finder()
    sys.meta_path.insert(0, finder)
    if os.environ.get("PROCESSION_SAFE_POOL") == "1":
        from . import safe_pool

        safe_pool.install()
    for name in finder.names():
        if name in sys.modules:
            finder.patch(sys.modules[name])
