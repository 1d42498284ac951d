"""A whole Procession instance, driven through its control socket."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from app.client import Connection, call
from app.protocol.control import Act, AnyCommand, DeltaMessage, Join, Launch, SnapshotMessage, Subscribe
from app.records.process import LaunchSpec, Process
from app.records.stream import Snapshot
from app.records.verbs import Verb
from tests.instance import Instance

ROOT = str(Path(__file__).parents[1])


class Ours:
    """Commands on one connection; each `watch` has its own."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._path = instance.home / "control.sock"
        self._numbers = itertools.count(1)
        self._connection = Connection(self._path, 120)

    def ask(self, make: Callable[[int], AnyCommand]) -> Any:
        """Send one command and return its result."""
        return call(self._connection, make(next(self._numbers)))

    def launch(self, spec: LaunchSpec, count: int = 1) -> list[Process]:
        """Launch processes; return their records."""
        answer = self.ask(lambda number: Launch(request=number, by="bench", spec=spec, count=count))
        return msgspec.convert(answer["processes"], list[Process])

    def join(self, process_id: str) -> None:
        """Wait for the end of a process."""
        self.ask(lambda number: Join(request=number, by="bench", process=process_id, timeout_s=60))

    def kill(self, process_id: str) -> None:
        """Kill a process."""
        self.ask(lambda number: Act(request=number, by="bench", process=process_id, verb=Verb.KILL))

    def snapshot(self) -> Snapshot:
        """Return the current state."""
        connection = Connection(self._path, 120)
        connection.send(Subscribe(request=1, by="bench"))
        answer = connection.receive()
        connection.close()
        assert isinstance(answer, SnapshotMessage)
        return answer.snapshot

    def wait_running(self, count: int, seconds: float = 120) -> None:
        """Wait until so many processes run."""
        deadline = time.monotonic() + seconds
        while (running := sum(each.state == "running" for each in self.snapshot().processes)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{running} of {count} run")
            time.sleep(0.2)

    def watch(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every patch of a process, with the monotonic ns at which we had it; the first is empty: subscribed."""
        connection = Connection(self._path, 60)
        connection.send(Subscribe(request=1, by="bench"))
        while True:
            match connection.receive():
                case SnapshotMessage():
                    yield time.monotonic_ns(), {}
                case DeltaMessage(delta=delta):
                    now = time.monotonic_ns()
                    for patch in delta.changed.processes:
                        yield now, patch
