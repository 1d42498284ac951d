"""One blocking point for a process that lives on signals: a pipe into which each of them writes a byte.

A signal does not end a blocking wait (PEP 475), and a handler may do next to nothing; so handlers only note
the number, and the byte wakes the wait.  SIGCHLD is among them: it tells of adopted orphans too, which no
pidfd would.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterable


class Wakeup:
    """Waits for signals, and for one more fd where it is asked to."""

    def __init__(self, signals: Iterable[signal.Signals], noted: Callable[[signal.Signals], None]) -> None:
        self._signals = tuple(signals)
        self._read_fd, write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for each in self._signals:
            # `nohup` asked for SIGHUP to be ignored.
            if each is not signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN:
                signal.signal(each, lambda number, _frame: noted(signal.Signals(number)))

    def wait(self, timeout_s: float | None, fd: int | None = None) -> None:
        """Block until a signal came, ``fd`` is readable, or the timeout is over."""
        poll = select.poll()
        for each in (self._read_fd, fd):
            if each is not None:
                poll.register(each, select.POLLIN)
        poll.poll(None if timeout_s is None else timeout_s * 1000)
        self._drain()

    def deafen(self) -> None:
        """From now on the signals are ignored; an interpreter that exits would else die by one of them."""
        for each in self._signals:
            signal.signal(each, signal.SIG_IGN)

    def _drain(self) -> None:
        try:
            while os.read(self._read_fd, 4096):
                pass
        except BlockingIOError:
            pass
