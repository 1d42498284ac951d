"""Signals by name: what a person may write, and what reaches the supervisor itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from app.linux.poller import Poller
from app.records.errors import InvalidField


def number_of(name: str) -> int:
    """The number of ``SIGUSR1``, ``usr1`` or ``10``; raises `InvalidField` for anything else."""
    text = name.upper()
    try:
        if text.isdigit():
            return int(signal.Signals(int(text)))
        return int(signal.Signals[text if text.startswith("SIG") else f"SIG{text}"])
    except (KeyError, ValueError):
        raise InvalidField("signal", f"{name!r} is not a signal; allowed are e.g. SIGUSR1, hup and 15") from None


class StopSignals:
    """SIGTERM and SIGINT as a byte in a pipe: a handler does nothing but wake the loop, which PEP 475 would not."""

    def __init__(self, poller: Poller, on_stop: Callable[[], None]) -> None:
        self._on_stop = on_stop
        self._read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        poller.watch(self._read, self._ready)

    def _ready(self, _events: int) -> None:
        if set(os.read(self._read, 512)) & {signal.SIGTERM, signal.SIGINT}:
            self._on_stop()
