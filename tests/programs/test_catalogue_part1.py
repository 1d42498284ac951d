"""Processes, start methods, pipes, queues, synchronisation: the expected output of each script, run alone."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

import workers
from tests.programs.running import Running, line, run, running
from tests.waiting import gone, wait_until

THEMES = ("Process", "Start methods", "Pipe", "Queue", "Synchronisation")
QUICK = {"seconds": 0}


@dataclass(frozen=True)
class Case:
    """One run: ``lines`` are patterns that are each a line of the output, ``counts`` how many lines are one."""

    name: str
    params: dict[str, Any]
    lines: tuple[str, ...]
    counts: dict[str, int] = field(default_factory=dict)
    exitcode: int = 0
    error: str = ""

    @property
    def id(self) -> str:
        return "-".join([self.name, *(f"{value}" for value in self.params.values())])


PROCESS = [
    Case(
        "process-function",
        QUICK,
        (
            r"Process-2: Good morning, child 1! I have seen \['child 1'\]",
            r"parent \d+: Process-3 \(pid \d+\) ended with exit code 0",
            r"parent: my own list is still \[\]",
        ),
    ),
    Case(
        "process-subclass",
        {"limit": 2, "pause": 0},
        ("counter-to-2: 2", "parent: exit code 0, and count is still 0 here"),
    ),
    Case(
        "process-names",
        QUICK,
        ("MainProcess: the main process", "Process-1:2: child of Process-1", "Process-3:1: child of twin"),
        {"twin: child of MainProcess": 2},
    ),
    Case(
        "process-daemon",
        {"pause": 0.2},
        ("daemon: 1 of 100", "parent: nothing left to do", "worker: 3 of 3", "worker: done"),
        {"daemon: done": 0},
    ),
    Case(
        "process-daemon-children",
        QUICK,
        ("daemon: starting a child", "parent: the daemon ended with exit code 1"),
        {"daemon: never printed": 0},
        error="AssertionError: daemonic processes are not allowed to have children",
    ),
    Case(
        "process-join-timeout",
        {"seconds": 0.5, "timeout": 0.2},
        ("child: done", "parent: join returned, exitcode None", "parent: join returned, exitcode 0"),
    ),
    Case(
        "process-terminate-kill",
        {"grace": 0.5},
        (
            "parent: after terminate[(][)] plain has exit code -15",
            "careful: got SIGTERM, cleaning up",
            "parent: after terminate[(][)] careful has exit code 0",
            "parent: after terminate[(][)] stubborn has exit code None",
            "parent: after kill[(][)] stubborn has exit code -9",
        ),
    ),
    Case(
        "process-close",
        {"seconds": 0.3},
        (
            "close[(][)] while it runs: ValueError: Cannot close a process while it is still running.*",
            "joined: exit code 0",
            "exitcode after close[(][)]: ValueError: process object is closed",
        ),
    ),
    Case(
        "process-relatives",
        {"children": 2, "step": 0.4},
        (
            r"cpu_count\(\) says \d+",
            r"this process may use \d+",
            r"parent_process\(\) of the main process is None",
            "Process-2: my parent is MainProcess, alive: True",
            r"alive: \['Process-1', 'Process-2'\]",
            r"alive: \['Process-2'\]",
            "alive: none",
        ),
    ),
    Case(
        "process-split-list",
        {"items": 10, "parts": 4},
        (r"together: 285 after [\d.]+ s", "alone: 285"),
        {r"Process-\d: 3 items, sum \d+": 2, r"Process-\d: 2 items, sum \d+": 2},
    ),
    Case(
        "process-exit-codes",
        {"code": 7},
        (
            "give_back: exit code 0",
            "leave: exit code 7",
            "leave_with_text: exit code 1",
            "fail: exit code 1",
            "be_killed: exit code -9",
        ),
        error="RuntimeError: an exception instead of 7",
    ),
]

START_METHODS = [
    Case(
        "start-methods-same-program",
        {"method": "all", "seconds": 0},
        (
            "fork: this file is __main__ here",
            "fork: started by its parent: True",
            "spawn: this file is __mp_main__ here",
            "spawn: started by its parent: True",
            "forkserver: this file is __mp_main__ here",
            "forkserver: started by its parent: False",
        ),
        {r"\w+: exit code 0": 3, r"\w+: running after \d+ ms": 3},
    ),
    Case("start-methods-same-program", {"method": "spawn", "seconds": 0}, (), {r"\w+: exit code 0": 1}),
    Case(
        "start-methods-two-contexts",
        QUICK,
        (
            "fork: done by ForkProcess-1",
            "spawn: done by SpawnProcess-2",
            "mixed: RuntimeError: A SemLock created in a fork context is being shared with a process in a spawn .*",
        ),
    ),
    Case(
        "start-methods-missing-guard",
        {"method": "spawn"},
        ("__main__: starting a child", "__mp_main__: starting a child", "__main__: exit code 1"),
        {"child: only printed with fork": 0},
        exitcode=1,
        error="An attempt has been made to start a new process before the",
    ),
    Case("start-methods-missing-guard", {"method": "fork"}, ("child: only printed with fork", "__main__: exit code 0")),
    Case(
        "start-methods-globals-differ",
        {"method": "all"},
        (
            r"fork: the setting is 'changed by main\(\)'",
            "spawn: the setting is 'as in the file'",
            "forkserver: the setting is 'as in the file'",
        ),
        {r"parent: the setting is 'changed by main\(\)'": 3},
    ),
    Case(
        "start-methods-fork-from-threads",
        {"method": "fork", "seconds": 1},
        ("parent: got the lock", "fork: no lock within 1 s, and no thread here that holds it"),
    ),
    Case(
        "start-methods-fork-from-threads",
        {"method": "spawn", "seconds": 10},
        ("parent: got the lock", "spawn: got the lock"),
    ),
    Case(
        "start-methods-helpers",
        QUICK,
        (
            "at first: no children",
            r"with a lock: the resource_tracker \(\d+\)",
            r"with a child of the forkserver: the forkserver \(\d+\), the resource_tracker \(\d+\)",
            r"child: my parent is \d+",
        ),
    ),
]

PIPE = [
    Case(
        "pipe-duplex",
        {"questions": 3, "pause": 0},
        ("parent: received {'question': 2, 'answer': 4}", "child: asked to stop"),
    ),
    Case(
        "pipe-simplex",
        {"messages": 2, "pause": 0},
        (
            "reader: readable True, writable False",
            r"parent: send\(\) to the reading end: OSError: connection is read-only",
            r"child: recv\(\) from the writing end: OSError: connection is write-only",
            "parent: received message 1",
        ),
    ),
    Case(
        "pipe-two-readers",
        {"lock": True, "messages": 200},
        ("sent: 200 messages",),
        {r"reader-\d: \d+ whole, 0 torn": 2},
    ),
    Case("pipe-two-readers", {"lock": False}, (r"reader-\d: \d+ whole, [1-9]\d* torn",), {"reader-.*": 2}),
    Case(
        "pipe-raw-bytes",
        {"buffer": 8},
        (
            r"recv_bytes\(\): b'middle'",
            r"recv_bytes_into\(\): 4 bytes, b'fits'",
            r"recv_bytes_into\(\): BufferTooShort with b'is too long for it'",
            r"recv_bytes\(\): b'the last one'",
        ),
    ),
    Case(
        "pipe-end-of-file",
        {"keep_open": False, "pause": 0},
        (
            "child: received 2",
            "child: EOFError, all writing ends are closed",
            r"parent: send\(\) without a reader: BrokenPipeError: .*",
        ),
    ),
    Case(
        "pipe-end-of-file",
        {"keep_open": True, "seconds": 0.3},
        ("child: received 2", "child: nothing within 0.3 s, and no end-of-file: I hold the other end myself"),
        {"child: EOFError.*": 0},
    ),
    Case(
        "pipe-polling",
        {"messages": 2, "pause": 0.3, "patience": 0.05},
        (
            r"poll\(0.05\): False, time for other work",
            r"poll\(0.05\): True, received 1",
            r"poll\(\) at the end: True",
        ),
    ),
    Case(
        "pipe-too-large",
        {"seconds": 0.3},
        (
            r"child: send_bytes\(\) of 700000 bytes returned after (?!0\.0)\d\.\d s",
            "parent: received 700000 bytes",
            r"parent: recv_bytes\(350000\): OSError: bad message length",
            "parent: readable False, closed False",
            r"child: second send_bytes\(\): (BrokenPipe|ConnectionReset)Error",
        ),
    ),
]

QUEUE = [
    Case(
        "queue-producers-consumers",
        {"jobs": 5, "put_pause": 0, "work": 0.01},
        ("parent: all jobs are put", "parent: the queue is empty: True"),
        {r"consumer-\d: job \d": 10, r"consumer-\d: stopped after \d+ jobs": 3},
    ),
    Case(
        "queue-bounded",
        {"work": 0.2},
        (r"producer: put 7, waited 0\.\d s", r"consumer: [34] in the queue, full: True; took 1"),
        {"consumer: .*": 8},
    ),
    Case(
        "queue-empty-full",
        {"timeout": 0.2},
        (
            r"get_nowait\(\): Empty after 0.0 s",
            r"get\(timeout\): Empty after 0\.[2-9] s",
            r"put_nowait\(2\): None",
            r"put_nowait\(3\): Full after 0.0 s",
            r"put\(3, timeout\): Full after 0\.[2-9] s",
            r"get\(\): 2",
        ),
    ),
    Case(
        "queue-order",
        {"items": 300},
        (r"all: the sender changed \d+ times",),
        {r"producer-\d: 300 items, in order: True": 3},
    ),
    Case(
        "queue-joinable",
        {"jobs": 4, "work": 0.05},
        ("parent: waiting for all jobs to be done", "parent: all jobs are done"),
        {r"consumer-\d: job \d done": 4},
    ),
    Case(
        "queue-task-done",
        {"seconds": 0.5},
        (
            r"parent: task_done\(\) too often: ValueError: task_done\(\) called too many times",
            "parent: after 0.5 s the child still waits: True",
        ),
        {"child: never printed": 0},
    ),
    Case(
        "queue-simple",
        {"seconds": 0.5},
        ("parent: empty: True", "parent: empty: False", r"child: put 2, waited 0\.\d s", "child: 1 thread"),
    ),
    Case(
        "queue-feeder-thread",
        {"seconds": 0.1},
        (
            r"threads before the first put\(\): \['MainThread'\]",
            r"threads after it: \['MainThread', 'QueueFeederThread'\]",
            "items in the queue: 50",
            "got: after it",
        ),
        error="Can't ",
    ),
    Case(
        "queue-closing",
        {"pause": 0.01},
        (
            r"child: join_thread\(\) before close\(\): AssertionError: Queue .* not closed",
            r"child: put\(\) after close\(\): ValueError: Queue .* is closed",
            "parent: got 20 items",
            "child: everything is written",
        ),
    ),
    Case(
        "queue-cancel-join-thread",
        QUICK,
        (
            r"parent: the child ended with exit code 0; qsize\(\) says 1000",
            r"parent: got \d+ items, [1-9]\d* are lost",
        ),
    ),
    Case("queue-join-before-drain", {"drain": True}, ("parent: got 20 items", "parent: the child has ended")),
]

SYNCHRONISATION = [
    Case(
        "synchronisation-lost-updates",
        {},
        (r"without the lock: \d+ of 300000, [1-9]\d* lost", "with the lock: 300000 of 300000, 0 lost"),
    ),
    Case(
        "synchronisation-rlock",
        {"seconds": 1},
        (
            r"child: release\(\): AssertionError: attempt to release recursive lock not owned by thread",
            r"child: acquire\(\) without waiting: False",
            "parent: 5! = 120, under 7 locks",
            "child: got the lock",
            r"parent: release\(\): AssertionError: .*",
        ),
    ),
    Case(
        "synchronisation-semaphore",
        {"seconds": 0.05},
        (r"Process-\d+: in, 2 inside", "free places at the end: 2"),
        {r"Process-\d+: in, [12] inside": 10, r"Process-\d+: out": 10},
    ),
    Case(
        "synchronisation-bounded-semaphore",
        {"places": 2, "seconds": 0},
        (
            r"Semaphore: value after one release\(\) too many 3",
            r"BoundedSemaphore: one release\(\) too many: ValueError: semaphore or lock released too many times",
        ),
    ),
    Case(
        "synchronisation-condition",
        {"pause": 0.1},
        ("cook: closing",),
        {r"guest-\d: took a plate, \d left": 5, r"guest-\d: the kitchen is closed": 3, "cook: a plate is ready": 5},
    ),
    Case(
        "synchronisation-event",
        {"seconds": 0.2},
        (r"parent: wait\(0.2\): False", r"parent: set, wait\(0.2\): True", r"parent: cleared, is_set\(\): False"),
        {r"runner \d: ready": 4, r"runner \d: go": 4},
    ),
    Case(
        "synchronisation-barrier",
        {"pause": 0.05},
        ("parent: all walkers have finished",),
        {"action: all have arrived": 3, r"walker \d: phase \d is complete": 3},
    ),
    Case(
        "synchronisation-broken-barrier",
        {"patience": 0.3, "seconds": 0},
        ("parent: broken: True", "parent: reset, broken: False", "parent: broken: False"),
        {r"walker \d: BrokenBarrierError": 2, r"walker \d: through": 3},
    ),
    *(
        Case(
            "synchronisation-one-at-a-time",
            {"guard": guard, "seconds": 0.05},
            (f"parent: by {guard}, at most 1 inside at a time",),
            {r"Process-\d: in": 4, r"Process-\d: out": 4},
        )
        for guard in ("lock", "semaphore", "flag")
    ),
    Case(
        "synchronisation-one-at-a-time",
        {"guard": "none", "seconds": 0.5},
        ("parent: by none, at most [234] inside at a time",),
    ),
    Case(
        "synchronisation-release-unheld",
        {"seconds": 0.5},
        (
            r"parent: release\(\) of a free lock: ValueError: semaphore or lock released too many times",
            "parent: got the lock, while the child assumes to hold it",
            r"child: release\(\): ValueError: semaphore or lock released too many times",
        ),
    ),
    Case(
        "synchronisation-abandoned-lock",
        {"seconds": 0.3},
        ("holder: got the lock", "parent: killed the holder, exit code -9"),
        {r"waiter-\d: got the lock": 0},
        exitcode=1,
        error="parent: 3 never got the lock",
    ),
    Case(
        "synchronisation-deadlock",
        {"seconds": 1},
        ("plato: holds one lock, waits for the other", "kant: holds one lock, waits for the other"),
        {"(plato|kant): holds both": 0},
        exitcode=1,
        error="parent: 2 are deadlocked, terminated them",
    ),
    Case(
        "synchronisation-deadlock",
        {"in_order": True},
        ("plato: holds both", "kant: holds both", "parent: both are done"),
    ),
]

CASES = [*PROCESS, *START_METHODS, *PIPE, *QUEUE, *SYNCHRONISATION]
PROGRAMS = workers.programs()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_it_prints_the_expected_lines_and_leaves_nothing_behind(case: Case) -> None:
    """Every expected line, the expected exit code, and no unexpected output on stderr."""
    ran = run(case.name, **case.params)
    assert ran.exitcode == case.exitcode, ran
    for pattern in case.lines:
        assert line(pattern, ran.output), (pattern, ran.output)
    for pattern, count in case.counts.items():
        found = re.findall(f"^{pattern}$", ran.output, re.MULTILINE)
        assert len(found) == count, (pattern, ran.output)
    assert case.error in ran.error
    assert case.error or not ran.error


def test_every_script_of_these_themes_is_run() -> None:
    """The table above has all scripts of these themes, and no others."""
    ours = {name for name, program in PROGRAMS.items() if program.theme in THEMES}
    assert {case.name for case in CASES} == ours


def test_join_before_drain_hangs_until_it_is_killed() -> None:
    """The feeder thread blocks in a full pipe; when the child is killed, the parent continues."""
    with running("queue-join-before-drain") as script:
        script.wait_for("parent: joining the child")
        script.wait_for("child: put 20 items, ready to exit")
        (child,) = wait_until(lambda: _waiting_in("pipe_write", script), message="the feeder thread writes")
        assert not line("parent: the child has ended", script.output)
        child.kill()
        script.wait_for("parent: the child has ended")


def test_a_deadlock_lasts_until_it_is_ended() -> None:
    """Both wait in the kernel for a lock; killing one does not let the other continue."""
    with running("synchronisation-deadlock", seconds=60) as script:
        for name in ("plato", "kant"):
            script.wait_for(f"{name}: holds one lock, waits for the other")
        one, other = wait_until(lambda: _waiting_in("futex", script, 2), message="both wait for a lock")
        one.kill()
        wait_until(lambda: gone(one.pid))
        assert _waiting_in("futex", script) == [other]
        assert not line("(plato|kant): holds both", script.output)


def _waiting_in(function: str, script: Running, count: int = 1) -> list[psutil.Process]:
    """The descendants of the script with a thread that waits there, once there are so many."""
    below = psutil.Process(script.process.pid).children(recursive=True)
    found = [process for process in below if _waits_in(process, function)]
    return found if len(found) == count else []


def _waits_in(process: psutil.Process, function: str) -> bool:
    try:
        return any(function in (task / "wchan").read_text() for task in Path(f"/proc/{process.pid}/task").iterdir())
    except OSError:  # it has ended
        return False
