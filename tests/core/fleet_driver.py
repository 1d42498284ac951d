"""A fleet with a pretended OS: performs the actions of the core by bookkeeping, so that decisions can be compared."""

from __future__ import annotations

import random
from typing import Any

from app.core.deciding import Deciding
from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.protocol import control as m
from app.protocol import reports as r
from app.records import primitives as p
from app.records.process import LIVE, Process, RestartPolicy, Sample, State
from app.records.verbs import Verb


def make_plan(**changes: Any) -> e.Plan:
    """A plan for a workload that needs no checking."""
    fields: dict[str, Any] = {"id": "", "name": "", "workload": "sleep", "target": "t:sleep()", "params": {}}
    return e.Plan(process=Process(**{**fields, "stuck_after_s": 10.0, **changes}), job={})


class Driver:
    """Feeds events at a settable time; collects what was sent, answered and noted."""

    def __init__(self) -> None:
        self.fleet = Fleet(own_pid=1, rng=random.Random(1))
        self.deciding = Deciding(self.fleet)
        self.time = 100.0
        self.sent: list[tuple[str, int]] = []
        self.kills: list[tuple[str, frozenset[p.Key]]] = []
        self.answers: list[tuple[int, m.Message]] = []
        self.notes: list[tuple[str, str]] = []
        self.asked: list[a.Action] = []
        self.trees: dict[str, frozenset[p.Key]] = {}
        self.left: dict[str, frozenset[p.Key]] = {}
        self.vanished: set[int] = set()
        self._pid = 1000
        self._request = 0

    def now(self) -> p.Now:
        """The pretended time."""
        return p.Now(mono=self.time, wall=1_700_000_000 + self.time)

    def happens(self, event: e.Happening) -> None:
        """Handle an event, perform what follows, and tick."""
        self._perform(self.deciding.handle(event, self.now()))
        self.passes(0.0)

    def passes(self, seconds: float) -> None:
        """Let time pass, then tick for as long as something is due at once."""
        self.time += seconds
        self._perform(self.deciding.tick(self.now()))
        while self.deciding.next_deadline() == 0.0:
            self._perform(self.deciding.tick(self.now()))
        self.check()

    def launch(self, count: int = 1, **changes: Any) -> list[Process]:
        """Launch and return the records as they then stand."""
        self._request += 1
        known = set(self.fleet.members)
        self.happens(e.Launched(1, self._request, "operator", make_plan(**changes), count))
        return [one.process for key, one in self.fleet.members.items() if key not in known]

    def running(self, **changes: Any) -> str:
        """Launch one, have it boot, return its id."""
        process = self.launch(**changes)[0]
        self.boots(process.id)
        return process.id

    def boots(self, process_id: str) -> None:
        """Its own code runs."""
        pid = self.record(process_id).pid
        assert pid
        self.happens(e.Reported(process_id, r.Booted(pid=pid, python="3.11")))

    def ends(self, process_id: str, exitcode: int | None = 0) -> None:
        """The pidfd fires."""
        self.happens(e.Ended(process_id, exitcode))

    def act(self, process_id: str, verb: Verb, **more: Any) -> m.Message:
        """Do a verb and return its answer."""
        self._request += 1
        self.happens(e.Commanded(1, m.Act(request=self._request, process=process_id, verb=verb, **more)))
        return self.answers[-1][1]

    def join(self, process_id: str, timeout_s: float | None = None, client: int = 1) -> int:
        """Begin a join; its request number."""
        self._request += 1
        self.happens(e.Commanded(client, m.Join(request=self._request, process=process_id, timeout_s=timeout_s)))
        return self._request

    def samples(self, process_id: str, *, cpu: float = 0.0, os_state: str = "S") -> None:
        """One sweep that saw this process."""
        sample = Sample(ppid=1, os_state=os_state, cpu_percent=cpu, rss_bytes=1, threads=1, fds=3)
        self.happens(e.Sampled({process_id: sample}, ()))

    def record(self, process_id: str) -> Process:
        """The record now."""
        return self.fleet.members[process_id].process

    def state(self, process_id: str) -> State:
        """Its state now."""
        return self.record(process_id).state

    def check(self) -> None:
        """The invariants that hold after every event."""
        for member in self.fleet.members.values():
            process = member.process
            assert member.key is None or process.state in LIVE
            assert (member.stop is not None) == (process.state is State.STOPPING)
            assert (process.stopping is not None) == (process.state is State.STOPPING)
            assert (process.backoff is not None) == (process.state is State.BACKOFF)
            assert (member.retry_at is not None) == (process.state is State.BACKOFF)
            assert process.alive == (member.key is not None)
            assert not (member.waiters and process.state in (State.JOINED, State.FATAL, State.LOST))

    def _perform(self, todo: list[a.Action]) -> None:
        while todo:
            action = todo.pop(0)
            todo += self._one(action)

    def _one(self, action: a.Action) -> list[a.Action]:
        match action:
            case a.Spawn(process=process):
                self._pid += 1
                return self._feed(e.Spawned(process.id, (self._pid, 7), 1, 9))
            case a.SendTo(process=key, signums=signums):
                self.sent += [(key, signum) for signum in signums]
            case a.Remember(tree=a.Tree(process=key)):
                return self._feed(e.Remembered(key, self.trees.get(key, frozenset())))
            case a.KillTree(tree=a.Tree(process=key), keys=keys):
                self.kills.append((key, keys))
            case a.CheckTree(tree=a.Tree(process=key)):
                return self._feed(e.Remaining(key, self.left.get(key, frozenset())))
            case a.Watch(process=key, pid=pid):
                return self._feed(e.Watching(key, None if pid in self.vanished else (pid, 7)))
            case a.Reap(process=key):
                return self._feed(e.Reaped(key))
            case a.Answer(client=client, message=message):
                self.answers.append((client, message))
            case a.Note(draft=draft):
                self.notes.append((draft.kind, draft.text))
            case _:
                self.asked.append(action)
        return []

    def _feed(self, event: e.Happening) -> list[a.Action]:
        return self.deciding.handle(event, self.now())


def policy(kind: Any = "on-failure", **changes: Any) -> RestartPolicy:
    """A restart policy with quick delays."""
    return RestartPolicy(**{"policy": kind, "limit": 2, "delay_s": 1.0, "stable_s": 10.0, **changes})
