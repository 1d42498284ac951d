"""Report the pools of billiard, which Celery uses: `billiard.pool`.

The workers of Celery have a queue each; its pool marks what each of them runs, before it starts.
"""

from .. import making
from ..making import address_key, key_of
from ..wrapping import HIDDEN, wrap
from . import ending
from .processes import POOL


def patch(module):
    wrap(module.Pool, "__init__", making.made_by(_describe))
    wrap(module.Pool, "WorkerProcess", _worker_process)
    wrap(module.Pool, "_terminate_pool", _terminate_pool)


def _describe(self, fds):
    parts = {"inqueue": self._inqueue, "outqueue": self._outqueue}
    parts = {name: key_of(queue) for name, queue in parts.items() if queue is not None}
    return "pool", address_key(self), parts, {"cache": id(self._cache), "length": self._processes}


def _worker_process(original):
    def WorkerProcess(self, worker):  # noqa: N802
        setattr(worker, POOL, address_key(self))
        with HIDDEN:
            return original(self, worker)

    return WorkerProcess


def _terminate_pool(original):
    def _terminate_pool(cls, taskqueue, inqueue, outqueue, pool, *args, **kwargs):
        ending.tell(pool)
        with HIDDEN:
            return original(cls, taskqueue, inqueue, outqueue, pool, *args, **kwargs)

    return _terminate_pool
