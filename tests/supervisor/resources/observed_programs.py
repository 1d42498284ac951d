"""A real program under the real observer, with its resources read as the supervisor does; no supervisor runs."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import asdict

from app.linux import proc
from app.linux.pidfds import readable
from app.linux.poller import Poller
from app.protocol import observer as w
from app.records.errors import NotPossible
from app.records.primitives import Now, Record
from app.records.waits import Edge
from app.supervisor.observers.connection import Heard
from app.supervisor.observers.listener import ObserverSocket
from app.supervisor.resources.resources import Resources
from procession.observer import joined, variables
from tests.waiting import WITHIN_S, wait_until

T = TypeVar("T")

#: What every program starts with. ``say`` sends the observer socket a message of the program's choice.
PROLOGUE = """
import multiprocessing, os, signal, sys, threading, time

def tell(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def say(kind, fds=(), **fields):
    from _procession_observer.line import LINE
    LINE.say(kind, fds, **fields)

def wait():
    sys.stdin.readline()
"""


class Watched:
    """A running program and the resources read from it."""

    def __init__(self, process: "subprocess.Popen[str]", poller: Poller, listener: ObserverSocket) -> None:
        self.process = process
        self.resources = Resources()
        self.resources.watched = True
        self.words: list[Heard] = []
        self._poller, self._listener = poller, listener
        self._pidfds: dict[int, int] = {}

    @property
    def pid(self) -> int:
        return self.process.pid

    def told(self) -> list[str]:
        """Return the words of the next line that the program prints."""
        assert self.process.stdout
        return self.process.stdout.readline().split()

    def go_on(self) -> None:
        """Let the program return from one ``wait()``."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def look(self) -> None:
        """Handle messages and exits, and read the resources even if that is not due."""
        self._poller.wait(0)
        for heard in self._listener.take(4096):
            if isinstance(heard, Heard):
                self._hear(heard)
        for pid, pidfd in list(self._pidfds.items()):
            if readable(pidfd):
                self._listener.drain(pid)
                for heard in self._listener.take(4096):
                    if isinstance(heard, Heard):
                        self._hear(heard)
                os.close(self._pidfds.pop(pid))
                self.resources.intake.ended(pid, _now())
        self.resources._read_at = 0.0
        self.resources.read(_now())

    def see(self, predicate: Callable[["Watched"], T], deadline_s: float = WITHIN_S) -> T:
        """Return the first true result of the predicate, reading the resources before each try."""

        def looked() -> T:
            self.look()
            return predicate(self)

        try:
            return wait_until(looked, deadline_s)
        except AssertionError as error:
            shown = [*self.resources.records.values(), *self.resources.edges()]
            raise AssertionError("\n".join([str(error), *map(_summary, shown)])) from None

    def one(self, kind: str) -> Any:
        """Return the only resource of that kind that is not part of another, else None."""
        found = [one for one in self.resources.records.values() if one.kind == kind and one.part_of is None]
        return found[0] if len(found) == 1 else None

    def edges(self, to: str) -> list[Edge]:
        return [edge for edge in self.resources.edges() if edge.to == to]

    def try_break_lock(self, resource_id: str) -> str:
        """Break a lock and return the message; return nothing where that is not possible yet."""
        with contextlib.suppress(NotPossible):
            return self.resources.break_lock(resource_id)
        return ""

    def close(self) -> None:
        self.resources.close()
        for pidfd in self._pidfds.values():
            os.close(pidfd)

    def _watch(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._pidfds[pid] = os.pidfd_open(pid)

    def _hear(self, heard: Heard) -> None:
        pid = heard.key[0]
        self.words.append(heard)
        if isinstance(heard.word, w.Hello) and pid not in self._pidfds:
            self._watch(pid)
        lives = pid in self._pidfds
        self.resources.intake.report(heard.key if lives else (pid, 0), heard.word, heard.fds, _now())
        if isinstance(heard.word, w.Hello) and heard.word.forked:
            self.resources.intake.forked(heard.word.ppid, pid)


def _now() -> Now:
    return Now(mono=time.monotonic(), wall=time.time())


def _summary(record: Record) -> str:
    told = {name: value for name, value in asdict(record).items() if value not in (None, (), False)}
    return f"{type(record).__name__} {told}"


def _end(process: "subprocess.Popen[str]") -> None:
    """Kill its session except for the resource tracker, which cleans up /dev/shm and then exits."""
    for stat in filter(None, map(proc.stat, proc.pids())):
        if stat.session == process.pid and b"resource_tracker" not in (proc.read(f"{stat.pid}/cmdline") or b""):
            with contextlib.suppress(ProcessLookupError):
                os.kill(stat.pid, 9)
    process.wait()
    wait_until(lambda: not any(stat.session == process.pid for stat in filter(None, map(proc.stat, proc.pids()))))


@contextlib.contextmanager
def watched(
    folder: Path, code: str, *arguments: str, owners: bool = False, python: str = sys.executable
) -> Iterator[Watched]:
    """Run a program under the observer; end all of its processes at the end of the block."""
    poller = Poller()
    listener = ObserverSocket(folder / "observer.sock", poller)
    script = folder / "program.py"
    script.write_text(PROLOGUE + code)
    process = subprocess.Popen(
        (python, str(script), *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=joined(os.environ, variables(str(folder / "observer.sock"), "p1", owners=owners)),
        start_new_session=True,
    )
    program = Watched(process, poller, listener)
    try:
        yield program
    finally:
        _end(process)
        for pipe in (process.stdin, process.stdout):
            assert pipe
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        program.close()
        listener.close()
        poller.close()
