"""Capture the stack of any process, whatever it does, without blocking: try one source after the other.

::

    request ─▶ /proc (state, system call: always the heading)
                 └▶ faulthandler by signal ─▶ dump in the stack file      not if it is stopped: it cannot respond
                      └▶ py-spy --nonblocking ─▶ dump in a pipe
                           └▶ /proc of each thread ─▶ finished

`tick` advances all captures; `next_deadline` says when it is to be called.
"""

from collections import deque
from pathlib import Path
from typing import Generic, TypeVar

from app.core.scene.python_stack import top_frame
from app.linux import proc
from app.linux.poller import Poller
from app.records.primitives import Key

from .capture import Capture, Shared, StackResult
from .pyspy import find_py_spy

__all__ = ["StackResult", "Stacks", "find_py_spy", "top_frame"]

Token = TypeVar("Token")

_STEP_S = 0.01


class Stacks(Generic[Token]):
    """Takes requests, and puts one (token, result) into ``finished`` for each, whatever happens."""

    def __init__(self, poller: Poller, py_spy: str | None) -> None:
        self.finished: deque[tuple[Token, StackResult]] = deque()
        self._shared = Shared(poller, py_spy)
        self._captures: dict[Key, tuple[Capture, list[Token]]] = {}
        self._stepped_at = 0.0

    def request(self, token: Token, pid: int, stack_path: Path, stack_signal: int, now: float) -> None:
        """Begin a capture, or join one of the same process.  ``stack_signal`` 0: do not use faulthandler."""
        stat = proc.stat(pid)
        if stat is None or stat.dead:
            self.finished.append((token, StackResult(source="proc", text=f"pid {pid} has ended\n")))
            return
        key = (pid, stat.start_ticks)
        if key not in self._captures:
            self._captures[key] = Capture(key, stack_path, stack_signal, self._shared), []
            self._stepped_at = now
        capture, tokens = self._captures[key]
        tokens.append(token)
        self._step(capture, now)

    def tick(self, now: float) -> None:
        self._stepped_at = now
        self._shared.reap()
        for capture, _ in tuple(self._captures.values()):
            self._step(capture, now)

    def next_deadline(self) -> float | None:
        """Return when `tick` is to be called; None without captures."""
        return self._stepped_at + _STEP_S if self._captures or self._shared.spies else None

    def helpers(self) -> tuple[int, ...]:
        """Return the pids of running py-spys, which are the supervisor's own processes."""
        return tuple(spy.pid for spy in self._shared.spies)

    def close(self) -> None:
        """Drop all captures without a result."""
        for capture, _ in self._captures.values():
            capture.leave()
        self._captures.clear()

    def _step(self, capture: Capture, now: float) -> None:
        if result := capture.step(now):
            capture.leave()
            _, tokens = self._captures.pop(capture.key)
            self.finished.extend((token, result) for token in tokens)
