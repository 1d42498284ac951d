"""A drop-in for `multiprocessing.pool.Pool` whose workers can be killed; standard library only, for Linux.

::

    caller ─apply, map …─▶ face ─task─▶ bookkeeping ◀──▶ dispatcher (one thread) ─frames─▶ socket ─▶ worker process
                           result ◀─────────settle──────────┘  ▲ ▲ ◀─pidfd: it ended──────────────┘    │
                                                               │ └──◀─large results──── socket ◀───────┤
                                                               └──◀─results, position── shared memory ◀┘

Every worker has a path of its own: a socket and a piece of shared memory.  Nothing is shared between workers, so none
can die holding what another one needs.  A worker writes which task it executes into its memory before it starts with
it, and results into a ring there that survives its death: so after any death it is known which one task was lost.

Who is who: `face` has the stdlib's interface, `results` what its methods return, `sources` the tasks that an iterable
becomes, `feeder` the thread that asks a foreign iterable; `bookkeeping` knows which task is where (pure); `dispatcher`
is the one thread that waits for workers; `crew` starts, ends and buries them, `workers` is one worker as the pool sees
it, `encoding` and `channel` make and carry frames; `worker` and `ring` are what runs in a worker, kept small because
start-up depends on it.

This module loads none of them by itself: a worker imports it on its way to `worker`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .errors import PoolBroken, PoolError, PoolTerminated, WorkerLost
    from .face import Pool, get_context

__all__ = ["Pool", "PoolBroken", "PoolError", "PoolTerminated", "WorkerLost", "get_context"]


def __getattr__(name: str) -> object:
    if name in {"Pool", "get_context"}:
        from . import face as module
    elif name in __all__:
        from . import errors as module  # type: ignore[no-redef]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(module, name)
