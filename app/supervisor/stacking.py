"""Capture stacks on request: for a client, and to say where a stuck process stands.

A capture takes milliseconds to seconds, so the reply comes later: `stacks.Stacks` makes it, and `take` collects what is
ready in each turn.
"""

from pathlib import Path

from msgspec import Struct

from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.protocol.control import Stack, reply
from app.records import primitives as p
from app.records.errors import NoSuchProcess, NotPossible
from app.records.primitives import Key
from app.supervisor.control.peer import Client
from app.supervisor.control.server import ControlServer
from app.supervisor.stacks.stacks import Stacks, top_frame

from .context import Context
from .sources import Sources
from .suspects import Suspects


class Stuck(Struct, frozen=True):
    """The stuck process, or stuck worker of a pool, whose current line is wanted."""

    process: str
    worker: int | None


class Suspect(Struct, frozen=True):
    """An observed process that a finding may be about."""

    pid: int


#: A client and its request, or who is stuck.
Token = tuple[int, int] | Stuck | Suspect


class Stacking:
    """Requests captures, and hands the results to clients and to the fleet."""

    def __init__(
        self,
        context: Context,
        fleet: Fleet,
        control: ControlServer,
        stacks: Stacks[Token],
        suspects: Suspects,
        sources: Sources,
    ) -> None:
        self._context, self._fleet, self._control, self._stacks = context, fleet, control, stacks
        self._suspects, self._sources = suspects, sources
        self._signals: dict[str, int] = {}

    def helpers(self) -> tuple[int, ...]:
        """Return the processes of ours that capture stacks or read sources."""
        return (*self._stacks.helpers(), *self._sources.pids())

    def next_deadline(self) -> float | None:
        """Return when `take` is to be called; None if nothing is on its way."""
        deadlines = (self._stacks.next_deadline(), self._sources.next_deadline())
        return min((one for one in deadlines if one is not None), default=None)

    def booted(self, process_id: str, stack_signal: int) -> None:
        """Note the signal that makes a process dump its stack."""
        self._signals[process_id] = stack_signal

    def forget(self, process_id: str) -> None:
        """Forget the signal of a process that is closed."""
        self._signals.pop(process_id, None)

    def answer(self, client: Client, command: Stack, now: p.Now) -> None:
        """Begin a capture; the client gets its reply when that is done."""
        key = self._key(command)
        self._request((client.id, command.request), command.process, key, now)

    def find_frame(self, process_id: str, key: Key, now: p.Now, *, worker: bool) -> None:
        """Begin to find the line at which a stuck process, or a ``worker`` of its pool, stands."""
        self._request(Stuck(process_id, key[0] if worker else None), process_id, key, now)

    def take(self, now: p.Now) -> list[e.Happening]:
        """Reply to clients whose capture is done; return the lines found for stuck processes as events."""
        for pid in self._suspects.due(now.mono):
            # It has no handler of ours, so there is no file that it would write into.
            self._stacks.request(Suspect(pid), pid, Path(), 0, now.mono)
        self._stacks.tick(now.mono)
        found: list[e.Happening] = []
        while self._stacks.finished:
            token, result = self._stacks.finished.popleft()
            if isinstance(token, Stuck):
                found.append(e.FrameFound(token.process, top_frame(result.text) or "", token.worker))
            elif isinstance(token, Suspect):
                self._suspects.found(token.pid, result.text)
            elif client := self._control.clients.get(token[0]):
                client.send(reply(token[1], result))
        self._sources.look(self._suspects.stacks, now.mono)
        self._suspects.sources = self._sources.known
        return found

    def _request(self, token: Token, process_id: str, key: Key, now: p.Now) -> None:
        path = self._context.settings.stack_path(process_id)
        self._stacks.request(token, key[0], path, self._signals.get(process_id, 0), now.mono)

    def _key(self, command: Stack) -> Key:
        member = self._fleet.member(command.process)
        if command.pid is not None and command.pid != member.process.pid:
            # Not from the last sweep: the worker of a pool can be captured as soon as it is started.
            for one in self._context.inventory.tree_of(command.process):
                if one.pid == command.pid:
                    return one.key
            raise NoSuchProcess(f"pid {command.pid} is not a descendant of {command.process}")
        if member.key is None:
            raise NotPossible(f"stack is not possible while the process is {member.process.state}")
        return member.key
