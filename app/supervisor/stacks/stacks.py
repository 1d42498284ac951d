"""Where a process stands, whatever it does: a ladder that is climbed without ever waiting.

::

    request ─▶ /proc (state, system call: always the heading)
                 └▶ faulthandler by signal ─▶ dump in the stack file      not for a stopped one: it cannot answer
                      └▶ py-spy --nonblocking ─▶ dump in a pipe
                           └▶ /proc of each thread ─▶ finished

`tick` looks after everything on its way, `next_deadline` says when it wants to be called.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Generic, TypeVar

from app.linux import proc
from app.linux.poller import Poller
from app.records.primitives import Key

from .ladder import Climb, Shared, StackResult
from .pyspy import find_py_spy
from .python_stack import top_frame

__all__ = ["StackResult", "Stacks", "find_py_spy", "top_frame"]

Token = TypeVar("Token")

_LOOK_EVERY_S = 0.01


class Stacks(Generic[Token]):
    """Takes requests, and puts (token, result) into ``finished``: one for every request, whatever happens."""

    def __init__(self, poller: Poller, py_spy: str | None) -> None:
        self.finished: deque[tuple[Token, StackResult]] = deque()
        self._shared = Shared(poller, py_spy)
        self._climbs: dict[Key, tuple[Climb, list[Token]]] = {}
        self._looked_at = 0.0

    def request(self, token: Token, pid: int, stack_path: Path, stack_signal: int, now: float) -> None:
        """Begin; who asks for the same process meanwhile gets the same answer.  ``stack_signal`` 0: no faulthandler."""
        stat = proc.stat(pid)
        if stat is None or stat.dead:
            self.finished.append((token, StackResult(source="proc", text=f"pid {pid} has ended\n")))
            return
        key = (pid, stat.start_ticks)
        if key not in self._climbs:
            self._climbs[key] = Climb(key, stack_path, stack_signal, self._shared), []
            self._looked_at = now
        climb, tokens = self._climbs[key]
        tokens.append(token)
        self._step(climb, now)

    def tick(self, now: float) -> None:
        """Look after all that is on its way."""
        self._looked_at = now
        self._shared.reap()
        for climb, _ in tuple(self._climbs.values()):
            self._step(climb, now)

    def next_deadline(self) -> float | None:
        """When `tick` wants to be called; None where nothing is on its way."""
        return self._looked_at + _LOOK_EVERY_S if self._climbs or self._shared.spies else None

    def helpers(self) -> tuple[int, ...]:
        """The pids of the py-spys that run: the supervisor's own, and nobody's descendants."""
        return tuple(spy.pid for spy in self._shared.spies)

    def close(self) -> None:
        """End what is on its way, unanswered."""
        for climb, _ in self._climbs.values():
            climb.leave()
        self._climbs.clear()

    def _step(self, climb: Climb, now: float) -> None:
        if result := climb.step(now):
            climb.leave()
            _, tokens = self._climbs.pop(climb.key)
            self.finished.extend((token, result) for token in tokens)
