"""Start a job: call the pool method it requests for, and note when the call has finished."""

from collections.abc import Callable
from typing import Any

from procession.pool import Pool

from .checking import APPLY, IMAP, STARMAP, Order
from .jobs import Drain, Job, outcome_of

_CHUNKS_PER_WORKER = 4


def chunksize(order: Order, processes: int) -> int:
    """Return the requested chunksize, or the standard library's default."""
    if order.items is None or order.method in IMAP:
        return order.chunksize or 1
    return order.chunksize or max(-(-len(order.items) // (processes * _CHUNKS_PER_WORKER)), 1)


def start(pool: Pool, job: Job, order: Order, changed: Callable[[], object]) -> int:
    """Call the pool's method and return the number of the call; raises what the method raises.

    apply, map and starmap are called in their async forms, so this never waits.  When the job has finished, another
    thread calls ``changed``.
    """
    if order.method in IMAP:
        return _drained(pool, job, order, changed)

    def over(_: object) -> None:
        job.over()
        changed()

    result = _called(pool, job, order, {"callback": over, "error_callback": over})
    job.runs_as(result, lambda: outcome_of(result))
    if result.ready():  # an empty map is ready at once, and calls no callback
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
