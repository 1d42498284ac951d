"""The catalogue of demo workloads, one theme per file; plain functions as a user would write them.

A new workload is one decorated function with a docstring: the launch form shows it with its parameters.  A function
in `workers.pooled` appears in the form for a pool's jobs.  `workers._declare` has the decorators.  A new program is one
plain script in a folder of ``workers/programs``; see `workers._programs`.  Only the supervisor calls `catalogue`,
`pool_functions` and `programs`; a child imports just one theme.
"""

from ._declare import BadParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._catalogue import Workload
    from ._pool_functions import PoolFunction
    from ._programs import Program

__all__ = ["BadParameter", "catalogue", "pool_functions", "programs"]


def catalogue() -> "dict[str, Workload]":
    """Return all workloads by name, in the order of files and functions."""
    from ._catalogue import discover

    return dict(discover())


def pool_functions() -> "dict[str, PoolFunction]":
    """Return all functions for pool workers by name, in their order."""
    from ._pool_functions import discover

    return dict(discover())


def programs() -> "dict[str, Program]":
    """Return all catalogue programs by name, theme by theme."""
    from ._programs import discover

    return dict(discover())
