"""The pool as its users see it: the interface of `multiprocessing.pool.Pool`, and what it offers beyond."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from multiprocessing import util
from multiprocessing.pool import CLOSE, INIT, RUN, TERMINATE
from multiprocessing.pool import Pool as StandardPool
from multiprocessing.process import BaseProcess

from procession.pool.tasks.ledger import Ledger
from procession.pool.worker_process.queue_pickling import dumps_of
from procession.pool.workers.encoding import Encoder

from .assembly import make_dispatcher, start_process
from .calls import Calls
from .submission import checked_retries, checked_timeout, is_int
from .taskqueue import TaskQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Pool(Calls, StandardPool):  # type: ignore[misc]  # typeshed allows a chunksize of None, which raises
    """A pool of worker processes that can be killed at any moment: the task of a killed worker raises `WorkerLost`.

    A drop-in for `multiprocessing.pool.Pool`, whose documentation applies; where the stdlib would hang, this raises.
    Beyond it: ``retries`` (how often to run a task again after its worker was lost) and ``timeout_s`` (how long a task
    may run), both also per call; `resize`, `statistics` and verbs for single workers.  Linux only (5.3).
    """

    @staticmethod
    def Process(ctx: Any, *args: Any, **kwds: Any) -> Any:  # noqa: N802 - the stdlib's name, which some override
        """Return the Process object for a worker."""
        return ctx.Process(*args, **kwds)

    _inqueue: Any
    _outqueue: Any
    _quick_put: Callable[[object], object]

    def __init__(
        self,
        processes: int | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
        maxtasksperchild: int | None = None,
        context: Any = None,
        *,
        retries: int = 0,
        timeout_s: float | None = None,
    ) -> None:
        """Raises ValueError or TypeError for a wrong argument, and whatever starting a process raises."""
        if not isinstance(self, Pool):  # a ThreadPool, which calls what `multiprocessing.pool.Pool` names now
            StandardPool.__init__(self, processes, initializer, initargs, maxtasksperchild, context)  # type: ignore[unreachable]
            return
        self._pool: list[BaseProcess] = []
        self._state = INIT
        self._ctx = context or multiprocessing.get_context()
        wanted = _cpus() if processes is None else processes
        if wanted < 1:
            raise ValueError("Number of processes must be at least 1")
        if maxtasksperchild is not None and not is_int(maxtasksperchild, 1):
            raise ValueError("maxtasksperchild must be a positive int or None")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._retries = checked_retries(retries)
        self._timeout_s = None if timeout_s is None else checked_timeout(timeout_s)
        self._calls = count(1)
        self._initializer, self._initargs, self._maxtasksperchild = initializer, initargs, maxtasksperchild
        self._ledger = Ledger()
        self._cache = self._ledger.calls
        self._taskqueue = TaskQueue(self._ledger.queue, self._submit_tasks)
        self._inqueue = self._outqueue = None
        self._setup_queues()
        start = partial(
            start_process, self.Process, self._ctx, initializer, tuple(initargs), maxtasksperchild, self._outqueue
        )
        encoder = Encoder() if self._inqueue is None else Encoder(dumps_of(self._inqueue, self._quick_put))
        self._dispatcher = make_dispatcher(self._ledger, self._pool, wanted, start, maxtasksperchild, encoder)
        try:
            for _ in range(wanted):
                self._dispatcher.workforce.add(self._dispatcher.workforce.start_worker())
            self._dispatcher.start()
        except BaseException:
            self._dispatcher.terminate()
            raise
        # Has no reference to this object: when it is collected, or at exit, the workers end.
        self._terminate = util.Finalize(self, self._dispatcher.terminate, exitpriority=15)
        self._state = RUN

    def _setup_queues(self) -> None:
        """Make no queues; a subclass may make ``_inqueue`` and ``_outqueue`` that pickle in ways of their own."""

    # The end

    def close(self) -> None:
        """Accept no more calls; the workers end when all tasks are done."""
        if self._state == RUN:
            self._state = CLOSE
            self._dispatcher.closing = True
            self._dispatcher.wake()

    def terminate(self) -> None:
        """End the workers: running tasks raise `WorkerLost`, waiting ones `PoolTerminated`."""
        self._state = TERMINATE
        self._terminate()

    def join(self, timeout: float | None = None) -> bool:  # type: ignore[override]  # the stdlib's returns None
        """Wait up to ``timeout`` seconds until the workers have ended; return whether they have.

        Raises ValueError unless `close` or `terminate` was called.
        """
        if self._state == RUN:
            raise ValueError("Pool is still running")
        if self._state not in (CLOSE, TERMINATE):
            raise ValueError("In unknown state")
        return self._dispatcher.join(timeout)

    def __enter__(self) -> Pool:
        self._check_running()
        return self

    def __exit__(self, *exception: object) -> None:
        self.terminate()

    def __del__(self, _warn: Any = warnings.warn, _running: str = RUN) -> None:
        if self._state == _running:
            _warn(f"unclosed running multiprocessing pool {self!r}", ResourceWarning, source=self)

    def __repr__(self) -> str:
        kind = type(self)
        return f"<{kind.__module__}.{kind.__qualname__} state={self._state} pool_size={len(self._pool)}>"

    def __reduce__(self) -> Any:
        raise NotImplementedError("pool objects cannot be passed between processes or pickled")


def _cpus() -> int:
    """Return how many workers the interpreter's own Pool would have."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return count() or 1
