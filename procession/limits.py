"""The limit of open files: raised in a process that needs many, restored where the user's code runs.

Loaded by workers: kept light.
"""

import resource

#: A pool needs 5 descriptors per worker: enough for 256 workers, twice over while they are replaced.
_ENOUGH = 4096


def raise_file_limit() -> int:
    """Raise the soft limit for a pool, as far as the hard limit allows; return the previous one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return soft


def restore_file_limit(soft: int) -> None:
    """Set the soft limit back to the usual one: code that uses select() fails above 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
