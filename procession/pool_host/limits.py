"""Open files: a pool needs five descriptors for each worker, and its workers the limit that their code expects.

Loaded by workers: kept light.
"""

from __future__ import annotations

import resource

#: For 256 workers twice over, while they are replaced.
_ENOUGH = 4096


def raise_limit() -> int:
    """Allow this process enough open files, as far as it may; returns the limit before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return soft


def restore_limit(soft: int) -> None:
    """In a worker: the limit as it was, because select() ends at 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
