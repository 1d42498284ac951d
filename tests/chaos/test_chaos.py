"""kill -9 of whatever there is, again and again under a load of launches; afterwards nothing may be amiss.

``PROCESSION_CHAOS_SECONDS`` lengthens it; a failure prints its seed, and ``PROCESSION_CHAOS_SEED`` repeats it.
"""

import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from app.protocol.control import Act, Launch
from app.records.errors import SupervisorAway
from app.records.process import LaunchSpec, RestartPolicy
from app.records.stream import Snapshot
from app.records.verbs import Verb
from tests.instance import Instance
from tests.waiting import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(600)]

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


def zombies_of_ours(instance: Instance) -> list[str]:
    """Zombies whose parent is one of our own processes; what a workload does not reap is its own affair."""
    supervisor = instance.snapshot().supervisor
    parents = {instance.serve.pid, instance.web_pid, supervisor.pid, supervisor.forkserver_pid}
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                stat = (folder / "stat").read_text(errors="replace")
                state, parent = stat.rpartition(")")[2].split()[:2]
                if state == "Z" and int(parent) in parents:
                    found.append(stat)
    return found


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


@pytest.mark.parametrize("of_what", ["everything", "all-but-our-own"])
def test_after_random_kills_nothing_is_left_or_missing(tmp_path: Path, of_what: str) -> None:
    """No survivor, no zombie, no start without an end in the journal; still ready, and it stops in order."""
    sys.stderr.write(f"PROCESSION_CHAOS_SEED={SEED}\n")
    with Instance(tmp_path / "home") as instance:
        chaos = Chaos(instance, SEED)
        until = time.monotonic() + SECONDS / 2
        while time.monotonic() < until:
            chaos.step(supervisor=of_what == "everything")

        wait_until(lambda: instance.get("/readyz") == 200, 30, "never ready again")
        wait_until(lambda: not zombies_of_ours(instance), 10, "zombies stay")
        assert chaos.done["launch"] >= SECONDS / 2, chaos.done
        assert instance.stop() == 0
        assert not instance.alive()
        assert starts_without_an_end(instance.home / "journal.sqlite3") == []


def test_the_supervisor_does_not_grow(tmp_path: Path) -> None:
    """Its fds are as many as before, its memory about as much, after hundreds of short lives."""
    with Instance(tmp_path / "home") as instance:
        pid = instance.supervisor_pid
        for method in ("forkserver", "fork"):
            spec = LaunchSpec(workload="sleep", params={"seconds": 0}, start_method=method)
            instance.call(Launch(request=1, by="chaos", spec=spec, count=20))
        _live_again(instance, 2)
        fds, rss = open_fds(pid), rss_bytes(pid)
        _live_again(instance, 8)

        assert instance.supervisor_pid == pid
        wait_until(lambda: not open_fds(pid) - fds, 10, f"the fds stay more: {open_fds(pid) - fds}")
        assert rss_bytes(pid) - rss < 8 * 2**20


def open_fds(pid: int) -> Counter[str]:
    """What the fds of a process lead to, by kind."""
    leads_to: Counter[str] = Counter()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            leads_to[str(link.readlink()).partition(":")[0]] += 1
    return leads_to


def rss_bytes(pid: int) -> int:
    """The resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _live_again(instance: Instance, times: int) -> None:
    for _ in range(times):
        wait_until(lambda: all(each.state == "joined" for each in instance.snapshot().processes), 60)
        for process in instance.snapshot().processes:
            instance.call(Act(request=1, by="chaos", process=process.id, verb=Verb.RESTART))
    wait_until(lambda: all(each.state == "joined" for each in instance.snapshot().processes), 60)
