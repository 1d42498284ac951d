"""Processes and programs come and go, for an hour in `make test-all`: what Procession itself uses stays flat."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from app.protocol.control import Act, Launch
from app.records.process import LaunchSpec
from app.records.verbs import Verb
from tests.instance import Instance
from tests.waiting import wait_until

#: A program that starts children with a queue and a lock, ends well, and leaves nothing.
PROGRAM = """
import multiprocessing

def work(jobs, lock, results):
    with lock:
        results.put(jobs.get() + 1)

if __name__ == "__main__":
    jobs, results, lock = multiprocessing.Queue(), multiprocessing.Queue(), multiprocessing.Lock()
    crew = [multiprocessing.Process(target=work, args=(jobs, lock, results)) for _ in range(3)]
    for number, one in enumerate(crew):
        one.start()
        jobs.put(number)
    print(sorted(results.get() for _ in crew))
    for one in crew:
        one.join()
"""
#: After this share of the time the first figures count, and after so many rounds at least: by then modules, caches and
#: the journal's pages are loaded.
WARM_UP, LEAST_ROUNDS = 0.4, 3
MORE_FDS, MORE_THREADS, MORE_BYTES, MORE_SHARE = 4, 1, 6 * 2**20, 0.1


class Figures:
    """What a process of Procession uses: descriptors, threads, and memory of its own."""

    def __init__(self, pid: int) -> None:
        process = psutil.Process(pid)
        self.fds, self.threads = process.num_fds(), process.num_threads()
        self.bytes = process.memory_full_info().uss

    def __str__(self) -> str:
        return f"{self.fds} fds, {self.threads} threads, {self.bytes / 2**20:.1f} MiB"

    def is_more_than(self, before: Figures) -> bool:
        return (
            self.fds > before.fds + MORE_FDS
            or self.threads > before.threads + MORE_THREADS
            or self.bytes > before.bytes * (1 + MORE_SHARE) + MORE_BYTES
        )


def figures(instance: Instance) -> dict[str, Figures]:
    pids = {"launcher": instance.launcher_pid, "supervisor": instance.supervisor_pid, "web": instance.web_pid}
    return {name: Figures(pid) for name, pid in pids.items()}


def one_round(instance: Instance, script: Path) -> None:
    """Ten processes that exit, one that is killed, a pool of requests, and a program; all are closed again."""
    spec = LaunchSpec(workload="sleep", params={"seconds": 0}, auto_join=True)
    made = instance.call(Launch(request=1, by="test", spec=spec, count=10))["processes"]
    killed = instance.launch("sleep", seconds=3600)
    instance.end(killed.id)
    command = (sys.executable, "-P", "-m", "app", "run", "--", sys.executable, str(script))
    run = subprocess.run(command, env=instance.environ, capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout == "[1, 2, 3]\n", run.stderr
    for path in ("/api/v1/processes", "/api/v1/waits", "/metrics", "/"):
        assert instance.get(path) == 200
    for one in [*(each["id"] for each in made), killed.id]:
        instance.wait_state(one, "joined")
        instance.call(Act(request=1, by="test", process=one, verb=Verb.CLOSE))


@pytest.mark.parametrize("seconds", [10, pytest.param(3600, marks=[pytest.mark.long, pytest.mark.timeout(3900)])])
def test_figures_stay_flat(tmp_path: Path, seconds: float) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with Instance(tmp_path / "home") as instance:
        # Histories fill, and the records of ended processes, of which 2,000 are kept.
        repeat(lambda: one_round(instance, script), WARM_UP * seconds)
        before = figures(instance)
        rounds = repeat(lambda: one_round(instance, script), seconds - WARM_UP * seconds)
        after = before

        def is_flat() -> bool:
            nonlocal after
            after = figures(instance)
            return not any(now.is_more_than(before[name]) for name, now in after.items())

        # What ended last is let go a moment later.
        with suppress(AssertionError):
            wait_until(is_flat)
        compared = ", ".join(f"{name}: {before[name]} -> {now}" for name, now in after.items())
        sys.stdout.write(f"{rounds} rounds: {compared}\n")
        assert is_flat(), f"after {rounds} rounds, a process uses more than before: {compared}"


def repeat(work: Callable[[], None], seconds: float) -> int:
    """Do the work again and again for so long, at least a few times; return how often."""
    until, rounds = time.monotonic() + seconds, 0
    while rounds < LEAST_ROUNDS or time.monotonic() < until:
        work()
        rounds += 1
    return rounds
