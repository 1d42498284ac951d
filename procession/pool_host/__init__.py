"""The host of a pool on the dashboard: a supervised process that owns one `procession.Pool` and does as it is asked.

::

    supervisor ──ask──▶ Host (main thread: reads, answers) ──▶ Pool ──▶ workers
               ◀─reply──┘      │ orders: submit, resize, close, one after the other
               ◀─state, notes──┴ Reporter (a thread): statistics ──▶ what changed, at most every 250 ms

The words are those of `app.protocol.pool_host`, read by `asks`.  `Host` answers, with `checking` and `functions`
for a job as it was asked for; `book` keeps the jobs, `jobs` is one of them, `showing` cuts what they return, `wording`
tells what an end cost; `reporter`, `state` and `changes` say how things are; `wire` is the way to the supervisor.
`procession.child` calls `connect` with our end of it before it calls `serve`.

This module loads none of them by itself: workers import it on their way to `functions`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .wire import Wire

_wire: Wire | None = None


def connect(fd: int) -> None:
    """Take over ``fd``, our end of a unix stream socket to the supervisor."""
    global _wire  # noqa: PLW0603 - a process is one host
    from .wire import Wire

    _wire = Wire(fd)


def serve(
    *,
    processes: int | None = None,
    start_method: str = "forkserver",
    maxtasksperchild: int | None = None,
    retries: int = 0,
    stuck_after_s: float | None = None,
) -> None:
    """Open the pool and serve it until it is terminated, closed and done, or the supervisor has gone.

    The parameters are the fields of `app.records.pool.PoolSpec`; the supervisor itself judges what is stuck.
    """
    if _wire is None:
        raise RuntimeError("a pool host is started by the supervisor: here is no way to one")
    from .host import Host

    Host(_wire, processes, start_method, maxtasksperchild, retries).run()
