"""The signals that stop the supervisor."""

import os
import signal
from collections.abc import Callable

from app.linux.poller import Poller


class StopSignals:
    """Calls ``on_stop`` in the loop for SIGTERM and SIGINT.

    The signal writes a byte into a pipe: a handler alone would not end the loop's wait (PEP 475).
    """

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
