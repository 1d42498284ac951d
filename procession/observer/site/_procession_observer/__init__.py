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
from _thread import get_ident

from .finder import Finder

# By thread: the first message of the child of multiprocessing that it is starting, in case that is a fork.
STARTING = {}  # type: ignore[var-annotated]
# What the child of any other fork will say.
PENDING = [None]


def install():
    """Watch imports and forks from now on, and patch what a .pth file may have loaded before."""
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
    finder = Finder()
    sys.meta_path.insert(0, finder)
    if os.environ.get("PROCESSION_SAFE_POOL") == "1":
        from . import safe_pool

        safe_pool.install()
    for name in finder.names():
        if name in sys.modules:
            finder.patch(sys.modules[name])


def _before_fork():
    try:
        if get_ident() not in STARTING:
            from . import forking

            PENDING[0] = forking.before(sys._getframe(1))
    except Exception:  # noqa: S110 - the program forks, whatever fails here
        pass


def _after_fork():
    if PENDING[0] is None:
        return
    told, PENDING[0] = PENDING[0], None
    try:
        from . import forking

        forking.tell(*told)
    except Exception:  # noqa: S110
        pass
