"""Report the threads that a process starts, and those that die of an exception."""

from time import monotonic_ns

from ..json_text import encoded, quoted, short
from ..line import LINE, tell
from ..wrapping import HIDDEN, wrap

WIDE = "_procession_wide"  # attribute of a thread that was reported again, because it may use anything
# Reported threads: in which second, and how many.
_REPORTED = [0, 0]
_MOST_A_SECOND = 100
# These call the target.
_THEIR_RUN = frozenset(("Thread.run", "BaseProcess.run"))


def patch(module):
    """Patch `threading`."""
    wrap(module.Thread, "start", _start)
    if "_make_invoke_excepthook" in vars(module):
        wrap(module, "_make_invoke_excepthook", _make_invoke_excepthook)


def _start(original):
    """Report which resources a thread of the program can use: any other has no part in a wait for them."""

    def start(self):
        told = _reports_threads()
        try:
            # Before the start: the thread deletes its target when it ends.
            reaches = reach_of(self, "_target", "_args", "_kwargs") if told else None
        except Exception:
            reaches = None
        with HIDDEN:
            original(self)
        if told:
            tell_thread(self, None if hasattr(self, WIDE) else reaches)

    return start


def tell_thread(thread, reaches=None):
    """Report the resources that a thread can use, None for any; the last report counts."""
    try:
        told = '{"kind":"thread","tid":%d,"name":%s,"reaches":%s,"at":%d}' % (
            thread.native_id,
            quoted(short(thread.name)),
            encoded(reaches),
            monotonic_ns(),
        )
        tell(told.encode("ascii"))
    except Exception:
        LINE.missed()


def _make_invoke_excepthook(original):
    """Report a thread that dies of an exception, by the hook that it then calls: its traceback has no frame of ours."""

    def _make_invoke_excepthook():
        invoke = original()

        def invoke_excepthook(thread):
            try:
                if _reports_threads():
                    from . import dying

                    dying.tell(thread)
            except Exception:
                LINE.missed()
            invoke(thread)

        return invoke_excepthook

    return _make_invoke_excepthook


def _reports_threads():
    """Return whether to report one more thread: a hundred a second at most."""
    second = monotonic_ns() // 1_000_000_000
    if _REPORTED[0] != second:
        _REPORTED[:] = second, 0
    _REPORTED[1] += 1
    return _REPORTED[1] <= _MOST_A_SECOND


def reach_of(runner, target, args, kwargs):
    """Return the keys of the resources that a process or thread can use, by its run() or target; None for any."""
    from .. import reach  # most processes start none

    if type(runner).run.__qualname__ not in _THEIR_RUN:
        return reach.reached(runner.run)
    given = vars(runner)
    return reach.reached(given.get(target), given.get(args), given.get(kwargs))
