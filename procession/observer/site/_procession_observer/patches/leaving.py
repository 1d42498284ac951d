"""Report why a process ends, and that it may have to wait at its end: `multiprocessing.util._exit_function`.

Loaded when there may be something to report: most processes end without it.
"""

import sys
from time import monotonic_ns

from .. import errors
from ..json_text import encoded
from ..line import tell as send


def tell(util):
    """Report the exception that ends this process, or that children or feeder threads may keep it from ending."""
    error = _error(util)
    line = error and errors.line_of(error)
    if not line and not _waits(util):
        return
    place = errors.place_of(error) if line else ""
    send(encoded({"kind": "leaving", "error": line, "place": place, "at": monotonic_ns()}).encode("ascii"))


def _error(util):
    """Return the exception that propagates out of run(), or ended the main program; else None."""
    error = sys.exc_info()[1]
    if error is None and util.process.parent_process() is None:
        error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        error = error if error is not None and _is_of_main(error) else None
    return error


def _is_of_main(error):
    """Return whether nothing caught it: test runners and consoles note there what they have caught."""
    outermost = error.__traceback__
    if outermost is None:
        return False
    variables = outermost.tb_frame.f_globals
    return variables is vars(sys.modules["__main__"]) or variables.get("__name__") == "runpy"


def _waits(util):
    if any(not child.daemon for child in list(util.process._children)):
        return True
    return any(_is_busy_feeder(one) for one in list(util._finalizer_registry.values()))


def _is_busy_feeder(finalizer):
    """Return whether this would join the feeder thread of a queue that has items left to write."""
    callback = getattr(finalizer, "_callback", None)
    if getattr(callback, "__name__", "") != "_finalize_join":
        return False
    known = finalizer._args  # None as soon as another thread has called it
    thread = known[0]() if known else None
    if thread is None or not thread.is_alive():
        return False
    # As long as it runs, a thread keeps what it was given: one without has just ended, though is_alive() may say more.
    given = getattr(thread, "_args", None)
    if not given:
        return False
    buffer, notempty = given[:2]
    # While it has nothing to do, it waits on its condition.
    return bool(buffer) or not notempty._waiters
