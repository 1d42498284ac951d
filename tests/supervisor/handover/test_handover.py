"""After SIGKILL, the next supervisor knows everything about the programs started with `procession run`.

Most processes of these programs are blocked for ever, so none of them can report anything a second time.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict

from app.protocol.programs import BreakLock
from app.records.errors import NotPossible
from app.records.process import NOT_SAMPLED, Process
from app.records.program import Program
from app.records.stream import Snapshot
from tests.instance import Instance, wait_until_well
from tests.waiting import gone, wait_until

#: Takes a start method. Creates resources of all kinds; two of its processes are deadlocked, the others sleep.
DEADLOCKED_PROGRAM = """
import multiprocessing, os, signal, sys, time
from multiprocessing import shared_memory

def one(first, second, met):
    with first:
        met.wait()
        with second:
            pass

def dies(gone):
    gone.acquire()
    os._exit(3)

def waits(gone):
    gone.acquire()

def work(jobs):
    jobs.put("more")
    signal.pause()

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    jobs = context.Queue(5)
    flag = context.Event()
    total = context.Value("i", 42)
    gone = context.Lock()
    left = context.Lock()
    right = context.Lock()
    met = context.Barrier(2)
    near, far = context.Pipe()
    kept = context.Lock()
    kept.acquire()
    tasks = context.JoinableQueue()
    tasks.put("undone")
    memory = shared_memory.SharedMemory(create=True, size=100)
    pool = context.Pool(2)
    pool.map(abs, range(10), chunksize=1)
    manager = context.Manager()
    shared = manager.dict()
    jobs.put("first")
    dead = context.Process(target=dies, args=(gone,), name="dead")
    dead.start()
    dead.join()
    processes = [
        context.Process(target=one, args=(left, right, met), name="one", daemon=True),
        context.Process(target=one, args=(right, left, met), name="other", daemon=True),
        context.Process(target=waits, args=(gone,), name="waits", daemon=True),
        context.Process(target=work, args=(jobs,), name="worker", daemon=True),
    ]
    for process in processes:
        process.start()
    print("ready", flush=True)
    processes[0].join()
"""
#: Fields that change with time.
_MOVING = frozenset({"held_s", "oldest_s", "put_per_s", "get_per_s"})
_SAMPLED = frozenset({*NOT_SAMPLED, "descendants", "stuck"})
#: The line at which a party of a finding stands: it is known a moment later.
_PLACE = re.compile(r", at \S+:\d+( in \S+\(\))?,")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("legacy") / "home") as running:
        yield running


@contextmanager
def started(
    instance: Instance, folder: Path, code: str, *arguments: str, stdin: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start `procession run` in its own session; kill the whole process group at the end."""
    script = folder / "program.py"
    script.write_text(code)
    command = (sys.executable, "-m", "app", "run", "--", sys.executable, str(script), *arguments)
    with subprocess.Popen(
        command, env=instance.environ, stdin=stdin, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    wait_for_snapshot(instance, is_over, "all processes and resources of the program are gone")


def is_over(snapshot: Snapshot) -> bool:
    return not snapshot.resources and not any(one.alive for one in snapshot.processes)


def kill_supervisor(instance: Instance) -> None:
    """Kill the supervisor and wait until the launcher has started another that answers."""
    wait_until_well(instance.home)
    before = instance.supervisor_pid
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: instance.supervisor_pid != before, 20, "the supervisor is restarted")
    wait_until(lambda: try_snapshot(instance), 20, "the supervisor answers")


def try_snapshot(instance: Instance) -> Snapshot | None:
    try:
        return instance.snapshot()
    except Exception:  # noqa: BLE001 - any error of a socket without a listener
        return None


def wait_for_snapshot(instance: Instance, is_it: Callable[[Snapshot], bool], what: str) -> Snapshot:
    found: list[Snapshot] = []

    def look() -> bool:
        found[:] = [instance.snapshot()]
        return is_it(found[0])

    wait_until(look, 30, what)
    return found[0]


