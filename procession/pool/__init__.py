"""A drop-in for `multiprocessing.pool.Pool` whose workers can be killed; standard library only, for Linux.

::

    caller ─apply, map …─▶ face ─task─▶ bookkeeping ◀──▶ dispatcher (one thread) ─frames─▶ socket ─▶ worker process
                           result ◀─────────settle──────────┘  ▲ ▲ ◀─pidfd: it ended──────────────┘    │
                                                               │ └──◀─large results──── socket ◀───────┤
                                                               └──◀─results, position── shared memory ◀┘

Every worker has a path of its own: a socket and a piece of shared memory.  Nothing is shared between workers, so none
can die holding what another one needs.  A worker writes which task it executes into its memory before it starts with
it, and results into a ring there that survives its death: so after any death it is known which one task was lost.

Who is who:

- `face` is what a program calls: `pool` has the stdlib's interface, `oversight` what is offered beyond it, `making`
  puts the parts together, `context` makes a context whose pools are ours;
- `tasks` knows what is to be done: `apply`, `maps` and `iterators` are what the methods return, `task` what they
  consist of, `sources` how an iterable becomes tasks, `feeder` asks a foreign one; `bookkeeping` knows which task is
  where;
- `dispatching` is the one thread that waits for workers: `dispatcher` itself, `watching` what it waits with, `delivery`
  settles results, `callbacks` is the thread for what is to be told of them, `balance` takes tasks away from stopped and
  slow workers, `patience` lets a caller wait without the thread;
- `crew` starts, ends and buries workers; `member` is one of them as the pool sees it, `encoding` and `channel` make and
  carry its frames;
- `worker` runs in the worker, kept small because start-up depends on it.

This module loads none of them by itself: a worker imports it on its way to `worker`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool.face.context import get_context
    from procession.pool.face.pool import Pool

    from .errors import PoolBroken, PoolError, PoolTerminated, WorkerLost

__all__ = ["Pool", "PoolBroken", "PoolError", "PoolTerminated", "WorkerLost", "get_context"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if sys.version_info < (3, 11):  # noqa: UP036 - programs of other Pythons may find this package
        raise ImportError(f"procession.{name} needs Python 3.11 or newer, and this is {sys.version.split()[0]}")
    module: object
    if name == "Pool":
        from procession.pool.face import pool as module
    elif name == "get_context":
        from procession.pool.face import context as module
    else:
        from . import errors as module
    return getattr(module, name)
