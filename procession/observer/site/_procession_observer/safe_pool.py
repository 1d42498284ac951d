"""`multiprocessing.Pool` becomes `procession.Pool`, whose workers can be killed; where PROCESSION_SAFE_POOL=1 asks.

The program need not have Procession: the name ``procession``, and no other, is found beside us by a finder that is
asked last.  Where the program has a package of that name, its Pool stays as it is; so it does, with a line that says
so, under a Python too old for ours.
"""

import os
import sys

NAME = "procession"
_PACKAGE = os.path.dirname(os.path.abspath(__file__)).rsplit(os.sep, 3)[0]


class Last:
    """Stands last on ``sys.meta_path``."""

    def find_spec(self, name, path=None, target=None):
        if name != NAME:
            return None
        from _frozen_importlib_external import PathFinder

        return PathFinder.find_spec(name, [os.path.dirname(_PACKAGE)])


def install():
    """So that workers of a safe pool find their code too, in whatever folder they start."""
    sys.meta_path.append(Last())


def patch(module):
    """``multiprocessing.Pool()`` looks its class up here when it is called."""
    if sys.version_info < (3, 11):
        if "--multiprocessing-fork" not in sys.argv:  # once, not by every child
            sys.stderr.write("procession: --safe-pool needs Python 3.11 or newer; this program keeps its own Pool\n")
        return
    import procession

    if os.path.dirname(os.path.abspath(procession.__file__)) == _PACKAGE:
        from .making import made_by
        from .wrapping import wrap

        module.Pool = procession.Pool
        wrap(module.Pool, "__init__", made_by(_describe))


def _describe(self, fds):
    from .making import address_key

    return "pool", address_key(self), {}, {"length": len(self._pool)}
