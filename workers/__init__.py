"""The catalogue of demo workloads, one theme per file; plain functions as a user would write them.

A new workload is one decorated function with a docstring; it then appears in the launch form with its
parameters, and a function in `workers.pooled` in the form of a pool's jobs. See `workers._declare` for the
decorators.  A new program is one plain script in a folder of ``workers/programs``; see `workers._programs`.
Only the supervisor calls `catalogue`, `pool_functions` and `programs`; a child imports just one theme.
"""

from ._declare import BadParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._catalogue import Workload
    from ._pool_functions import PoolFunction
    from ._programs import Program

__all__ = ["BadParameter", "catalogue", "pool_functions", "programs"]


def catalogue() -> "dict[str, Workload]":
    """All workloads by name, in the order in which their files and functions stand."""
    from ._catalogue import discover

    return dict(discover())


def pool_functions() -> "dict[str, PoolFunction]":
    """All functions for the workers of a pool by name, in the order in which they stand."""
    from ._pool_functions import discover

    return dict(discover())


def programs() -> "dict[str, Program]":
    """All scripts of the catalogue of programs by name, theme by theme."""
    from ._programs import discover

    return dict(discover())
