"""Putting a pool together, in such a way that its thread and its workers know nothing of the `face.Pool` itself: when
nobody holds that any more, it can be collected, and then they end."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.process import BaseProcess

from procession.pool.crew.crew import Crew
from procession.pool.crew.member import Tether, Worker
from procession.pool.dispatching.dispatcher import Dispatcher
from procession.pool.tasks.bookkeeping import Ledger
from procession.pool.worker.worker import Ends, main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def make_dispatcher(
    ledger: Ledger,
    processes: list[BaseProcess],
    wanted: int,
    start: Callable[[Ends], BaseProcess],
    max_tasks: int | None,
) -> Dispatcher:
    tether = Tether()

    def crew(dispatcher: Dispatcher) -> Crew:
        return Crew(
            ledger,
            processes,
            wanted,
            start=lambda: Worker(start, tether, max_tasks),
            watch=dispatcher.watch,
            forget=dispatcher.forget,
        )

    return Dispatcher(ledger, tether, crew)


def start_process(
    make: Callable[..., BaseProcess],
    context: Any,
    initializer: Callable[..., object] | None,
    initargs: tuple[Any, ...],
    max_tasks: int | None,
    ends: Ends,
) -> BaseProcess:
    process = make(context, target=main, args=(ends, initializer, initargs, max_tasks))
    process.name = process.name.replace("Process", "PoolWorker")
    process.daemon = True
    process.start()
    return process
