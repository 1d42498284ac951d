"""What runs inside supervised processes and in users' own programs; standard library only.

``from procession import report`` works everywhere and costs nothing where nobody supervises; ``Pool`` and
``WorkerLost`` are loaded when they are asked for.  Keep this module light: every supervised process loads it.
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
