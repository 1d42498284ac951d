"""Kill workers whose task runs longer than its limit, and nobody else; first their stack is taken."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

from procession.pool.worker_process.main import STACK_SIGNAL
from procession.pool.worker_process.ring import NONE, STACK, STARTED
from procession.pool.workers.encoding import IS_LIMITED
from procession.pool.workers.overdue_task import OverdueTask
from procession.pool.workers.worker import Worker

from .balance import Balance

#: How long a worker may take to write its stack.
_STACK_S = 0.01


class Overdue:
    """Looks after the limits of tasks; all of it with the lock of the pool held."""

    def __init__(self, balance: Balance) -> None:
        self._balance = balance

    def kill(self, workers: Iterable[Worker], now: float) -> None:
        """Kill the workers whose task is overdue."""
        for worker in workers:
            if worker.overdue:
                if now >= worker.overdue.kill_at:
                    worker.signal(signal.SIGKILL)
            elif IS_LIMITED in worker.inbox.known:
                self._look(worker, now)

    def next_deadline(self, workers: Iterable[Worker], now: float) -> float | None:
        """Return when a task may be overdue, monotonic; None for never."""
        return min((one for worker in workers for one in _deadlines(worker, now)), default=None)

    def _look(self, worker: Worker, now: float) -> None:
        current, started = worker.current, worker.words[STARTED]
        task = worker.inbox.inflight.get(current)
        if task is None or task.timeout_s is None or started == NONE or now - started / 1e9 < task.timeout_s:
            return
        # Then it executes no other task, whatever it does meanwhile.
        self._balance.reclaim(worker)
        if worker.current != current:
            return
        worker.inbox.closed = True
        worker.end_reason = f"SIGKILL by the pool: its task took longer than {task.timeout_s:g} s"
        stack = _open_stack(worker)
        if stack is not None:
            worker.signal(STACK_SIGNAL)
        worker.overdue = OverdueTask(task, task.timeout_s, now + _STACK_S if stack is not None else now, stack)


def _deadlines(worker: Worker, now: float) -> Iterable[float]:
    if worker.overdue:
        yield worker.overdue.kill_at
    elif IS_LIMITED in worker.inbox.known:
        current, started = worker.current, worker.words[STARTED]
        has_started = started != NONE
        for position, task in worker.inbox.inflight.items():
            if task.timeout_s is not None:
                # The others have yet to begin.
                yield (started / 1e9 if position == current and has_started else now) + task.timeout_s


def _open_stack(worker: Worker) -> int | None:
    """Open the file into which the worker writes its stack: it outlives the worker."""
    number = worker.words[STACK]
    try:
        return os.open(f"/proc/{worker.pid}/fd/{number}", os.O_RDONLY | os.O_CLOEXEC) if number else None
    except OSError:
        return None
