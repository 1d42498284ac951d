"""Whatever happens to a pool, in any order: no error, no client left waiting, and a consistent record."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.core.fleet import events as e
from app.protocol import control as m
from app.protocol.pool_host import ActOnWorker, Close, JoinPool, ReadJob, Terminate
from app.records.pool import Job, JobMethod, JobState, PoolState, WorkerState, WorkerVerb
from app.records.verbs import Verb
from tests.core.pools.pool_driver import TASK, WORKER, PoolDriver, worker

jobs = st.builds(
    Job, id=st.integers(1, 3), method=st.just(JobMethod.MAP), function=st.just("f"), state=st.sampled_from(JobState)
)
workers = st.builds(worker, state=st.sampled_from(WorkerState), task=st.none() | st.just(TASK))
asks = st.sampled_from(
    [Close(), Terminate(), JoinPool(timeout_s=1.0), ReadJob(job=1), ActOnWorker(pid=WORKER, verb=WorkerVerb.KILL)]
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("asks"), asks),
        st.tuples(st.just("tells"), st.fixed_dictionaries({}, optional={
            "state": st.sampled_from(PoolState),
            "workers": st.tuples() | st.tuples(workers),
            "jobs": st.tuples() | st.tuples(jobs),
            "running": st.integers(0, 3),
            "queued": st.integers(0, 3),
        })),
        st.tuples(st.just("acts"), st.sampled_from(Verb)),
        st.tuples(st.just("ends"), st.sampled_from([0, 1, -9])),
        st.tuples(st.just("replies"), st.integers(1, 9)),
        st.tuples(st.just("sweeps"), st.sampled_from("RST")),
        st.tuples(st.just("passes"), st.sampled_from([0.1, 1.0, 6.0, 20.0])),
        st.tuples(st.just("probed"), st.booleans()),
        st.tuples(st.just("breaks"), st.sampled_from(["a broken frame", None])),
        st.tuples(st.just("mumbles"), st.just("no word")),
        st.tuples(st.just("leaves"), st.just(1)),
    ),
    max_size=25,
)  # fmt: skip


@given(steps)
def test_invariants_hold_whatever_happens(todo: list[tuple[str, Any]]) -> None:
    """They are checked after every step; in the end every client was answered."""
    driver = PoolDriver()
    pool_id = driver.opened()
    for what, which in todo:
        if pool_id not in driver.fleet.members:
            break
        _do(driver, pool_id, what, which)
    driver.passes(60)
    assert not driver.fleet.pools.asks
    answered = [message.request for _, message in driver.answers if isinstance(message, m.Reply | m.Refused)]
    assert len(answered) == len(set(answered))


def _do(driver: PoolDriver, pool_id: str, what: str, which: Any) -> None:
    match what:
        case "asks":
            driver.asks(pool_id, which)
        case "tells":
            driver.tells(pool_id, **which)
        case "acts":
            driver.act(pool_id, which)
        case "ends":
            if driver.record(pool_id).alive:
                driver.ends(pool_id, which)
        case "replies":
            driver.replies(pool_id, which, {})
        case "sweeps":
            driver.sweeps(pool_id, os_state=which)
        case "passes":
            driver.passes(which)
        case "probed":
            driver.happens(e.BlockedOn(pool_id, which, "waits", WORKER))
            driver.happens(e.FrameFound(pool_id, "somewhere", WORKER))
        case "breaks":
            driver.happens(e.ChannelClosed(pool_id, which))
        case "mumbles":
            driver.happens(e.HostMessageInvalid(pool_id, which))
        case "leaves":
            driver.happens(e.ClientGone(which))
