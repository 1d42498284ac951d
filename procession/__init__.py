"""The code inside supervised processes and users' own programs; standard library only.

``from procession import report`` works everywhere and costs nothing without a supervisor.  ``Pool`` and ``WorkerLost``
are loaded on first use: every supervised process imports this module, so keep it light.
"""

from .reporting import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool import Pool, WorkerLost

__all__ = ["Pool", "WorkerLost", "report"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import pool

    return getattr(pool, name)
