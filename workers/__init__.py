"""The catalogue of demo workloads, one theme per file; plain functions and programs as a user would write
them.

A new workload is one decorated function with a docstring; it then appears in the launch form with its
parameters. See `workers._declare` for the decorator.  Only the supervisor calls `catalogue`; a child
imports just one theme.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._catalogue import Workload


def catalogue() -> "dict[str, Workload]":
    """All workloads by name, in the order in which their files and functions stand."""
    from ._catalogue import discover

    return discover()
