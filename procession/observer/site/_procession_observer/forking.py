"""Report processes that a program forks itself, by `os.fork()`, as servers do; loaded at the first such fork.

Not those that are about to execute another program, and none of multiprocessing's, which report themselves.
"""

import os
import sys
from _thread import _count, get_ident
from time import monotonic_ns

from .json_text import encoded
from .line import LINE, WAITING
from .line import tell as send
from .page import UNMAPPED, WORDS

#: Files whose forks execute another program, or become a process of multiprocessing.
_OTHERS = tuple(
    os.sep + name for name in ("subprocess.py", "pty.py", "forkserver.py", "popen_fork.py", "popen_loky_posix.py")
)
#: Servers that call their children workers.
_WITH_WORKERS = ("gunicorn", "uvicorn", "hypercorn", "uwsgi", "waitress", "pserve")
_POOL_MODULES = frozenset(("multiprocessing.pool", "multiprocess.pool", "billiard.pool"))
_OF_POOL = "multiprocessing.pool"  # what its threads are called
_MOST_NAMED, _LONGEST_NAME = 10, 40
# The name of this process, if it was forked, and how many it has forked.
_STATE = [None, 0]
_NAME, _FORKED = range(2)


def before(frame):
    """Connect this process; return what the child of the fork that ``frame`` calls will say, None for nothing."""
    if frame is None or frame.f_code.co_filename.endswith(_OTHERS):
        return None
    LINE.open()
    _STATE[_FORKED] += 1
    own = _STATE[_NAME] or _program()
    what = "worker" if own in _WITH_WORKERS else "fork"
    return ("%s %s %d" % (own, what, _STATE[_FORKED]), os.getpid(), *others())


def tell(name, parent, threads, names):
    """Say hello in the child, and who this is."""
    _STATE[:] = name, 0
    WORDS[0] = UNMAPPED
    if WAITING:
        LINE.forget_waiting()
    if LINE.open():
        word = {"kind": "booted", "name": name, "parent": parent, "daemon": False, "by_os_fork": True}
        word.update(threads=threads + 1, threads_of_parent=names, at=monotonic_ns())
        send(encoded(word).encode("ascii"))


def others():
    """Return how many threads a child will not have, and what the first are called; those of a pool come last.

    In a forked process, `_count` still counts the threads of its parent.
    """
    active = getattr(sys.modules.get("threading"), "_active", {})
    mine = get_ident()
    found = [one for ident, one in list(active.items()) if ident != mine]
    names = [str(one._name)[:_LONGEST_NAME] for one in found if not _is_of_pool(one)]
    return min(_count(), len(found)), [*names, *[_OF_POOL] * (len(found) - len(names))][:_MOST_NAMED]


def _is_of_pool(thread):
    return not _POOL_MODULES.isdisjoint((type(thread).__module__, getattr(thread._target, "__module__", "")))


def _program():
    """Return ``gunicorn`` for /usr/bin/gunicorn and for ``python -m gunicorn``."""
    folder, name = os.path.split((getattr(sys, "argv", None) or [""])[0])
    name = os.path.basename(folder) if name == "__main__.py" else name
    return "python" if name in ("", "-", "-c", "-m") else name