def resources(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Return the resources by id, without the fields that change with time and the order of waiting processes."""
    found = {one.id: {k: v for k, v in asdict(one).items() if k not in _MOVING} for one in snapshot.resources}
    return {key: {**one, "waiting": {(w.pid, w.to, w.since) for w in one["waiting"]}} for key, one in found.items()}


def differences(now: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]]) -> list[Any]:
    """Return the fields that differ, with both values."""
    names = {(key, name) for one in (now, before) for key, fields in one.items() for name in fields}
    found = ((key, name, now.get(key, {}).get(name), before.get(key, {}).get(name)) for key, name in sorted(names))
    return [one for one in found if one[2] != one[3]]


def processes(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {one.id: stable_fields(one) for one in snapshot.processes if one.program and one.alive}


def texts(snapshot: Snapshot) -> dict[str, str]:
    return {one.id: _PLACE.sub("", one.text) for one in findings(snapshot)}


def stuck(snapshot: Snapshot) -> dict[str, str]:
    """Return why the processes of programs are stuck."""
    return {one.id: one.stuck.reason for one in snapshot.processes if one.program and one.alive and one.stuck}


def stable_fields(process: Process) -> dict[str, Any]:
    return {name: value for name, value in asdict(process).items() if name not in _SAMPLED}


def kinds(snapshot: Snapshot) -> set[str]:
    return {finding.kind for finding in snapshot.waits.findings if is_newest(snapshot, finding.program)}


def is_newest(snapshot: Snapshot, program: str | None) -> bool:
    return bool(snapshot.programs) and program == newest(snapshot).id


def newest(snapshot: Snapshot) -> Program:
    """Return the program that the test has started."""
    return max(snapshot.programs, key=lambda one: one.started_at)


def wait_until_settled(instance: Instance) -> Snapshot:
    """Return a snapshot with all findings, once all holders and waits are in the journal."""

    def is_it(now: Snapshot) -> bool:
        if not is_settled(now):
            return False
        waits = {(waiting.pid, waiting.since) for one in now.resources for waiting in one.waiting}
        kept = named(now, "kept")
        return is_in_journal(instance, kept.id, f'"holder":{kept.holder},') and all(
            is_in_journal(instance, f"w{pid}", f",{since}") for pid, since in waits
        )

    return wait_for_snapshot(instance, is_it, "the deadlock is found and in the journal")


def is_settled(snapshot: Snapshot) -> bool:
    """Return whether both findings exist and the ends of all pipes have been read."""
    named = {one.name.partition(" ")[0]: one for one in snapshot.resources}
    held = named["kept"].holder if "kept" in named else None
    pipes = [one for one in snapshot.resources if one.kind == "pipe"]
    found = {"deadlock", "abandoned-lock"} <= kinds(snapshot)
    return found and bool(held) and all(one.ends for one in pipes)


@pytest.mark.parametrize(
    "method", ["fork", *(pytest.param(one, marks=pytest.mark.long) for one in ("spawn", "forkserver"))]
)
def test_resources_waits_and_findings_are_the_same_after_a_restart(
    instance: Instance, tmp_path: Path, method: str
) -> None:
    """Names, kinds, parts, users, figures, waits, cycles and findings are equal, under the same ids."""
    with started(instance, tmp_path, DEADLOCKED_PROGRAM, method):
        before = wait_until_settled(instance)
        kill_supervisor(instance)
        wanted = resources(before)
        after = wait_for_snapshot(instance, is_settled, "the deadlock is found again")
        with suppress(AssertionError):
            wait_until(lambda: not differences(resources(instance.snapshot()), wanted), 30)
        assert differences(resources(instance.snapshot()), wanted) == []
        assert {one["name"].partition(" ")[0] for one in wanted.values()} >= {
            *(
                "jobs",
                "flag",
                "total",
                "gone",
                "left",
                "right",
                "met",
                "near,",
                "kept",
                "tasks",
                "memory",
                "pool",
                "manager",
            )
        }
        assert processes(after) == processes(before)
        assert {one["name"] for one in processes(after).values()} >= {"one", "other", "waits", "worker"}
        assert set(after.waits.cycles) == set(before.waits.cycles)
        assert edges(after) == edges(before)
        assert texts(after) == texts(before)
        wanted_stuck = stuck(before)
        assert wanted_stuck
        wait_until(lambda: stuck(instance.snapshot()) == wanted_stuck, 30, "the same processes are stuck")


def named(snapshot: Snapshot, name: str) -> Any:
    """Return the resource of that variable name."""
    return next(one for one in snapshot.resources if one.name.partition(" ")[0] == name)


def process_named(snapshot: Snapshot, name: str) -> Process:
    return next(one for one in snapshot.processes if one.name == name and one.program == newest(snapshot).id)


def test_a_lock_parked_by_a_killed_supervisor_can_be_broken(instance: Instance, tmp_path: Path) -> None:
    """The launcher kept its descriptor; the waiting process continues."""
    with started(instance, tmp_path, DEADLOCKED_PROGRAM, "fork"):
        wait_for_snapshot(instance, is_settled, "the abandoned lock is found")
        kill_supervisor(instance)
        wait_for_snapshot(instance, is_settled, "the abandoned lock is found again")
        kill_supervisor(instance)
        again = wait_for_snapshot(instance, is_settled, "the abandoned lock is found again")
        told = instance.call(BreakLock(request=1, by="test", resource=named(again, "gone").id))
        assert ", held by a dead process. The waiting process will continue." in told["text"]
        instance.wait_state(process_named(again, "waits").id, "exited")


def test_a_new_launcher_knows_all_resources_but_has_no_descriptors(tmp_path: Path) -> None:
    """After `procession stop` and `serve`, resources are read through the program's own memory and descriptors."""
    with Instance(tmp_path / "home") as instance, started(instance, tmp_path, DEADLOCKED_PROGRAM, "fork"):
        wanted = resources(wait_until_settled(instance))
        instance.stop()
        instance.line = ""
        instance.start()
        instance.wait_ready()
        wait_for_snapshot(instance, is_settled, "the deadlock is found again")
        with suppress(AssertionError):
            wait_until(lambda: not differences(resources(instance.snapshot()), wanted), 30)
        assert differences(resources(instance.snapshot()), wanted) == []
        with pytest.raises(NotPossible, match="Procession has no descriptor of its semaphore"):
            instance.call(BreakLock(request=1, by="test", resource=named(instance.snapshot(), "gone").id))


@contextmanager
def supervisor_down(instance: Instance) -> Iterator[None]:
    """Kill the supervisor, and let the launcher restart it only at the end of the block."""
    wait_until_well(instance.home)
    before = instance.supervisor_pid
    os.kill(instance.launcher_pid, signal.SIGSTOP)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: gone(before), 20, "the supervisor has ended")
    yield
    os.kill(instance.launcher_pid, signal.SIGCONT)
    wait_until(lambda: instance.supervisor_pid != before, 20, "the supervisor is restarted")
    wait_until(lambda: try_snapshot(instance), 20, "the supervisor answers")


