"""Connect the parts of a pool so that its thread and workers have no reference to the `Pool` itself.

When nobody refers to the pool any more, it can be collected, and its workers end.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.process import BaseProcess

from procession.pool.dispatching.dispatcher import Dispatcher
from procession.pool.tasks.ledger import Ledger
from procession.pool.worker_process.main import Handles, main
from procession.pool.workers.encoding import Encoder
from procession.pool.workers.supplies import Lifelines
from procession.pool.workers.worker import Worker
from procession.pool.workers.workforce import Workforce

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def make_dispatcher(
    ledger: Ledger,
    processes: list[BaseProcess],
    wanted: int,
    start: Callable[[Handles], BaseProcess],
    max_tasks: int | None,
    encoder: Encoder,
) -> Dispatcher:
    """Return a dispatcher with its workforce, not started yet."""
    lifelines = Lifelines()

    def make_workforce(dispatcher: Dispatcher) -> Workforce:
        return Workforce(
            ledger,
            processes,
            wanted,
            start=lambda: Worker(start, lifelines, max_tasks),
            watch=dispatcher.watch,
            forget=dispatcher.forget,
        )

    return Dispatcher(ledger, lifelines, encoder, make_workforce)


def start_process(
    make: Callable[..., BaseProcess],
    context: Any,
    initializer: Callable[..., object] | None,
    initargs: tuple[Any, ...],
    max_tasks: int | None,
    outqueue: Any,
    ends: Handles,
) -> BaseProcess:
    """Start a worker process; ``make`` returns its Process object."""
    process = make(context, target=main, args=(ends, initializer, initargs, max_tasks, outqueue))
    process.name = process.name.replace("Process", "PoolWorker")
    process.daemon = True
    process.start()
    return process
