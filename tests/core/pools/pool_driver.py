"""The driver of `fleet_driver`, with pools: their hosts are pretended too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.pools.ending import OVER
from app.protocol import control as m
from app.protocol.pool_host import AnyAsk, HostNote, HostRefused, HostReply, HostState, PoolChanges
from app.records.pool import JobState, Pool, PoolSpec, PoolState, PoolTask, PoolWorker, WorkerState
from app.records.process import Descendant, Process, State
from tests.core.fleet_driver import Driver

WORKER = 5001
TASK = PoolTask(job=1, index=17, first=17, size=1, function="square", arguments="17")


def plan_of(spec: PoolSpec) -> e.Plan:
    """Return a plan that needs no checking."""
    process = Process(id="", name=spec.name or "", workload=None, target="pool of 2 workers", params={}, pool=True)
    return e.Plan(process=process, job={}, pool=spec)


def worker(pid: int = WORKER, state: WorkerState = WorkerState.BUSY, **facts: Any) -> PoolWorker:
    """Return a worker as its host reports it."""
    return PoolWorker(pid=pid, state=state, **facts)


class PoolDriver(Driver):
    """Opens pools, says what their hosts say, and sweeps over their workers."""

    def opened(self, **spec: Any) -> str:
        """A pool whose host runs and says that it is open; its id."""
        pool_id = self.launched(**spec)
        self.boots(pool_id)
        self.tells(pool_id, state=PoolState.OPEN, processes=2)
        return pool_id

    def launched(self, **spec: Any) -> str:
        """A pool as `OpenPool` leaves it; its id."""
        self._request += 1
        plan = plan_of(PoolSpec(**{"processes": 2, **spec}))
        self.happens(e.Launched(1, self._request, "operator", plan))
        return str(self.answer()["pool"]["id"])

    def tells(self, pool_id: str, **changes: Any) -> None:
        """Its host tells how its pool stands."""
        self.happens(e.HostSaid(pool_id, HostState(pool=PoolChanges(**changes))))

    def notes_line(self, pool_id: str, text: str, **fields: Any) -> None:
        """Its host has a line for the journal."""
        self.happens(e.HostSaid(pool_id, HostNote(event="job", text=text, **fields)))

    def asks(self, pool_id: str, ask: AnyAsk, client: int = 1) -> int:
        """A client asks; the number under which the host was asked, 0 where it was not."""
        self._request += 1
        before = len(self.asked)
        self.happens(e.Commanded(client, m.AskPool(request=self._request, pool=pool_id, ask=ask, by="cli")))
        asked = [one for one in self.asked[before:] if isinstance(one, a.AskHost)]
        return asked[0].number if asked else 0

    def replies(self, pool_id: str, number: int, result: Any) -> None:
        """The host answers."""
        self.happens(e.HostSaid(pool_id, HostReply(number=number, result=result)))

    def refuses(self, pool_id: str, number: int, reason: str, detail: str) -> None:
        """The host refuses."""
        self.happens(e.HostSaid(pool_id, HostRefused(number=number, reason=reason, detail=detail)))

    def sweeps(self, pool_id: str, *, os_state: str = "S", cpu: float = 0.0, pids: Iterable[int] = (WORKER,)) -> None:
        """A sweep sees these workers."""
        seen = [
            Descendant(
                id=f"{pid}-7", pid=pid, ppid=9, root=pool_id, name="python", command="python", state=os_state,
                cpu_percent=cpu, rss_bytes=4096, threads=1,
            )
            for pid in pids
        ]  # fmt: skip
        self.happens(e.Sampled({}, tuple(seen)))

    def pool(self, pool_id: str) -> Pool:
        """Its record now."""
        return self.fleet.pools.entries[pool_id].pool

    def worker(self, pool_id: str) -> PoolWorker:
        """Its only worker."""
        (one,) = self.pool(pool_id).workers
        return one

    def check(self) -> None:
        """What holds of pools after every event, too."""
        super().check()
        pools = self.fleet.pools
        for key, held in pools.entries.items():
            member, pool = self.fleet.members[key], held.pool
            assert (member.process.pool, pool.id) == (True, key)
            assert pool.pid == member.process.pid
            assert held.dead == (
                not member.process.alive and member.process.state not in (State.CREATED, State.STARTING)
            )
            if held.dead:
                assert pool.state in OVER
                assert (pool.workers, pool.queued, pool.running) == ((), 0, 0)
                assert not {JobState.QUEUED, JobState.RUNNING} & {job.state for job in pool.jobs}
        assert all(not pools.entries[one.pool].dead for one in pools.asks.values())

    def answer(self) -> Any:
        """The last answer, which is a reply."""
        message = self.answers[-1][1]
        assert isinstance(message, m.Reply), message
        return msgspec.json.decode(message.result)

    def refusal(self) -> m.Refused:
        """The last answer, which is a refusal."""
        message = self.answers[-1][1]
        assert isinstance(message, m.Refused), message
        return message

    def lines(self, kind: str) -> list[str]:
        """The journal's lines of this kind."""
        return [text for one, text in self.notes if one == kind]

    def take(self, kind: type[a.Action]) -> list[Any]:
        """The actions of this kind since the last call."""
        found = [one for one in self.asked if isinstance(one, kind)]
        self.asked = [one for one in self.asked if not isinstance(one, kind)]
        return found