#: One child acquires ``held`` and sleeps, another waits for it; the parent sleeps.
LOCK_HOLDER_PROGRAM = """
import multiprocessing, os, signal, sys

def holds(held, ready):
    held.acquire()
    ready.set()
    signal.pause()

def stays(held):
    held.acquire()

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    held = context.Lock()
    ready = context.Event()
    context.Process(target=holds, args=(held, ready), name="holder").start()
    ready.wait()
    context.Process(target=stays, args=(held,), name="stays").start()
    print("ready", flush=True)
    signal.pause()
"""


def test_a_process_killed_while_no_supervisor_runs_leaves_an_abandoned_lock(instance: Instance, tmp_path: Path) -> None:
    """The next supervisor finds the lock abandoned and the holder as a zombie."""
    with started(instance, tmp_path, LOCK_HOLDER_PROGRAM):
        before = wait_for_snapshot(
            instance, lambda now: named_holder(now) is not None, "the holder of the lock is found"
        )
        holder = process_named(before, "holder")
        wait_until(
            lambda: is_in_journal(instance, named(before, "held").id, f'"holder":{holder.pid},'),
            20,
            "the holder is in the journal",
        )
        with supervisor_down(instance):
            assert holder.pid
            os.kill(holder.pid, signal.SIGKILL)
        after = wait_for_snapshot(
            instance, lambda now: "abandoned-lock" in kinds(now), "the lock is found to be abandoned"
        )
        assert (named(after, "held").abandoned, named(after, "held").holder) == (True, holder.pid)
        zombie = instance.wait_state(holder.id, "exited")
        assert (zombie.exitcode, zombie.pid) == (-signal.SIGKILL, holder.pid)


