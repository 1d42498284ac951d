"""The catalogue of demo workloads, one theme per file; plain functions as a user would write them.

A new workload is one decorated function with a docstring; it then appears in the launch form with its
parameters. See `workers._declare` for the decorator.  Only the supervisor calls `catalogue`; a child
imports just one theme.
"""

from ._declare import BadParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._catalogue import Workload

__all__ = ["BadParameter", "catalogue"]


def catalogue() -> "dict[str, Workload]":
    """All workloads by name, in the order in which their files and functions stand."""
    from ._catalogue import discover

    return dict(discover())
