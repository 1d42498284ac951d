"""Whom a parent or a pool is about to end by a signal: those that live.  Their parent may not know yet who does."""

from ..line import LINE

_AT_ONCE = 200


def tell(workers):
    """Say it of the workers of a pool."""
    try:
        pids = [worker.pid for worker in workers if worker.pid is not None and not _has_ended(worker.sentinel)]
        for at in range(0, len(pids), _AT_ONCE):
            LINE.say("ending", children=pids[at : at + _AT_ONCE])
    except Exception:
        LINE.missed()


def tell_signal(popen, number):
    """Say it of one child."""
    try:
        if not _has_ended(popen.sentinel):
            LINE.say("signalled", child=popen.pid, signal=int(number))
    except Exception:
        LINE.missed()


def _has_ended(sentinel):
    """Without reaping it."""
    from select import POLLIN, poll  # in C, and seldom needed

    poller = poll()
    poller.register(sentinel, POLLIN)
    return bool(poller.poll(0))
