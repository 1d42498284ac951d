"""A caller that looks out for its result itself for a moment spares two switches of threads: 30 of 50 µs."""

from __future__ import annotations

import os
import time

from procession.pool.crew.member import Worker
from procession.pool.tasks.apply import AsyncResult

#: About as long as two switches of threads take.
_PATIENCE_NS = 60_000
_MAX_PENALTY = 255


class Patience:
    """It is worth it if it was the last times: who looks out takes a CPU from others meanwhile."""

    def __init__(self) -> None:
        self._is_alone = len(os.sched_getaffinity(0)) < 2  # then the worker waits for us to stop looking
        self._penalty = 0
        self._left_out = 0

    def is_worth_it(self) -> bool:
        """Whether to look out this time."""
        if self._left_out:
            self._left_out -= 1
            return False
        return not self._is_alone

    def look_out(self, worker: Worker, result: AsyncResult) -> None:
        """Until there is something from the worker, or the result by way of the pool's thread, or patience ends."""
        came = _comes(worker, result)
        self._penalty = 0 if came else min(2 * self._penalty + 1, _MAX_PENALTY)
        self._left_out = self._penalty


def _comes(worker: Worker, result: AsyncResult) -> bool:
    until = time.monotonic_ns() + _PATIENCE_NS
    try:
        while not (worker.results.is_filled() or result.ready()):
            if time.monotonic_ns() > until:
                return False
            os.sched_yield()
    except ValueError:  # the worker has ended, and its memory is gone
        return False
    return True
