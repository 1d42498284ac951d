"""Report which children a parent or a pool is about to signal: the living ones, which it may not know yet."""

from ..line import LINE

_AT_ONCE = 200


def tell(workers):
    """Report the living workers of a pool as about to be ended."""
    try:
        pids = [worker.pid for worker in workers if worker.pid is not None and not _has_ended(worker.sentinel)]
        for at in range(0, len(pids), _AT_ONCE):
            LINE.say("ending", children=pids[at : at + _AT_ONCE])
    except Exception:
        LINE.missed()


def tell_signal(popen, number):
    """Report that one child is about to be signalled."""
    try:
        if not _has_ended(popen.sentinel):
            LINE.say("signalled", child=popen.pid, signal=int(number))
    except Exception:
        LINE.missed()


def _has_ended(sentinel):
    """Return whether a process has ended, without reaping it."""
    from select import POLLIN, poll  # in C, and rarely needed

    poller = poll()
    poller.register(sentinel, POLLIN)
    return bool(poller.poll(0))
