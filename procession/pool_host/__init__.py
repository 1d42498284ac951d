"""The host of a pool on the dashboard: a supervised process that owns one `procession.Pool` and answers requests.

::

    supervisor ──request──▶ Host (main thread: reads, answers) ──▶ Pool ──▶ workers
               ◀──reply─────┘      │ in order: submit, resize, close
               ◀──state, notes─────┴ Reporter (a thread): statistics ──▶ what changed, at most every 250 ms

`requests` reads the messages of `app.protocol.pool_host`.  `Host` answers them by `answers`; `checking` and `functions`
check a job, `starting` starts it; `book` keeps the jobs, `jobs` is one of them, `showing` cuts results to size,
`wording` has the texts.  `reporter`, `state` and `changes` report; `wire` is the connection to the supervisor.
`procession.child` calls `connect` with our end of it before it calls `serve`.

Loads none of them by itself: workers import this module on their way to `functions`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .wire import Wire

_wire: Wire | None = None


def connect(fd: int) -> None:
    """Take over ``fd``, our end of a Unix stream socket to the supervisor."""
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
    """Open the pool and serve it until it has ended or the supervisor has gone.

    The parameters are the fields of `app.records.pool.PoolSpec`; the supervisor itself uses ``stuck_after_s``.
    """
    if _wire is None:
        raise RuntimeError("no connection to a supervisor: only the supervisor can start a pool host")
    from .host import Host

    Host(_wire, processes, start_method, maxtasksperchild, retries).run()
