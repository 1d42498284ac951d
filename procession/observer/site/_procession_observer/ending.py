"""Whom a pool is about to end by a signal: those of its workers that live."""

from .line import LINE

_AT_ONCE = 200


def tell(workers):
    """Say it of those that have not ended already; their parent may not have noticed that."""
    try:
        pids = [worker.pid for worker in workers if worker.pid is not None and not _has_ended(worker.sentinel)]
        for at in range(0, len(pids), _AT_ONCE):
            LINE.say("ending", children=pids[at : at + _AT_ONCE])
    except Exception:
        LINE.missed()


def _has_ended(sentinel):
    """Without reaping it."""
    from select import POLLIN, poll  # loaded since multiprocessing.connection is

    poller = poll()
    poller.register(sentinel, POLLIN)
    return bool(poller.poll(0))
