"""Questions that change nothing: the consequences of a stop, details, charts, the journal, the catalogue."""

import sys
from typing import Any

import msgspec

import workers
from app.core.fleet.fleet import Fleet
from app.core.fleet.tree import tree_of
from app.core.pools.ending import lost_with
from app.linux.inspection import inspect
from app.protocol import control as m
from app.protocol.programs import ProgramWorkloads
from app.records.errors import NotPossible
from app.records.pool import Pool, WorkerState
from app.records.primitives import JsonDict
from app.records.process import LIVE, Process, State
from app.records.verbs import Verb
from app.supervisor.inventory import trees

from .analysis import Analysis
from .aside import Work
from .context import Context

AnyQuestion = m.Consequences | m.History | m.Events | m.Workloads | m.PoolFunctions | ProgramWorkloads


class Answering:
    """Answers from the records, or with one short read from the OS."""

    def __init__(self, context: Context, fleet: Fleet, analysis: Analysis) -> None:
        self._context, self._fleet, self._analysis = context, fleet, analysis

    def answer(self, command: AnyQuestion) -> Any:
        """Return the result that the command's docstring describes; raise `ProcessionError`."""
        match command:
            case m.Consequences():
                return self._consequences(command)
            case m.History(process=process, points=points):
                return self._history(process, points)
            case m.Events():
                events, after = self._context.recording.journal.events(command)
                return {"events": events, "next": after}
            case m.Workloads():
                return {"workloads": [one.to_json() for one in workers.catalogue().values()]}
            case m.PoolFunctions():
                return {"functions": [one.to_json() for one in workers.pool_functions().values()]}
            case ProgramWorkloads():
                return {"programs": [one.to_json() for one in workers.programs().values()]}

    def slow_answer(self, command: m.Events | m.Inspect) -> Work:
        """Return the work that finds the answer, for a process of its own; raise `ProcessionError`."""
        if isinstance(command, m.Inspect):
            member = self._fleet.member(command.process)
            if member.key is None:
                raise NotPossible(f"inspect is not possible while the process is {member.process.state}")
            key = member.key
            return lambda: msgspec.json.encode(inspect(*key))
        query = msgspec.json.encode(command).decode()
        return (sys.executable, "-P", "-m", "app.supervisor.journal", str(self._context.settings.journal_path), query)

    def _history(self, process: str | None, points: int) -> JsonDict:
        context = self._context
        if process is None:
            return context.history.as_reply(None, points)
        if process in self._analysis.resources:
            return self._analysis.history(process, points)
        self._fleet.member(process)
        histories = [context.history, *([context.pool_history] if process in self._fleet.pools.entries else [])]
        if process not in context.history:
            return {"at": [], "series": {process: {name: [] for one in histories for name in one.names}}}
        reply = context.history.as_reply(process, points)
        for one in histories:
            reply["series"][process] |= one.of(process, points)
        return reply

    def _consequences(self, command: m.Consequences) -> JsonDict:
        member = self._fleet.member(command.process)
        process = member.process
        if process.state not in LIVE and process.state is not State.BACKOFF:
            raise NotPossible(f"{command.verb} is not possible while the process is {process.state}")
        below = trees.living(self._context.inventory, tree_of(self._fleet, member))
        held = self._fleet.pools.entries.get(process.id)
        text = consequences(process, command.verb, held.pool if held and not held.dead else None)
        if process.program and (cost := self._analysis.price(process.pid)):
            text = f"{text} {cost}"
        return {"pid": process.pid if member.key else None, "descendants": below, "text": text}


def consequences(process: Process, verb: Verb, pool: Pool | None = None) -> str:
    """Return in sentences what ``terminate`` or ``kill`` would do to the process, and what a pool would lose.

    Its descendants are listed beside these sentences.
    """
    if process.state is State.BACKOFF:
        return "The process is not running. Its pending restart is cancelled."
    lost = _lost_by(pool) if pool else ""
    if verb is Verb.KILL:
        return f"Sends SIGKILL to pid {process.pid} at once; it cannot clean up.{lost}"
    return f"Sends SIGTERM to pid {process.pid}, then SIGKILL after {process.grace_s:g} s if it is still alive.{lost}"


def _lost_by(pool: Pool) -> str:
    workers = sum(one.state is not WorkerState.ENDED for one in pool.workers)
    return f" Its {workers} worker{'s' if workers != 1 else ''} will end; {lost_with(pool)}."
