"""Questions that change nothing: what a stop would take along, details, charts, the journal, the catalogue."""

from __future__ import annotations

from typing import Any

import workers

from . import messages as m
from .errors import NotPossible
from .fleet import Fleet
from .inspect_os import inspect
from .lifecycle import LIVE
from .model import Descendant, JsonDict, Process, State, Verb
from .world import World


class Answering:
    """Answers from what is known, or by one short look at the OS."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world, self._fleet = world, fleet

    def answer(self, command: m.Consequences | m.Inspect | m.History | m.Events | m.Workloads) -> Any:
        """The result, as the command's docstring says; raises `ProcessionError`."""
        match command:
            case m.Consequences():
                return self._consequences(command)
            case m.Inspect(process=process_id):
                return self._inspect(process_id)
            case m.History(process=process, points=points):
                if process is not None:
                    self._fleet.member(process)
                    if process not in self._world.history:
                        return {"at": [], "series": {process: {"cpu_percent": [], "rss_bytes": []}}}
                return self._world.history.as_reply(process, points)
            case m.Events():
                events, after = self._world.recording.journal.events(command)
                return {"events": events, "next": after}
            case m.Workloads():
                return {"workloads": [one.to_json() for one in workers.catalogue().values()]}

    def _consequences(self, command: m.Consequences) -> JsonDict:
        member = self._fleet.member(command.process)
        process = member.process
        if process.state not in LIVE and process.state is not State.BACKOFF:
            raise NotPossible(f"{command.verb} is not possible while the process is {process.state}")
        below = self._world.inventory.tree_of(process.id)
        text = consequences(process, command.verb, below)
        return {"pid": process.pid if member.key else None, "descendants": below, "text": text}

    def _inspect(self, process_id: str) -> JsonDict:
        member = self._fleet.member(process_id)
        if member.key is None:
            raise NotPossible(f"inspect is not possible while the process is {member.process.state}")
        return inspect(*member.key)


def consequences(process: Process, verb: Verb, below: list[Descendant]) -> str:
    """What ``terminate`` or ``kill`` would do, in a sentence."""
    if process.state is State.BACKOFF:
        return "Nothing of it runs now; it is not started again by itself."
    along = f"{len(below)} descendant{'s' if len(below) != 1 else ''}" if below else "nothing else"
    if verb is Verb.KILL:
        return f"SIGKILL at once to pid {process.pid} and {along}; nothing of it can clean up."
    return (
        f"SIGTERM to pid {process.pid}; after {process.grace_s:g} s at the latest SIGKILL to what is left of it "
        f"and {along}."
    )
