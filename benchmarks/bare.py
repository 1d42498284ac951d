"""The bare peer, run as `python -m benchmarks.bare`: multiprocessing, one epoll of pidfds, and nothing else.

Commands come as lines on standard input; everything is told through the fifo, with the monotonic time in ns:

    start TAG         one process that stamps and ends     "called TAG", then "exit PID"
    keep N            N processes that stay, restarted at their end
                                                           "pid PID" each, "exit PID", "restarted PID OLD"
"""

from __future__ import annotations

import multiprocessing
import os
import select
import sys
import time
from multiprocessing.process import BaseProcess
from typing import Any

from .targets import stamp

# One that ends at once may be reaped by the forkserver before there is a pidfd.
LINGER_S = 0.05


class Loop:
    """Starts processes, notices their ends, and restarts them; nothing else."""

    def __init__(self, method: str, fifo: str) -> None:
        self._context: Any = multiprocessing.get_context(method)
        self._fifo = fifo
        self._out = os.open(fifo, os.O_WRONLY)
        self._epoll = select.epoll()
        self._epoll.register(0, select.EPOLLIN)
        self._kept: dict[int, tuple[BaseProcess, bool]] = {}

    def run(self) -> None:
        """Run until standard input ends."""
        while True:
            for fd, _ in self._epoll.poll():
                if fd != 0:
                    self._ended(fd)
                elif not self._command(sys.stdin.readline().split()):
                    return

    def _command(self, words: list[str]) -> bool:
        match words:
            case ["start", tag]:
                self._tell(f"called {tag}")
                self._start(tag, LINGER_S, again=False)
            case ["many", count]:
                self._tell("called many")
                for number in range(int(count)):
                    self._start(f"{number}", 600.0, again=False)
            case ["keep", count]:
                for number in range(int(count)):
                    self._tell(f"pid {self._start(f'kept-{number}', 600.0, again=True)}")
            case _:
                self._end()
                return False
        return True

    def _start(self, tag: str, seconds: float, *, again: bool) -> int:
        process: BaseProcess = self._context.Process(target=stamp, args=(self._fifo, tag, seconds), daemon=True)
        process.start()
        assert process.pid
        fd = os.pidfd_open(process.pid)
        self._kept[fd] = process, again
        self._epoll.register(fd, select.EPOLLIN)
        return process.pid

    def _ended(self, fd: int) -> None:
        process, again = self._kept.pop(fd)
        self._tell(f"exit {process.pid}")
        self._epoll.unregister(fd)
        os.close(fd)
        process.join()
        if again:
            self._tell(f"restarted {self._start('again', 600.0, again=True)} {process.pid}")
        process.close()

    def _end(self) -> None:
        for process, _ in self._kept.values():
            process.kill()
        for process, _ in self._kept.values():
            process.join()

    def _tell(self, text: str) -> None:
        os.write(self._out, f"{text} {time.monotonic_ns()}\n".encode())


if __name__ == "__main__":
    Loop(sys.argv[1], sys.argv[2]).run()
