"""From an order to the pool: which of the eight methods is called, and how the job learns that it is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from procession.pool import Pool

from .checking import APPLY, IMAP, STARMAP, Order
from .jobs import Drain, Job, outcome_of

_CHUNKS_PER_WORKER = 4


def chunksize(order: Order, processes: int) -> int:
    """As it was asked for, else as the standard library reckons it."""
    if order.items is None or order.method in IMAP:
        return order.chunksize or 1
    return order.chunksize or max(-(-len(order.items) // (processes * _CHUNKS_PER_WORKER)), 1)


def start(pool: Pool, job: Job, order: Order, changed: Callable[[], object]) -> int:
    """Call the method; ``changed`` is called when the job is over, by another thread.  Returns the call's number.

    apply, map and starmap are called as their async forms: nobody waits here.  Raises what the method raises.
    """
    if order.method in IMAP:
        return _drained(pool, job, order, changed)

    def over(_: object) -> None:
        job.over()
        changed()

    result = _called(pool, job, order, {"callback": over, "error_callback": over})
    job.runs_as(result, lambda: outcome_of(result))
    if result.ready():  # over before it began: a map of nothing calls nobody back
        over(None)
    number: int = result.call
    return number


def _called(pool: Pool, job: Job, order: Order, callbacks: dict[str, Any]) -> Any:
    if order.method in APPLY:
        return pool.apply_async(order.function, order.args, order.kwargs, **callbacks)
    method: Any = pool.starmap_async if order.method in STARMAP else pool.map_async
    return method(order.function, order.items, job.chunksize, **callbacks)


def _drained(pool: Pool, job: Job, order: Order, changed: Callable[[], object]) -> int:
    method: Any = pool.imap if order.method == "imap" else pool.imap_unordered
    results = method(order.function, order.items, job.chunksize)
    drain = Drain(job, results, changed)
    job.runs_as(results, drain.outcome)
    drain.start()
    number: int = results.call
    return number
