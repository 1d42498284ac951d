"""Questions that change nothing: what a stop would take along, details, charts, the journal, the catalogue."""

from __future__ import annotations

from typing import Any

import workers
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import LIVE
from app.core.fleet.tree import tree_of
from app.core.pools.ending import lost_with
from app.linux.inspection import inspect
from app.protocol import control as m
from app.protocol.programs import ProgramWorkloads
from app.records.errors import NotPossible
from app.records.pool import Pool, WorkerState
from app.records.primitives import JsonDict
from app.records.process import Descendant, Process, State, Verb
from app.supervisor.inventory import trees

from .insight import Insight
from .world import World

AnyQuestion = m.Consequences | m.Inspect | m.History | m.Events | m.Workloads | m.PoolFunctions | ProgramWorkloads


class Answering:
    """Answers from what is known, or by one short look at the OS."""

    def __init__(self, world: World, fleet: Fleet, insight: Insight) -> None:
        self._world, self._fleet, self._insight = world, fleet, insight

    def answer(self, command: AnyQuestion) -> Any:
        """The result, as the command's docstring says; raises `ProcessionError`."""
        match command:
            case m.Consequences():
                return self._consequences(command)
            case m.Inspect(process=process_id):
                return self._inspect(process_id)
            case m.History(process=process, points=points):
                return self._history(process, points)
            case m.Events():
                events, after = self._world.recording.journal.events(command)
                return {"events": events, "next": after}
            case m.Workloads():
                return {"workloads": [one.to_json() for one in workers.catalogue().values()]}
            case m.PoolFunctions():
                return {"functions": [one.to_json() for one in workers.pool_functions().values()]}
            case ProgramWorkloads():
                return {"programs": [one.to_json() for one in workers.programs().values()]}

    def _history(self, process: str | None, points: int) -> JsonDict:
        world = self._world
        if process is None:
            return world.history.as_reply(None, points)
        if process in self._insight.resources:
            return self._insight.history(process, points)
        self._fleet.member(process)
        histories = [world.history, *([world.pool_history] if process in self._fleet.pools.entries else [])]
        if process not in world.history:
            return {"at": [], "series": {process: {name: [] for one in histories for name in one.names}}}
        reply = world.history.as_reply(process, points)
        for one in histories:
            reply["series"][process] |= one.of(process, points)
        return reply

    def _consequences(self, command: m.Consequences) -> JsonDict:
        member = self._fleet.member(command.process)
        process = member.process
        if process.state not in LIVE and process.state is not State.BACKOFF:
            raise NotPossible(f"{command.verb} is not possible while the process is {process.state}")
        below = trees.living(self._world.inventory, tree_of(self._fleet, member))
        held = self._fleet.pools.entries.get(process.id)
        text = consequences(process, command.verb, below, held.pool if held and not held.dead else None)
        if process.program and (cost := self._insight.price(process.pid)):
            text = f"{text} {cost}"
        return {"pid": process.pid if member.key else None, "descendants": below, "text": text}

    def _inspect(self, process_id: str) -> JsonDict:
        member = self._fleet.member(process_id)
        if member.key is None:
            raise NotPossible(f"inspect is not possible while the process is {member.process.state}")
        return inspect(*member.key)


def consequences(process: Process, verb: Verb, below: list[Descendant], pool: Pool | None = None) -> str:
    """What ``terminate`` or ``kill`` would do, in a sentence, and one more of what a pool loses."""
    if process.state is State.BACKOFF:
        return "Nothing of it runs now; it is not started again by itself."
    along = f"{len(below)} descendant{'s' if len(below) != 1 else ''}" if below else "nothing else"
    lost = _ends_with(pool) if pool else ""
    if verb is Verb.KILL:
        return f"SIGKILL at once to pid {process.pid} and {along}; nothing of it can clean up.{lost}"
    return (
        f"SIGTERM to pid {process.pid}; after {process.grace_s:g} s at the latest SIGKILL to what is left of it "
        f"and {along}.{lost}"
    )


def _ends_with(pool: Pool) -> str:
    workers = sum(one.state is not WorkerState.ENDED for one in pool.workers)
    return f" It ends its {workers} worker{'s' if workers != 1 else ''}; {lost_with(pool)}."
