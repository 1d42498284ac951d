"""Kill workers of one pool, in a process of its own, and report what became of the tasks.

Every wait has a limit: a task without a result after it counts as lost without a word, or as hanging where it is more
than can have been in the killed workers.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import tasks
from .measures import Measured
from .peers import Opened

# billiard gives a lost task up after ten seconds.
WAIT_S = 13.0
MANY_WAIT_S = 25.0
VICTIM_S = 2.0
OTHERS = 20
BIG = 50 << 20
TASKS = 5_000
KILLS = 50

# In words, with "{n}" for a number that differs from run to run.
Verdict = tuple[str, int]


@dataclass
class Came:
    """The outcome of some tasks; ``raised`` counts them by the name of the exception."""

    done: int = 0
    pending: int = 0
    raised: dict[str, int] = field(default_factory=dict)

    def add(self, error: BaseException) -> None:
        """Note an exception; billiard wraps the original one."""
        name = type(getattr(error, "exc", error)).__name__
        self.raised[name] = self.raised.get(name, 0) + 1

    def names(self) -> str:
        """Return the names of the exceptions."""
        return ", ".join(self.raised)


class Suffering:
    """A warm pool, and a folder in which workers that can be killed write their pids."""

    def __init__(self, at: Measured, folder: str) -> None:
        self.pool: Opened = at.pool
        self.pids = at.pids
        self.folder = folder

    def registered(self) -> list[int]:
        """Return the pids of announced workers that are alive."""
        return [pid for name in os.listdir(self.folder) if _lives(pid := int(name))]  # noqa: PTH208

    def wait_registered(self) -> int:
        """Wait for the first announced worker and return its pid."""
        deadline = time.monotonic() + WAIT_S
        while not (found := self.registered()):
            if time.monotonic() > deadline:
                raise TimeoutError("no worker told that it began")
            time.sleep(0.001)
        return found[0]

    def others(self, came: Came) -> list[Any]:
        """Submit further tasks; a broken pool may refuse them."""
        handles = []
        for number in range(OTHERS):
            try:
                handles.append(self.pool.submit(tasks.identity, number))
            except Exception as error:  # noqa: BLE001  # whatever it is, it is told
                came.add(error)
        return handles

    def collect(self, handles: Sequence[Any], came: Came, deadline: float) -> Came:
        """Return the outcome of tasks so far."""
        for handle in handles:
            while not self.pool.ready(handle) and time.monotonic() < deadline:
                time.sleep(0.002)
            if not self.pool.ready(handle):
                came.pending += 1
                continue
            try:
                self.pool.value(handle)
                came.done += 1
            except Exception as error:  # noqa: BLE001  # as above
                came.add(error)
        return came

    def kill(self, pid: int, handles: Sequence[Any], task: Any = None) -> Verdict:
        """Kill a worker, submit more tasks, and return what became of its task and of the others."""
        os.kill(pid, signal.SIGKILL)
        rest = Came()
        handles = [*handles, *self.others(rest)]
        time.sleep(0.5)
        handles += self.others(rest)
        deadline = time.monotonic() + WAIT_S
        its = self.collect([task], Came(), deadline) if task is not None else Came()
        rest = self.collect(handles, rest, deadline)
        # In a pool that is broken altogether, the one task is no exception.
        if task is None or (rest.raised and not rest.pending and its.raised.keys() <= rest.raised.keys()):
            return _rest(rest), 0
        return f"{self._task(its)}, {_rest(rest)}", 0

    def _task(self, came: Came) -> str:
        if came.raised:
            return f"task named lost ({came.names()})"
        if came.pending:
            return "task silently lost"
        return "task run again" if len(os.listdir(self.folder)) > 1 else "task finished before"  # noqa: PTH208


def busy(at: Suffering) -> Verdict:
    """Kill a busy worker, while other tasks wait."""
    task = at.pool.submit(tasks.victim, at.folder, VICTIM_S)
    pid = at.wait_registered()
    return at.kill(pid, at.others(Came()), task)


def idle(at: Suffering) -> Verdict:
    """Kill an idle worker."""
    time.sleep(0.3)
    return at.kill(random.choice(at.pids), [])


def writing(at: Suffering) -> Verdict:
    """Kill a worker while it writes a result of 50 MiB."""
    task = at.pool.submit(tasks.give_big, at.folder, BIG)
    pid = at.wait_registered()
    time.sleep(random.uniform(0.005, 0.03))
    return at.kill(pid, [], task)


def many(at: Suffering) -> Verdict:
    """Kill fifty workers at random moments of five thousand tasks."""
    handles = [at.pool.submit(tasks.short, at.folder, number) for number in range(TASKS)]
    deadline = time.monotonic() + MANY_WAIT_S
    killed = 0
    while killed < KILLS and time.monotonic() < deadline and not all(map(at.pool.ready, handles[-OTHERS:])):
        time.sleep(random.uniform(0, 0.04))
        if found := at.registered():
            with contextlib.suppress(ProcessLookupError):
                os.kill(random.choice(found), signal.SIGKILL)
                killed += 1
    came = at.collect(handles, Came(), deadline)
    raised = sum(came.raised.values())
    if came.pending > killed:
        return "hangs", 0
    if raised > killed:
        return f"broken ({came.names()})", 0
    if came.pending:
        return "{n} silently lost, rest done", came.pending
    return f"{{n}} named lost ({came.names()}), rest done" if raised else "all done", raised


KINDS: dict[str, Callable[[Suffering], Verdict]] = {"busy": busy, "idle": idle, "many": many, "writing": writing}


def suffer(kind: str, peer: str, method: str, workers: int, tell: Callable[[dict[str, object]], None]) -> None:
    """Report the verdict of one kind of kill, and exit at once: a hanging pool would block the exit."""
    from .catalogue import PEERS

    with tempfile.TemporaryDirectory(prefix="procession-kills-") as folder:
        verdict, count = KINDS[kind](Suffering(Measured(PEERS[peer], method, workers), folder))
    tell({"verdict": verdict, "count": count})
    os._exit(0)


def _rest(came: Came) -> str:
    if came.pending:
        return "hangs"
    return f"whole pool broken ({came.names()})" if came.raised else "rest done"


def _lives(pid: int) -> bool:
    """Return whether a process is alive."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
