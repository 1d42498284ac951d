"""Replace `multiprocessing.Pool` by `procession.Pool`, whose workers can be killed; only with PROCESSION_SAFE_POOL=1.

The program need not have Procession installed: a finder that is asked last finds the package ``procession``, and no
other, beside this one.  If the program has its own package of that name, or its Python is too old for ours (reported on
stderr), its Pool stays.
"""

import os
import sys

NAME = "procession"
_PACKAGE = os.path.dirname(os.path.abspath(__file__)).rsplit(os.sep, 3)[0]


class Last:
    """A finder that stands last on ``sys.meta_path``."""

    def find_spec(self, name, path=None, target=None):
        if name != NAME:
            return None
        from _frozen_importlib_external import PathFinder

        return PathFinder.find_spec(name, [os.path.dirname(_PACKAGE)])


def install():
    """Install the finder, so that safe-pool workers find their code in whatever folder they start."""
    sys.meta_path.append(Last())


def patch(module):
    """Replace the class that ``multiprocessing.Pool()`` looks up when it is called."""
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
