"""A drop-in for `multiprocessing.pool.Pool` whose workers can be killed; standard library only, for Linux.

::

    caller ─apply, map …─▶ api ─task─▶ ledger ◀──▶ dispatcher (one thread) ─frames─▶ socket ─▶ worker process
                            │            ▲                  ▲ ▲ ◀─pidfd: it ended──────────┘    │
                            └─objects─▶ preparer            │ └──◀─large results──── socket ◀───┤
                                       (one thread)         └──◀─results, position── shared ◀───┘
                           result ◀──────settle──────────┘                           memory

Workers share nothing with each other: each has its own socket and shared memory, so none can die holding what another
needs.  A worker writes the position of its task into its memory before it starts it, and results into a ring there
that survives the worker: after any death it is known which one task was lost.

- `api`: what a program calls.  `pool` and `calls` have the stdlib's interface, `options` are calls with other limits,
  `submission` makes tasks of calls, `oversight` adds
  statistics and verbs for workers, `taskqueue` takes tasks that programs put there as into the stdlib's, `assembly`
  connects the parts, `context` makes contexts with our pool;
- `tasks`: what is to be done.  `apply`, `maps` and `iterators` are results, `task` what they consist of, `sources`
  makes tasks of an iterable, `handed_in` are tasks of `taskqueue`; `ledger`, `waiting` and `inbox` know where each task
  is;
- `dispatching`: the one thread that waits for workers.  `dispatcher` is its loop, `sending` sends tasks, `watching`
  has the epoll, `delivery` settles results, `preparing` has the threads that run the program's pickling and iterables,
  `callbacks` the one for callbacks, `overdue` kills workers whose task takes too long, `balance` takes tasks away from
  stopped and slow workers, `spinning` lets a caller wait without a thread switch;
- `workers`: the processes as the pool sees them.  `workforce` starts, ends and reaps them, `worker` is one of them,
  `supplies` what it takes of the system, `ended` and `overdue_task` say why it ended, `encoding` and `channel` make and
  carry frames;
- `worker_process`: what runs in a worker, kept small because its start takes as long as its imports.  Both sides pickle
  with its `pickling`, or with the queues of a subclass (`queue_pickling`).

Loads none of them by itself: a worker imports this module on its way to `worker_process`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool.api.context import get_context
    from procession.pool.api.pool import Pool

    from .errors import PoolBroken, PoolError, PoolTerminated, TaskCancelled, TaskTimeout, WorkerLost

__all__ = [
    "Pool",
    "PoolBroken",
    "PoolError",
    "PoolTerminated",
    "TaskCancelled",
    "TaskTimeout",
    "WorkerLost",
    "get_context",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if sys.version_info < (3, 11):  # noqa: UP036 - with --safe-pool, programs of older Pythons import this package
        raise ImportError(f"procession.{name} needs Python 3.11 or newer, and this is {sys.version.split()[0]}")
    module: object
    if name == "Pool":
        from procession.pool.api import pool as module
    elif name == "get_context":
        from procession.pool.api import context as module
    else:
        from . import errors as module
    return getattr(module, name)
