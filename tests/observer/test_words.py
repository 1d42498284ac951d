"""The messages of the observer about real programs, under every start method."""

import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from app.protocol.observer import (
    Booted,
    Dropped,
    Ending,
    Exiting,
    Hello,
    Joined,
    Joining,
    Leaving,
    Made,
    Refused,
    Signalled,
    Started,
    ThreadDied,
)
from procession.observer import SITE
from tests.observer.collector import Collector, collecting, observed, run
from tests.waiting import wait_until

METHODS = ("fork", "spawn", "forkserver")
PROGRAMS = Path(__file__).with_name("programs")


class Everything(NamedTuple):
    collector: Collector
    method: str


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with collecting(tmp_path) as collector:
        yield collector


@pytest.fixture(scope="module", params=METHODS)
def everything(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    """What was said in one run of the program that does everything, per start method."""
    with collecting(tmp_path_factory.mktemp("o")) as collector:
        run(collector, PROGRAMS / "everything.py", request.param)
        yield Everything(collector, request.param)


def all_read(collector: Collector) -> None:
    """Nothing was said that is no word, and nothing was dropped."""
    assert collector.unread == []
    assert {pid: collector.header(pid)[2] for pid in {said.pid for said in collector.said}}.items() <= {
        (said.pid, 0) for said in collector.said
    }


def test_a_process_that_leaves_while_a_feeder_thread_ends(collector: Collector) -> None:
    """The thread is alive and has deleted its arguments already."""
    run(collector, PROGRAMS / "feeder_ends.py")
    assert collector.words(Leaving) == []
    all_read(collector)


@pytest.mark.parametrize("method", METHODS)
def test_the_life_of_a_process(collector: Collector, method: str) -> None:
    """Hello, started, booted, exiting, joined: with name, target, start method and exit code."""
    run(collector, PROGRAMS / "life.py", method)
    (started,) = [word for word in collector.words(Started) if word.role is None]
    assert (started.name, started.target, started.daemon) == ("worker-one", "__main__.leave", True)
    assert started.start_method == method
    assert started.sentinel is not None
    child = started.child
    (booted,) = collector.words(Booted, child)
    assert (booted.name, booted.daemon, booted.threads) == ("worker-one", True, None if method == "spawn" else 1)
    assert [word.exitcode for word in collector.words(Exiting, child)] == [3]
    assert [(word.child, word.exitcode) for word in collector.words(Joined)] == [(child, 3)]
    assert [word.over for word in collector.words(Joining)] == [False]  # that it was joined says that it is over
    (hello,) = collector.words(Hello, child)
    assert (hello.program, hello.forked) == ("p1", method != "spawn")
    all_read(collector)


@pytest.mark.parametrize("method", METHODS)
def test_why_processes_end(collector: Collector, method: str) -> None:
    """The exception and the line of the program's own code; nothing of those that simply end."""
    environ = observed(collector)
    command = [sys.executable, PROGRAMS / "ends.py", method]
    program = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    _, printed = program.communicate(timeout=30)
    names = {word.child: word.name for word in collector.words(Started)} | {program.pid: "main"}
    told = {names[said.pid]: said.word for said in collector.said if isinstance(said.word, Leaving)}
    assert {name: word.error for name, word in told.items()} == {
        "raises": "MemoryError: out of memory",
        "in_library": "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "exits": "sys.exit(1)",
        "leaves_a_child": None,
        "leaves_items": None,
        "main": "ValueError: the last",
    }
    assert {name: word.place for name, word in told.items() if word.error} == {
        "raises": "ends.py:12 in raises()",
        "in_library": "ends.py:16 in in_library()",
        "exits": "ends.py:20 in exits()",
        "main": "ends.py:51 in main()",
    }
    assert "MemoryError" in printed
    assert SITE not in printed
    all_read(collector)


@pytest.mark.parametrize("method", METHODS)
def test_the_threads_at_a_fork_have_their_names(collector: Collector, tmp_path: Path, method: str) -> None:
    """The first of them, without the one that forks; a child that is not forked from them has none."""
    script = tmp_path / "forks.py"
    script.write_text(
        """
import multiprocessing, sys, threading

if __name__ == "__main__":
    context, over = multiprocessing.get_context(sys.argv[1]), threading.Event()
    names = ["importer", "ü" * 100, *map(str, range(20))]
    threads = [threading.Thread(target=over.wait, name=name) for name in names]
    for thread in threads: thread.start()
    child = context.Process(target=len, args=((),))
    def start():
        child.start()
        child.join()
    starting = threading.Thread(target=start, name="starting")
    starting.start()
    starting.join()
    over.set()
"""
    )
    run(collector, script, method)
    (booted,) = [word for word in collector.words(Booted) if word.name.endswith("Process-1")]
    if method == "fork":
        assert booted.threads == 1 + 22 + 1
        assert booted.threads_of_parent[:3] == ["MainThread", "importer", "ü" * 40]
        assert len(booted.threads_of_parent) == 10
    else:
        assert booted.threads_of_parent == []
    all_read(collector)


def test_a_program_that_forks_by_itself(collector: Collector, tmp_path: Path) -> None:
    """Without multiprocessing: from its first fork on, except those that execute another program."""
    script = tmp_path / "server.py"
    script.write_text(
        """
import os, subprocess, threading

over = threading.Event()
threading.Thread(target=over.wait, name="scheduler").start()
subprocess.run(["true"], preexec_fn=os.getpid)
for number in range(2):
    pid = os.fork()
    if pid == 0:
        if number == 1:
            inner = os.fork()
            os.waitpid(inner or os._exit(0), 0)
        os._exit(0)
    os.waitpid(pid, 0)
over.set()
"""
    )
    run(collector, script)
    hellos, booted = collector.words(Hello), collector.words(Booted)
    assert [word.forked for word in hellos] == [False, True, True, True]
    assert [(word.name, word.threads, word.threads_of_parent) for word in booted] == [
        ("server.py fork 1", 2, ["scheduler"]),
        ("server.py fork 2", 2, ["scheduler"]),
        ("server.py fork 2 fork 1", 1, []),
    ]
    main, _, second, _ = (said.pid for said in collector.said if isinstance(said.word, Hello))
    assert [word.parent for word in booted] == [main, main, second]
    assert all(word.by_os_fork for word in booted)
    all_read(collector)


def test_threads_that_died(collector: Collector) -> None:
    """What they ran, of what they died and where, and which resources they used; not of SystemExit."""
    command = [sys.executable, PROGRAMS / "dead_thread.py"]
    program = subprocess.run(
        command, env=observed(collector), stderr=subprocess.PIPE, text=True, timeout=30, check=True
    )
    loader, timer, handler = collector.words(ThreadDied)
    assert (loader.name, loader.error, loader.place) == (
        "loader",
        "KeyError: 'loader'",
        "dead_thread.py:16 in run()",
    )
    assert loader.target.rpartition(".")[2] == "run"
    assert timer.error == "TypeError: object of type 'int' has no len()"
    assert handler.error == "AttributeError: 'int' object has no attribute 'code'"
    assert handler.target.startswith("multiprocessing.pool.")
    assert handler.target.endswith("_handle_results")
    assert collector.made("pool", "pool").word.parts["outqueue"] in handler.uses
    assert SITE not in program.stderr
    all_read(collector)


def test_a_long_name_is_cut(collector: Collector) -> None:
    """A message that is too long would not be sent at all."""
    run(collector, PROGRAMS / "long_name.py")
    (started,) = collector.words(Started)
    (booted,) = collector.words(Booted)
    assert started.name == booted.name == "n" * 200
    all_read(collector)


@pytest.mark.parametrize("method", METHODS)
def test_a_process_that_counts_nothing_has_no_page(collector: Collector, method: str) -> None:
    """Each start would pay for it; the parent, which counts, has one."""
    run(collector, PROGRAMS / "life.py", method)
    (started,) = [word for word in collector.words(Started) if word.role is None]
    parent = next(said.pid for said in collector.said if said.word is started)
    assert not collector.has_page(started.child)
    assert collector.has_page(parent)


def test_helpers_of_multiprocessing_have_their_role(collector: Collector) -> None:
    """The forkserver and the resource tracker are processes with a role."""
    run(collector, PROGRAMS / "life.py", "forkserver")
    assert {word.role for word in collector.words(Started)} == {None, "forkserver", "tracker"}


def test_a_start_that_is_refused(collector: Collector) -> None:
    """A daemon tried to start a child: which process, and why it was refused."""
    run(collector, PROGRAMS / "daemon_with_child.py")
    (refused,) = collector.words(Refused)
    assert refused.error == "AssertionError: daemonic processes are not allowed to have children"


def test_resources(everything: Everything) -> None:
    """Its creator reports each resource, with variable and place, after its parts."""
    collector = everything.collector
    made = [word for word in collector.words(Made) if word.here]
    named = {word.name.partition(" (")[0]: word.resource for word in made if word.name}
    assert named == {
        "bounded": "bounded_semaphore",
        "box": "shared_memory",
        "counter": "value",
        "both": "barrier",
        "done": "event",
        "five": "queue",
        "here, there": "pipe",
        "jobs": "joinable_queue",
        "lines": "simple_queue",
        "listener": "listener",
        "lock": "lock",
        "manager": "manager",
        "news": "condition",
        "rlock": "rlock",
        "self.slots": "semaphore",
        "table": "array",
        "workers": "pool",
        "executor": "pool",
    }
    keys = [word.key for word in made]
    for word in made:
        before = keys[: keys.index(word.key)]
        assert all(part in before or part == word.key for name, part in word.parts.items() if name != "b"), word
    all_read(collector)


def test_a_semaphore_can_be_read_from_outside(everything: Everything) -> None:
    """The descriptor in the message is its file: the inode is in its key, value and waiters in the first 8 bytes."""
    collector = everything.collector
    semaphore = collector.made("semaphore", "self.slots")
    assert semaphore.word.key == f"sem:{os.fstat(semaphore.fds[0]).st_ino}"
    assert struct.unpack("<II", os.pread(semaphore.fds[0], 8, 0)) == (2, 0)
    assert semaphore.word.facts["maxvalue"] > 2


def test_puts_and_gets_are_counted_in_the_page(everything: Everything) -> None:
    """By each process separately, and readable after its end."""
    collector = everything.collector
    five = collector.made("queue", "five")
    assert collector.counters(five.pid, five.word.facts["counters"])[:2] == (0, 3)
    (child,) = [word.child for word in collector.words(Started) if word.name == "putter"]
    got = [word for word in collector.words(Made, child) if word.key == five.word.key and "counters" in word.facts]
    slot = got[0].facts["counters"] if got else five.word.facts["counters"]
    assert collector.counters(child, slot)[:2] == (3, 0)
    assert [word for word in collector.words(Made, child) if "buffer" in word.facts and not word.here]


def test_workers_of_pools(everything: Everything) -> None:
    """Their pool is reported when they start; their pages have what they did."""
    collector = everything.collector
    pools = [word for word in collector.words(Made) if word.resource == "pool" and word.here]
    for pool, tasks in zip(pools, (7, 4), strict=True):
        workers = [word.child for word in collector.words(Started) if word.role == f"pool:{pool.key}"]
        assert len(workers) == 2
        assert sum(collector.header(worker)[3] for worker in workers) == tasks
        busy = next(worker for worker in workers if collector.header(worker)[3])
        assert collector.task(busy) == ("__main__" if everything.method == "fork" else "__mp_main__") + ".square"


@pytest.mark.parametrize("method", METHODS)
def test_signals_of_a_parent_are_reported(collector: Collector, method: str) -> None:
    """terminate(), kill(), and for daemons the end of the parent; not for a child that is dead already."""
    run(collector, PROGRAMS / "ends_children.py", method)
    names = {word.child: word.name for word in collector.words(Started)}
    told = [(names[word.child], word.signal) for word in collector.words(Signalled)]
    assert told[:2] == [("terminated", 15), ("killed", 9)]
    assert ("left", 15) in told
    assert "dead" not in dict(told)
    all_read(collector)


@pytest.mark.parametrize("method", METHODS)
def test_workers_that_a_pool_ends_are_reported(collector: Collector, method: str) -> None:
    """The living ones, when it is terminated or broken; not one that was killed from outside."""
    *outsiders, error = run(collector, PROGRAMS / "pool_ends.py", method).split()
    by_pool, by_executor = [set(word.children) for word in collector.words(Ending)]
    assert by_pool
    assert by_executor
    assert not (by_pool | by_executor) & set(map(int, outsiders))
    assert error == "BrokenProcessPool"
    all_read(collector)


def test_the_server_of_a_manager_reports_where_its_objects_are(everything: Everything) -> None:
    """Its role is known from its start."""
    collector = everything.collector
    (manager,) = [word for word in collector.words(Started) if word.role == "manager"]
    told = [word for word in collector.words(Made, manager.child) if word.resource == "manager"]
    assert [(word.here, word.facts["server"]) for word in told] == [(False, manager.child)]
    assert told[0].facts["cache"]


def test_a_task_is_in_the_page_while_it_runs(collector: Collector) -> None:
    """Its name and since when; then that it is done."""
    with subprocess.Popen(
        [sys.executable, PROGRAMS / "one_task.py"], env=observed(collector), stdin=subprocess.PIPE
    ) as program:
        worker = collector.started("ForkPoolWorker-1").child
        wait_until(lambda: collector.words(Hello, worker))
        since = wait_until(lambda: collector.header(worker)[4])
        assert 0 < since < time.monotonic_ns()
        assert collector.task(worker) == "__main__.wait_for_a_line"
        program.communicate(b"now\n", timeout=10)
    assert collector.header(worker)[3:5] == (1, 0)


def test_dropped_resources_are_reported(everything: Everything) -> None:
    """A queue without references, with its parts, and a block of shared memory that was closed."""
    collector = everything.collector
    dropped = {word.key for word in collector.words(Dropped)}
    made = {word.resource: word.key for word in collector.words(Made) if word.here}
    assert {made["shared_memory"], made["joinable_queue"]} <= dropped


@pytest.mark.parametrize("owners", [False, True])
def test_owners_are_recorded_on_request(collector: Collector, *, owners: bool) -> None:
    """When this process last acquired the lock."""
    run(collector, PROGRAMS / "everything.py", "fork", owners=owners)
    lock = next(word for word in collector.words(Made) if word.name.startswith("lock "))
    pid = collector.made("lock", "lock").pid
    slot = lock.facts.get("counters")
    assert (slot is not None) == owners
    assert slot is None or collector.counters(pid, slot)[7] > 0
