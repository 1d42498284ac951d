"""Accounting: thousands of tasks record their start and end while workers are killed, stopped and resumed.

``PROCESSION_POOL_AUDIT_SECONDS`` lengthens it; a failure prints its seed, and ``PROCESSION_POOL_SEED`` repeats it.
"""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from procession import Pool, WorkerLost
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import WITHIN_S, assert_goes_on, kill, workers
from tests.waiting import wait_until

SECONDS = float(os.environ.get("PROCESSION_POOL_AUDIT_SECONDS", "4"))
SEED = int(os.environ.get("PROCESSION_POOL_SEED", str(time.time_ns() % 100_000)))
WORKERS = 3
#: So many tasks wait at any time; kills fall into a pool that is full.
WAITING = 600
PAUSE_S = {"fork": 0.012, "forkserver": 0.05, "spawn": 0.08}

AUDITS = [(method, retries) for method in tasks.METHODS for retries in (0, 2)]

pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(2 * SECONDS + 150)]


class Audit:
    """Submits tasks, disturbs workers by chance, and keeps the results."""

    def __init__(self, pool: Pool, log: str, retries: int) -> None:
        self.pool, self.log, self.retries = pool, log, retries
        self.chance = random.Random(SEED)
        self.results: list[Any] = []
        self.killed: list[int] = []
        self.did: Counter[str] = Counter()

    def run(self, pause_s: float) -> None:
        """For so many seconds; nothing is stopped afterwards."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            self.fill()
            time.sleep(self.chance.random() * 2 * pause_s)
            pids = workers(self.pool)
            if pids:
                self.disturb(self.chance.choice(pids))
        for pid in workers(self.pool):
            kill(pid, signal.SIGCONT)

    def fill(self) -> None:
        facts = self.pool.statistics()
        missing = max(WAITING - facts.queued, 0)
        for number in range(len(self.results), len(self.results) + missing):
            self.results.append(self.pool.apply_async(tasks.uneven, (self.log, number)))

    def disturb(self, pid: int) -> None:
        what = self.chance.choice(["kill", "kill", "stop and kill", "stop", "resume", "stop and resume", "terminate"])
        self.did[what] += 1
        if what.startswith("stop"):
            kill(pid, signal.SIGSTOP)
            if "and" in what:
                time.sleep(self.chance.random() * 0.1)
        if what.endswith(("kill", "terminate")):
            if kill(pid, signal.SIGKILL if what.endswith("kill") else signal.SIGTERM):
                self.killed.append(pid)
            kill(pid, signal.SIGCONT)
        elif what.endswith("resume"):
            for other in workers(self.pool, "suspended"):
                kill(other, signal.SIGCONT)
            kill(pid, signal.SIGCONT)

    def outcome(self) -> dict[int, WorkerLost]:
        """Which tasks were lost; none is left without an answer, and every answer is right."""
        lost = {}
        for number, result in enumerate(self.results):
            try:
                assert result.get(WITHIN_S) == number
            except WorkerLost as error:
                lost[number] = error
        return lost


@pytest.mark.parametrize(("method", "retries"), AUDITS)
def test_every_task_runs_once_or_is_reported_lost(
    open_pool: OpenPool, method: str, tmp_path: Path, retries: int
) -> None:
    """With retries, at most that many more times."""
    log = str(tmp_path / "log")
    pool = open_pool(WORKERS, retries=retries)
    audit = Audit(pool, log, retries)
    audit.run(PAUSE_S[method])
    lost = audit.outcome()
    told, count = tasks.read(log), len(audit.results)
    story = f"seed {SEED}, {count} tasks, {dict(audit.did)}, {len(lost)} lost"
    most = {number: starts for number, starts in told.started.items() if starts > retries + 1}
    assert most == {}, story
    assert set(told.started) | set(lost) == set(range(count)), story
    good = set(range(count)) - set(lost)
    if retries:
        # What answered may have been tried before: those tries ended in the middle.
        assert {number for number in good if not told.ended[number]} == set(), story
        assert sum(told.started.values()) <= count + len(audit.killed), story
    else:
        assert {number for number in good if (told.started[number], told.ended[number]) != (1, 1)} == set(), story
    assert Counter(error.pid for error in lost.values()) <= Counter(set(audit.killed)), story
    assert {error.exitcode for error in lost.values()} <= {-signal.SIGKILL, -signal.SIGTERM}, story
    wait_until(lambda: pool.statistics().running == 0, WITHIN_S)
    facts = pool.statistics()
    assert (facts.done, facts.lost, facts.failed, facts.queued) == (len(good), len(lost), 0, 0), story
    assert facts.retried + facts.lost <= len(audit.killed), story
    assert_goes_on(pool, WORKERS)
