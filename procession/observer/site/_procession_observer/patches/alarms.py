"""Report the alarm of `signal.alarm` or `signal.setitimer`.  Loaded when the program sets one."""

from _signal import ITIMER_REAL, SIG_DFL, SIGALRM, getitimer, getsignal  # type: ignore[import-not-found]
from time import monotonic_ns

from ..line import tell as send

_FOR_EVER_S = 10**9


def tell(raises):
    """Report in how many seconds the alarm ends a wait of the main thread; 0 if it does not."""
    seconds, interval = getitimer(ITIMER_REAL)
    ends = raises or getsignal(SIGALRM) == SIG_DFL
    left = _FOR_EVER_S if interval else seconds
    send(b'{"kind":"alarm","seconds":%.3f,"at":%d}' % (left if ends and seconds else 0, monotonic_ns()))
