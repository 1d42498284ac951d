"""Record who acquired each lock last, in the page of that process; only with PROCESSION_OBSERVE_OWNERS=1.

The supervisor takes the last process that acquired a lock for its holder while it is locked.  So releasing costs
nothing, and the record survives the process, as its page does.
"""

from time import monotonic_ns

from ..making import SLOT
from ..page import NOWHERE, PAGE, WORDS
from ..wrapping import HIDDEN, hide, wrap

TAKEN_AT = 7


def patch(module):
    module.SemLock._procession_slot = NOWHERE
    wrap(module.SemLock, "_make_methods", _make_methods)
    wrap(module.SemLock, "__enter__", _enter)


def _make_methods(original):
    """Called in each process that makes or receives a lock."""

    def _make_methods(self):
        with HIDDEN:
            original(self)
        if self._semlock.maxvalue == 1:
            at = PAGE.slot()
            setattr(self, SLOT, at)
            self.acquire = _acquire(self._semlock.acquire, at + TAKEN_AT)

    return _make_methods


def _acquire(take, at):
    def acquire(block=True, timeout=None):
        try:
            taken = take(block, timeout)
        except BaseException as error:
            hide(error)
            raise
        if taken:
            WORDS[0][at] = monotonic_ns()
        return taken

    return acquire


def _enter(original):
    def __enter__(self):
        try:
            taken = self._semlock.__enter__()
        except BaseException as error:
            hide(error)
            raise
        WORDS[0][self._procession_slot + TAKEN_AT] = monotonic_ns()
        return taken

    return __enter__
