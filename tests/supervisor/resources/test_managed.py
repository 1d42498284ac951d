"""Waits in calls on a manager's proxies: for a lock of another client, for an item, or for the answer."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from app.core.scene.wait_graph import find_deadlocks
from app.records.errors import NotPossible
from tests.supervisor.resources.observed_programs import Watched, watched

METHODS = ["fork", "spawn", "forkserver"]
MANAGED = """
from multiprocessing.managers import BaseManager, SyncManager

class Slow:
    def sleep(self, seconds):
        time.sleep(seconds)

class Own(SyncManager):
    pass

Own.register("Slow", Slow)

def start(target, *args):
    process = mp.Process(target=target, args=args)
    process.start()
    return process.pid

def call(proxy, method, *args):
    getattr(proxy, method)(*args)

def take_both(first, second, meeting):
    with first:
        meeting.wait()
        second.acquire()

if __name__ == "__main__":
    mp = multiprocessing.get_context(sys.argv[1])
    manager = Own(ctx=mp)
    manager.start()
"""


def found_deadlocks(program: Watched) -> list[set[int]]:
    return [{*deadlock.pids} for deadlock in find_deadlocks(program.resources.waits(), lambda _pid: True)]


@pytest.mark.parametrize("method", METHODS)
def test_deadlock_over_two_managed_locks_is_found(method: str, tmp_path: Path) -> None:
    """Both locks have their names and holders; the manager is not part of the cycle."""
    code = """
    savings = manager.Lock()
    current = manager.RLock()
    meeting = manager.Barrier(2)
    tell(start(take_both, savings, current, meeting), start(take_both, current, savings, meeting))
    wait()
"""
    with watched(tmp_path, MANAGED + code, method) as program:
        one, other = map(int, program.told())
        assert program.see(found_deadlocks) == [{one, other}]
        locks = {lock.name.partition(" ")[0]: lock for lock in (program.one("lock"), program.one("rlock"))}
        assert {name: lock.holder for name, lock in locks.items()} == {"savings": one, "current": other}
        assert {lock.manager for lock in locks.values()} == {program.one("manager").id}
        waits = {edge.pid: (edge.resource, edge.to, edge.holders) for edge in program.edges("acquire")}
        assert waits == {
            one: (locks["current"].id, "acquire", (other,)),
            other: (locks["savings"].id, "acquire", (one,)),
        }
        assert locks["savings"].waiting[0].pid == other


@pytest.mark.parametrize(
    ("made", "call", "shows"),
    [
        ("Queue()", "'get'", ("queue", "get", False)),
        ("Queue(1)", "'get', True, 60", ("queue", "get", True)),
        ("JoinableQueue()", "'get'", ("joinable_queue", "get", False)),
        ("Semaphore(0)", "'acquire'", ("semaphore", "acquire", False)),
        ("Event()", "'wait'", ("event", "wait", False)),
        ("Event()", "'wait', 60", ("event", "wait", True)),
        ("Barrier(2)", "'wait'", ("barrier", "wait", False)),
        ("Slow()", "'sleep', 600", ("manager", "answer", False)),
    ],
)
def test_call_on_a_proxy_waits_for_its_object(
    made: str, call: str, shows: tuple[str, str, bool], tmp_path: Path
) -> None:
    """A call of a method that is not a known blocking one waits for the manager."""
    code = f"    thing = manager.{made}\n    tell(start(call, thing, {call}))\n    wait()"
    kind, to, timed = shows
    with watched(tmp_path, MANAGED + code, "fork") as program:
        child = int(program.told()[0])
        [edge] = program.see(lambda it: it.edges(to))
        thing = program.one(kind)
        assert (edge.pid, edge.resource, edge.timed) == (child, thing.id, timed)
        # The server is of the program: who has its proxies is known.  What another call waits for is not.
        assert (edge.certain, edge.main) == (kind != "manager", True)
        expected = program.one("manager").server if kind == "manager" else program.pid
        assert expected in edge.holders
        assert abs(time.time() - edge.since) < 30


def test_put_into_a_full_managed_queue_is_a_wait(tmp_path: Path) -> None:
    code = """
    thing = manager.Queue(1)
    thing.put(1)
    tell(start(call, thing, "put", 2))
    wait()
    thing.get()
    wait()
