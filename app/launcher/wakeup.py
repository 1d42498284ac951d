"""Wait for signals at one blocking point: each signal writes a byte into a pipe.

A signal alone does not end a blocking wait (PEP 475), and a handler should do as little as possible; so handlers only
note the number, and the byte ends the wait.  SIGCHLD is one of them: it reports adopted orphans, which pidfds do not.
"""

import os
import select
import signal
from collections.abc import Callable, Iterable


class Wakeup:
    """Waits for signals, and optionally for one fd."""

    def __init__(self, signals: Iterable[signal.Signals], on_signal: Callable[[signal.Signals], None]) -> None:
        self._signals = tuple(signals)
        self._read_fd, write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for each in self._signals:
            # `nohup` makes SIGHUP ignored: leave it so.
            if each is not signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN:
                signal.signal(each, lambda number, _frame: on_signal(signal.Signals(number)))

    def wait(self, timeout_s: float | None, fd: int | None = None) -> None:
        """Block until a signal has arrived, ``fd`` is readable, or the timeout is over."""
        poll = select.poll()
        for each in (self._read_fd, fd):
            if each is not None:
                poll.register(each, select.POLLIN)
        poll.poll(None if timeout_s is None else timeout_s * 1000)
        self._drain()

    def ignore_signals(self) -> None:
        """Ignore the signals from now on, or one that arrives while the interpreter exits would kill it."""
        for each in self._signals:
            signal.signal(each, signal.SIG_IGN)

    def _drain(self) -> None:
        try:
            while os.read(self._read_fd, 4096):
                pass
        except BlockingIOError:
            pass
