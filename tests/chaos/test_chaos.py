"""kill -9 of whatever there is, again and again under a load of launches; afterwards nothing may be amiss.

``PROCESSION_CHAOS_SECONDS`` lengthens it; the seed is in the name of the test, and ``PROCESSION_CHAOS_SEED``
repeats it.
"""

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from app.supervisor.errors import SupervisorAway
from app.supervisor.messages import Act, Launch
from app.supervisor.model import LaunchSpec, RestartPolicy, Snapshot, Verb
from tests.instance import Instance
from tests.waiting import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

SECONDS = float(os.environ.get("PROCESSION_CHAOS_SECONDS", "15"))
SEED = int(os.environ.get("PROCESSION_CHAOS_SEED", str(time.time_ns() % 100_000)))
# A supervisor that lives shorter is a crash loop to the launcher, and given up in the end.
SUPERVISOR_EVERY_S = 6.0
MOST_ALIVE = 40
ENDS = {"exited", "lost"}

LOAD: list[LaunchSpec] = [
    LaunchSpec(workload="sleep", params={"seconds": 600}),
    LaunchSpec(workload="sleep", params={"seconds": 0.2}),
    LaunchSpec(workload="sleep", params={"seconds": 600}, start_method="spawn"),
    LaunchSpec(workload="sleep", params={"seconds": 600}, start_method="fork"),
    LaunchSpec(workload="exit-with", params={"code": 3}),
    LaunchSpec(workload="descendants", params={"seconds": 600}),
    LaunchSpec(workload="ignore-sigterm", params={"seconds": 600}, grace_s=0.5),
    LaunchSpec(
        workload="sleep",
        params={"seconds": 0.5},
        restart=RestartPolicy(policy="always", limit=100, delay_s=0.1, max_delay_s=0.2),
    ),
]


class Chaos:
    """Launches and kills by chance; counts what it did."""

    def __init__(self, instance: Instance, seed: int) -> None:
        self.instance = instance
        self.random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self._supervisor_at = time.monotonic() + SUPERVISOR_EVERY_S

    def step(self, *, supervisor: bool) -> None:
        """One deed, and a little pause of no certain length."""
        deeds: list[Callable[[Snapshot], None]] = [self._kill_descendant, self._kill_forkserver]
        deeds += [self._launch] * 5 + [self._kill_child] * 4
        try:
            snapshot = self.instance.snapshot()
            if supervisor and time.monotonic() >= self._supervisor_at:
                self._kill("supervisor", snapshot.supervisor.pid)
                self._supervisor_at = time.monotonic() + SUPERVISOR_EVERY_S
            elif supervisor and self.random.random() < 0.03:
                self._kill("web", self.instance.web_pid)
            else:
                self.random.choice(deeds)(snapshot)
        except SupervisorAway:
            self.done["away"] += 1
        time.sleep(self.random.uniform(0, 0.1))

    def _launch(self, snapshot: Snapshot) -> None:
        count = self.random.randint(1, 5)
        if sum(process.alive for process in snapshot.processes) + count > MOST_ALIVE:
            return
        spec = self.random.choice(LOAD)
        self.instance.call(Launch(request=1, by="chaos", spec=spec, count=count))
        self.done["launch"] += count

    def _kill_child(self, snapshot: Snapshot) -> None:
        pids = [process.pid for process in snapshot.processes if process.alive and process.pid]
        if pids:
            self._kill("child", self.random.choice(pids))

    def _kill_descendant(self, snapshot: Snapshot) -> None:
        if snapshot.descendants:
            self._kill("descendant", self.random.choice(snapshot.descendants).pid)

    def _kill_forkserver(self, snapshot: Snapshot) -> None:
        if snapshot.supervisor.forkserver_pid and self.random.random() < 0.5:
            self._kill("forkserver", snapshot.supervisor.forkserver_pid)

    def _kill(self, what: str, pid: int) -> None:
        # Only what carries our mark: a pid may be free by now, or somebody else's.
        if pid in self.instance.alive():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self.done[what] += 1


def zombies_below(root: int) -> list[int]:
    """Pids of zombies below a process."""
    parents: dict[int, tuple[int, str]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
                parents[int(folder.name)] = int(fields[1]), fields[0]

    def is_below(pid: int) -> bool:
        while pid in parents:
            pid = parents[pid][0]
            if pid == root:
                return True
        return False

    return [pid for pid, (_, state) in parents.items() if state == "Z" and is_below(pid)]


def starts_without_an_end(journal: Path) -> list[Any]:
    """Every start in the journal that no end of the same process follows."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db:
        lines = db.execute("SELECT seq, kind, process, pid FROM events ORDER BY seq").fetchall()
    open_starts: dict[str, Any] = {}
    missing = []
    for line in lines:
        _, kind, process, _ = line
        if kind == "started":
            if process in open_starts:
                missing.append(open_starts[process])
            open_starts[process] = line
        elif kind in ENDS:
            open_starts.pop(process, None)
    return missing + list(open_starts.values())


@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.parametrize("of_what", ["everything", "all-but-our-own"])
def test_after_random_kills_nothing_is_left_or_missing(tmp_path: Path, of_what: str, seed: int) -> None:
    """No survivor, no zombie, no start without an end in the journal; still ready, and it stops in order."""
    with Instance(tmp_path / "home") as instance:
        chaos = Chaos(instance, seed)
        until = time.monotonic() + SECONDS / 2
        while time.monotonic() < until:
            chaos.step(supervisor=of_what == "everything")

        wait_until(lambda: instance.get("/readyz") == 200, 30, "never ready again")
        wait_until(lambda: not zombies_below(instance.serve.pid), 10, "zombies stay")
        assert chaos.done["launch"] >= SECONDS / 2, chaos.done
        assert instance.stop() == 0
        assert not instance.alive()
        assert starts_without_an_end(instance.home / "journal.sqlite3") == []


def test_the_supervisor_does_not_grow(tmp_path: Path) -> None:
    """Its fds are as many as before, its memory about as much, when a load of short lives is over and closed."""
    with Instance(tmp_path / "home") as instance:
        _live_and_die(instance, 60)
        before = instance.snapshot().supervisor
        _live_and_die(instance, 300)
        after = instance.snapshot().supervisor

        assert after.pid == before.pid
        wait_until(lambda: instance.snapshot().supervisor.fds == before.fds, 20, "the fds stay more")
        assert before.rss_bytes
        assert after.rss_bytes
        assert after.rss_bytes - before.rss_bytes < 12 * 2**20


def _live_and_die(instance: Instance, count: int) -> None:
    for method in ("forkserver", "fork"):
        spec = LaunchSpec(workload="sleep", params={"seconds": 0}, start_method=method)
        instance.call(Launch(request=1, by="chaos", spec=spec, count=count // 2))
        wait_until(lambda: all(each.state == "joined" for each in instance.snapshot().processes), 60)
    for process in instance.snapshot().processes:
        instance.call(Act(request=1, by="chaos", process=process.id, verb=Verb.CLOSE))
    wait_until(lambda: not instance.snapshot().processes, 30, "closed records stay")