"""
    with watched(tmp_path, MANAGED + code, "fork") as program:
        child = int(program.told()[0])
        [edge] = program.see(lambda it: it.edges("put"))
        assert (edge.pid, edge.resource) == (child, program.one("queue").id)
        program.go_on()
        program.see(lambda it: not it.edges("put"))


def test_holder_of_a_managed_lock_is_always_the_current_one(tmp_path: Path) -> None:
    """The lock is acquired, acquired again (RLock), released, and released by waiting on its condition."""
    code = """
    lock, cond = manager.RLock(), manager.Condition()
    lock.acquire(); lock.acquire(); wait()
    lock.release(); wait()
    lock.release(); wait()
    cond.acquire(); start(call, lock, "acquire"); wait()
    cond.wait()
"""
    with watched(tmp_path, MANAGED + code, "fork") as program:
        for holder in (program.pid, program.pid, None):
            program.see(lambda it, who=holder: (one := it.one("rlock")) and one.value == (0 if who else 1))
            assert program.one("rlock").holder == holder
            program.go_on()
        child = program.see(lambda it: it.one("rlock").holder)
        assert child != program.pid
        program.go_on()
        [edge] = program.see(lambda it: it.edges("wait"))
        assert edge.resource == program.one("condition").id
        # It waits to be notified, not for its own lock; the child has ended, so that nobody is left to do it.
        assert found_deadlocks(program) == [{program.pid}]


def test_managed_lock_of_a_dead_process_is_abandoned_and_cannot_be_broken(tmp_path: Path) -> None:
    """The lock is in the manager's memory and cannot be released from outside."""
    code = """
    def die_with(lock):
        lock.acquire()
        tell("has it")
        time.sleep(600)
    lock = manager.Lock()
    holder = start(die_with, lock)
    tell(holder)
    wait()
    lock.acquire()
"""
    with watched(tmp_path, MANAGED + code, "fork") as program:
        told = [program.told() for _ in range(2)]
        holder = int(next(words[0] for words in told if words[0] != "has"))
        program.see(lambda it: (one := it.one("lock")) and one.holder == holder)
        os.kill(holder, signal.SIGKILL)
        program.go_on()
        lock = program.see(lambda it: (one := it.one("lock")).abandoned and one.waiting and one)
        assert (lock.holder, lock.waiting[0].pid) == (holder, program.pid)
        with pytest.raises(NotPossible, match="its manager keeps it"):
            program.resources.break_lock(lock.id)


def test_managed_locks_that_another_thread_may_hold_are_no_deadlock(tmp_path: Path) -> None:
    """Each process has another running thread, which may hold the lock and release it."""
    code = """
    def take_both_with_thread(*args):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        take_both(*args)
    savings, current, meeting = manager.Lock(), manager.Lock(), manager.Barrier(2)
    start(take_both_with_thread, savings, current, meeting), start(take_both_with_thread, current, savings, meeting)
    wait()
"""
    with watched(tmp_path, MANAGED + code, "fork") as program:
        program.see(lambda it: len(it.edges("acquire")) == 2 and all(one.holders for one in it.edges("acquire")))
        for _ in range(4):
            program.look()
            assert found_deadlocks(program) == []


def test_lock_of_a_manager_over_tcp_has_an_unknown_holder(tmp_path: Path) -> None:
    """The kernel does not identify a TCP client; its wait is still shown."""
    code = """
    manager = SyncManager(("127.0.0.1", 0), ctx=mp)
    manager.start()
    lock = manager.Lock()
    lock.acquire()
    tell(start(call, lock, "acquire"))
    wait()
"""
    with watched(tmp_path, MANAGED + code, "fork") as program:
        child = int(program.told()[0])
        [edge] = program.see(lambda it: it.edges("acquire"))
        lock = program.one("lock")
        assert (edge.pid, edge.resource, edge.certain) == (child, lock.id, False)
        assert (lock.value, lock.holder, lock.holder_unknown) == (0, None, True)


def test_managed_lock_without_proxies_is_removed(tmp_path: Path) -> None:
    code = "    lock = manager.Lock()\n    other = manager.Lock()\n    wait()\n    del other\n    wait()"
    with watched(tmp_path, MANAGED + code, "fork") as program:
        program.see(lambda it: len([one for one in it.resources.records.values() if one.kind == "lock"]) == 2)
        program.go_on()
        left = program.see(lambda it: it.one("lock"), deadline_s=20)
        assert left.name.startswith("lock ")