def named_holder(snapshot: Snapshot) -> int | None:
    return next((one.holder for one in snapshot.resources if one.name.startswith("held ")), None)


def test_a_program_whose_first_process_has_ended_is_still_known(instance: Instance, tmp_path: Path) -> None:
    """As after a daemon's double fork: a program runs as long as any of its processes does."""
    with started(instance, tmp_path, LOCK_HOLDER_PROGRAM):
        before = wait_for_snapshot(
            instance, lambda now: named_holder(now) is not None, "the holder of the lock is found"
        )
        program = newest(before)
        assert program.pid
        os.kill(program.pid, signal.SIGKILL)
        instance.wait_state(program.id, "joined")
        wait_until(
            lambda: is_in_journal(instance, program.id, '"state":"joined"'),
            20,
            "the exit of the first process is in the journal",
        )
        kill_supervisor(instance)
        after = wait_for_snapshot(instance, lambda now: named_holder(now) is not None, "the lock is still known")
        again = newest(after)
        assert (again.id, again.state, again.exitcode, again.started_at) == (
            *(program.id, "running", -signal.SIGKILL, program.started_at),
        )
        assert {process_named(after, name).state for name in ("holder", "stays")} == {"running"}


#: Creates and acquires a lock when a line arrives, and puts every further line into a queue.
LATE_LOCK_PROGRAM = """
import multiprocessing, sys

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    jobs = context.Queue()
    print("ready", flush=True)
    sys.stdin.readline()
    meanwhile = context.Lock()
    meanwhile.acquire()
    print("made", flush=True)
    for line in sys.stdin:
        jobs.put(line)
"""


def test_a_lock_created_while_no_supervisor_runs_is_reported_later(instance: Instance, tmp_path: Path) -> None:
    """The observer keeps the report and sends it with the next put; the earlier queue is listed once."""
    with started(instance, tmp_path, LATE_LOCK_PROGRAM, stdin=subprocess.PIPE) as program:
        assert program.stdin
        assert program.stdout
        before = wait_for_snapshot(instance, lambda now: has_resource(now, "jobs"), "the queue is listed")
        wait_until(lambda: is_in_journal(instance, named(before, "jobs").id), 20, "the queue is in the journal")
        with supervisor_down(instance):
            program.stdin.write(b"\n")
            program.stdin.flush()
            assert program.stdout.readline() == b"made\n"

        def is_reported() -> bool:
            assert program.stdin
            program.stdin.write(b"\n")
            program.stdin.flush()
            return has_resource(instance.snapshot(), "meanwhile")

        wait_until(is_reported, 20, "the lock is reported")
        after = wait_for_snapshot(
            instance, lambda now: named(now, "meanwhile").holder is not None, "the holder of the lock is known"
        )
        assert named(after, "meanwhile").holder == newest(after).pid
        assert named(after, "jobs").id == named(before, "jobs").id
        wait_for_snapshot(instance, lambda now: bool(named(now, "jobs").size), "the queue has items")


def has_resource(snapshot: Snapshot, name: str) -> bool:
    return any(one.name.partition(" ")[0] == name for one in snapshot.resources)


def is_in_journal(instance: Instance, key: str, word: str = "") -> bool:
    """Return whether the journal has that fact; it is written a moment after the snapshot shows it."""
    with closing(sqlite3.connect(instance.home / "journal.sqlite3")) as journal:
        rows = journal.execute("SELECT fact FROM legacy WHERE id = ?", (key,)).fetchall()
    return any(word.encode() in fact for (fact,) in rows)


def findings(snapshot: Snapshot) -> list[Any]:
    found = (one for one in snapshot.waits.findings if one.program == newest(snapshot).id)
    return [one for one in found if one.kind in {"deadlock", "abandoned-lock"}]


def edges(snapshot: Snapshot) -> set[Any]:
    return {(one.pid, one.resource, one.of, one.to, round(one.since, 3)) for one in snapshot.waits.edges}
