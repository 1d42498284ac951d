"""A pool in a real supervisor, with a real host and workers, used over the control socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.protocol import control as m
from app.protocol.pool_host import ActOnWorker, AnyAsk, Submit
from app.records.pool import Job, JobMethod, JobSpec, Pool, PoolSpec, PoolWorker, WorkerVerb
from tests.supervisor.supervised import Supervised
from tests.waiting import wait_until


class Pooling:
    """A pool that has been opened."""

    def __init__(self, supervisor: Supervised, **spec: Any) -> None:
        self.supervisor = supervisor
        self.id = str(supervisor.ask(m.OpenPool, spec=PoolSpec(**{"processes": 2, **spec}))["pool"]["id"])
        self.wait_for(lambda pool: pool.state == "open", "the pool is open")

    def ask(self, ask: AnyAsk) -> Any:
        """Send a request to the pool's host and return its answer, or raise its refusal."""
        return self.supervisor.ask(m.AskPool, pool=self.id, ask=ask)

    def submit(self, method: str, function: str, **spec: Any) -> int:
        """Submit a job and return its number."""
        job = self.ask(Submit(spec=JobSpec(method=JobMethod(method), function=function, **spec)))
        return int(job["id"])

    def act(self, pid: int, verb: str) -> Any:
        """Apply a verb to a worker; return the result, including the lost task."""
        return self.ask(ActOnWorker(pid=pid, verb=WorkerVerb(verb)))

    def now(self) -> Pool:
        """Return the pool's current record."""
        pools = self.supervisor.snapshot().snapshot.pools
        return next(one for one in pools if one.id == self.id)

    def job(self, number: int) -> Job:
        """Return one of its jobs."""
        return next(one for one in self.now().jobs if one.id == number)

    def wait_for(self, is_it: Callable[[Pool], Any], what: str) -> Pool:
        """Return the pool's record once ``is_it`` is true of it."""
        found: list[Pool] = []

        def look() -> bool:
            found[:] = [self.now()]
            return bool(is_it(found[0]))

        try:
            wait_until(look, 20, what)
        except AssertionError:
            raise AssertionError(f"not within 20 s: {what}; found {found}") from None
        return found[0]

    def wait_for_job(self, number: int, *states: str) -> Job:
        """Return the job once it is in one of these states."""
        what = f"job {number} is {' or '.join(states)}"
        pool = self.wait_for(lambda pool: any(one.id == number and one.state in states for one in pool.jobs), what)
        return next(one for one in pool.jobs if one.id == number)

    def wait_for_worker(self, is_it: Callable[[PoolWorker], Any], what: str) -> PoolWorker:
        """Return a worker once ``is_it`` is true of one."""
        pool = self.wait_for(lambda pool: any(is_it(one) for one in pool.workers), what)
        return next(one for one in pool.workers if is_it(one))

    def lines(self, kind: str) -> list[str]:
        """Return the texts of the pool's events of this kind."""
        return [str(one["text"]) for one in self.supervisor.events(self.id) if one["kind"] == kind]
