"""Runs inside observed programs, of any Python from 3.8 on, and tells the supervisor what they make.

::

    finder ── a module of multiprocessing was imported ──▶ its patch (processes, queues, semaphores …)
    patch ── the program made, started, joined something ──▶ line ── words, descriptors ──▶ supervisor
      └───── counters, the task of a pool worker ──▶ page, which the supervisor maps

The words and the page are described in `app/protocol/observer.py`.  Rules of the house: no thread, no lock,
nothing blocks, nothing raises into the program, and nothing that the program can see is other than without us.  What
is imported here is what an interpreter has loaded anyway, or modules in C: each start of one pays for it.
"""

import os
import sys

from .finder import Finder


def install():
    """Watch the imports from now on; a .pth file may have loaded multiprocessing before."""
    finder = Finder()
    sys.meta_path.insert(0, finder)
    if os.environ.get("PROCESSION_SAFE_POOL") == "1":
        from . import safe_pool

        safe_pool.install()
    for name in finder.names():
        if name in sys.modules:
            finder.patch(sys.modules[name])
