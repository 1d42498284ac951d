"""The pool in the screenshots of README.md: done jobs, a lost task, running jobs, and a stuck worker."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

from app.protocol.control import AskPool, OpenPool
from app.protocol.pool_host import Submit
from app.records.pool import JobMethod, JobSpec, JobState, Pool, PoolSpec, PoolState
from tests.instance import Instance
from tests.waiting import wait_until

NAME = "resize-images"
WITHIN_S = 90.0
# So much for the charts to show something, and for the stuck one to have a story.
PLAYED_S = 40.0
PRIMES = JobSpec(method=JobMethod.IMAP_UNORDERED, function="prime-count", iterable={"range": [90_000, 1_000, -1_000]})
DEADLY = JobSpec(method=JobMethod.MAP, function="kill-own-worker", iterable={"range": [0, 20]}, chunksize=1)
STALLING = JobSpec(method=JobMethod.MAP_ASYNC, function="stall-at", iterable={"range": [0, 200]}, chunksize=1)
LONG = JobSpec(method=JobMethod.MAP, function="slow-square", iterable={"range": [0, 3000]}, chunksize=1)


def open_pool(instance: Instance) -> str:
    """Open the pool, submit its jobs, and return its id."""
    spec = PoolSpec(name=NAME, processes=4, stuck_after_s=10.0)
    pool_id = str(instance.call(OpenPool(request=1, by="operator", spec=spec))["pool"]["id"])
    wait_until(lambda: _pool(instance, pool_id).state is PoolState.OPEN, WITHIN_S, "the pool never opens")
    for job, state in ((PRIMES, JobState.DONE), (DEADLY, JobState.LOST)):
        _wait(instance, pool_id, _submit(instance, pool_id, job), state)
    _submit(instance, pool_id, STALLING)
    _submit(instance, pool_id, LONG)
    wait_until(lambda: _is_stuck(_pool(instance, pool_id)), WITHIN_S, "no worker is ever stuck")
    return pool_id


def expect_all(page: Page) -> None:
    """Wait until the page shows what the screenshot is for."""
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.get_by_role("region", name="Findings")).to_contain_text("stall_at(7)")
    for state in ("done", "lost", "running"):
        expect(page.locator(".jobs-table")).to_contain_text(state)
    expect(page.get_by_role("region", name="Failed and lost tasks")).to_contain_text("task 7")
    expect(page.locator("#pool .chart canvas").first).to_be_visible()


def _submit(instance: Instance, pool_id: str, spec: JobSpec) -> int:
    ask = Submit(spec=spec, by="operator")
    return int(instance.call(AskPool(request=1, by="operator", pool=pool_id, ask=ask))["id"])


def _wait(instance: Instance, pool_id: str, number: int, state: JobState) -> None:
    def is_so() -> bool:
        return any(job.id == number and job.state is state for job in _pool(instance, pool_id).jobs)

    wait_until(is_so, WITHIN_S, f"job {number} is never {state}")


def _is_stuck(pool: Pool) -> bool:
    return any(one.stuck is not None and time.time() - one.stuck.since > PLAYED_S for one in pool.workers)


def _pool(instance: Instance, pool_id: str) -> Pool:
    return next(pool for pool in instance.snapshot().pools if pool.id == pool_id)
