"""Locks of real programs, read from outside: who holds them, who waits, whose holder is dead; and breaking one."""

import os
import signal

import pytest

from app.linux import proc
from app.records.errors import NoSuchProcess, NotPossible
from tests.supervisor.resources.observed_programs import Watched, watched
from tests.waiting import wait_until

METHODS = ["fork", "spawn", "forkserver"]

#: ``hold`` takes it and tells; ``take`` waits for it and tells.
TWO = """
def hold(lock):
    lock.acquire()
    tell("held", os.getpid())
    while True: time.sleep(600)

def take(lock):
    lock.acquire()
    tell("taken", os.getpid())
    lock.release()

def start(mp, target, *args):
    process = mp.Process(target=target, args=args)
    process.start()
    return process

if __name__ == "__main__":
    mp = multiprocessing.get_context(sys.argv[1])
    lock = getattr(mp, sys.argv[2])()
    holder = start(mp, hold, lock)
    wait()
    taker = start(mp, take, lock)
    tell("taker", taker.pid)
    wait()
"""


def kind_of(program: Watched, kind: str):
    return program.one(kind.lower())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_lock_is_held_waited_for_abandoned_and_broken(method: str, kind: str, tmp_path) -> None:
    """All that can happen to a lock, in order; each step is seen, and breaking it lets the waiting one go on."""
    with watched(tmp_path, TWO, method, kind) as program:
        holder = int(program.told()[1])
        lock = program.see(lambda it: (one := kind_of(it, kind)) and one.holder == holder and one)
        assert (lock.value, lock.maximum, lock.abandoned, lock.holder_unknown) == (0, 1, False, None)
        assert lock.name == "lock (program.py:31)"
        assert set(lock.users) == {program.pid, holder}

        program.go_on()
        taker = int(program.told()[1])
        edge = program.see(lambda it: it.edges("acquire") and it.edges("acquire")[0])
        charted = program.resources.charts.history.as_reply
        program.see(lambda it: charted(lock.id)["series"][lock.id]["waiting"][-1:] == [1])
        assert (edge.pid, edge.resource, edge.holders) == (taker, lock.id, (holder,))
        assert (edge.main, edge.timed, edge.of) == (True, False, None)
        [waiting] = kind_of(program, kind).waiting
        assert (waiting.pid, waiting.to, waiting.label) == (taker, "acquire", "waits")
        with pytest.raises(NotPossible, match=f"cannot be released: pid {holder} holds it and is alive"):
            program.resources.break_lock(lock.id)

        os.kill(holder, signal.SIGKILL)
        lock = program.see(lambda it: (one := kind_of(it, kind)) and one.abandoned and one)
        assert lock.holder == holder
        assert program.edges("acquire")[0].holders == ()

        said = program.resources.break_lock(lock.id)
        named = {"Lock": "lock", "RLock": "RLock"}[kind]
        assert said.startswith(f"Released {named} {lock.name}, held by dead pid {holder}. The waiting process will")
        assert "half written" in said
        assert program.told() == ["taken", str(taker)]
        program.see(lambda it: (one := kind_of(it, kind)) and one.value == 1 and not one.abandoned)
        with pytest.raises(NotPossible, match="no process holds it"):
            program.resources.break_lock(lock.id)


def test_what_is_no_lock_cannot_be_broken(tmp_path) -> None:
    """Each refusal says why."""
    code = "queue = multiprocessing.Queue()\ntell('made')\nwait()"
    with watched(tmp_path, code) as program:
        queue = program.see(lambda it: it.one("queue"))
        with pytest.raises(NotPossible, match="no dead process is known to hold one of its locks"):
            program.resources.break_lock(queue.id)
        with pytest.raises(NoSuchProcess):
            program.resources.break_lock("r999")


def test_lock_that_its_holder_takes_again(tmp_path) -> None:
    """Who waits for itself is its own holder."""
    code = "lock = multiprocessing.Lock()\nlock.acquire()\nlock.acquire()"
    with watched(tmp_path, code) as program:
        edge = program.see(lambda it: it.edges("acquire") and it.one("lock").holder and it.edges("acquire")[0])
        assert (edge.pid, edge.holders) == (program.pid, (program.pid,))


def started(program: Watched) -> dict[int, float]:
    """Since when each waits for a lock."""
    return {edge.pid: edge.since for edge in program.edges("acquire")}


def test_two_that_wait_for_each_other(tmp_path) -> None:
    """The edges of a deadlock, both ways, also where one is stopped."""
    code = """
def both(one, other, barrier):
    with one:
        barrier.wait()
        with other: pass

if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    a, b, barrier = mp.Lock(), mp.Lock(), mp.Barrier(2)
    processes = [mp.Process(target=both, args=args) for args in ((a, b, barrier), (b, a, barrier))]
    for process in processes: process.start()
    tell(*(process.pid for process in processes))
    for process in processes: process.join()
"""
    with watched(tmp_path, code) as program:
        first, second = map(int, program.told())
        program.see(
            lambda it: {edge.pid: edge.holders for edge in it.edges("acquire")} == {first: (second,), second: (first,)}
        )
        # A thread that has just gone to sleep is still charged for that.
        program.see(lambda it: started(it) == (it.look(), started(it))[1])
        since = started(program)
        os.kill(first, signal.SIGSTOP)
        wait_until(lambda: (stat := proc.stat(first)) and stat.state == "T")
        program.see(lambda it: started(it) == since)
        os.kill(first, signal.SIGCONT)
        program.see(lambda it: (stat := proc.stat(first)) and stat.state == "S" and started(it) == since)
        (join,) = program.see(lambda it: it.edges("join"))
        assert (join.pid, join.of, join.holders, join.resource) == (program.pid, first, (first,), None)


def test_holder_that_waits_elsewhere_is_not_taken_for_dead(tmp_path) -> None:
    """A lock passed on like a baton has no owner that can be told; it is never called abandoned."""
    code = """
def give(lock, asked):
    asked.acquire()
    lock.release()
    asked.acquire()

if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    lock, asked = mp.Lock(), mp.Semaphore(0)
    lock.acquire()
    process = mp.Process(target=give, args=(lock, asked))
    process.start()
    asked.release()
    lock.acquire()
    tell("again")
    wait()
    process.kill()
    process.join()
    tell("killed")
    wait()
"""
    with watched(tmp_path, code) as program:
        assert program.told() == ["again"]
        program.see(lambda it: (lock := it.one("lock")) and lock.value == 0)
        program.go_on()
        program.told()
        for _ in range(20):
            program.look()
            lock = program.one("lock")
            assert not lock.abandoned


def test_semaphore_names_those_that_have_some(tmp_path) -> None:
    """Any of those that acquired one could let the waiting one go on."""
    code = """
def hold(semaphore):
    semaphore.acquire()
    tell(os.getpid())
    while True: time.sleep(600)

if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    semaphore = mp.BoundedSemaphore(2)
    for _ in range(3): mp.Process(target=hold, args=(semaphore,)).start()
    wait()
"""
    with watched(tmp_path, code) as program:
        having = {int(program.told()[0]) for _ in range(2)}
        edge = program.see(lambda it: it.edges("acquire") and it.edges("acquire")[0])
        assert set(edge.holders) == having
        assert (program.one("bounded_semaphore").value, program.one("bounded_semaphore").maximum) == (0, 2)
        assert set(program.one("bounded_semaphore").acquired_by) == having


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["Semaphore", "BoundedSemaphore"])
def test_place_of_a_semaphore_that_died_with_its_holder_is_seen_and_given_back(
    method: str, kind: str, tmp_path
) -> None:
    """One of two places is lost; the waiting one gets it when it is released in the place of the dead."""
    code = """
def hold(semaphore):
    semaphore.acquire()
    tell(os.getpid())
    while True: time.sleep(600)

if __name__ == "__main__":
    mp = multiprocessing.get_context(sys.argv[1])
    semaphore = getattr(mp, sys.argv[2])(2)
    for _ in range(3): mp.Process(target=hold, args=(semaphore,)).start()
    wait()
"""
    name = {"Semaphore": "semaphore", "BoundedSemaphore": "bounded_semaphore"}[kind]
    with watched(tmp_path, code, method, kind) as program:
        dead, living = (int(program.told()[0]) for _ in range(2))
        shown = program.see(
            lambda it: (one := it.one(name)) and len(one.acquired_by or ()) == 2 and one.waiting and one
        )
        with pytest.raises(NotPossible, match="no dead process is known to have acquired it"):
            program.resources.break_lock(shown.id)
        os.kill(dead, signal.SIGKILL)
        shown = program.see(lambda it: (one := it.one(name)) and one.abandoned and one)
        assert (shown.lost, shown.holder, shown.acquired_by, len(shown.waiting)) == (1, dead, (living,), 1)
        assert f", held by dead pid {dead}." in program.resources.break_lock(shown.id)
        waited = int(program.told()[0])
        program.see(lambda it: it.one(name).acquired_by == tuple(sorted((living, waited))))
        assert (program.one(name).lost, program.one(name).abandoned) == (0, False)
        with pytest.raises(NotPossible, match="no dead process is known to have acquired it"):
            program.resources.break_lock(shown.id)


def test_semaphore_that_one_acquires_and_another_releases_is_nobodys(tmp_path) -> None:
    """A signal between processes belongs to none of them."""
    code = """
def receive(signals):
    for _ in range(3): signals.acquire()
    tell("received")
    while True: time.sleep(600)

if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    signals = mp.Semaphore(0)
    mp.Process(target=receive, args=(signals,)).start()
    for _ in range(4): signals.release()
    wait()
"""
    with watched(tmp_path, code) as program:
        program.told()
        semaphore = program.see(lambda it: (one := it.one("semaphore")) and one.value == 1 and one)
        assert semaphore.acquired_by == ()


def test_timed_wait_is_told_as_such(tmp_path) -> None:
    """It ends by itself; also after a stop, when the kernel does not say any more which call it was."""
    code = "lock = multiprocessing.Lock()\nlock.acquire()\nlock.acquire(timeout=600)"
    with watched(tmp_path, code) as program:
        assert program.see(lambda it: it.edges("acquire") and it.edges("acquire")[0]).timed
        os.kill(program.pid, signal.SIGSTOP)
        wait_until(lambda: (stat := proc.stat(program.pid)) and stat.state == "T")
        os.kill(program.pid, signal.SIGCONT)
        for _ in range(5):
            program.look()
        assert program.see(lambda it: it.edges("acquire") and it.edges("acquire")[0]).timed


@pytest.mark.parametrize("owners", [True, False])
def test_holder_that_died_before_anybody_looked(owners: bool, tmp_path) -> None:  # noqa: FBT001
    """Where owners are noted it is named even then; otherwise it is known that it is dead, and not who it was."""
    code = """
def die(lock):
    lock.acquire()
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    lock = mp.Lock()
    process = mp.Process(target=die, args=(lock,))
    process.start()
    process.join()
    tell(process.pid)
    wait()
"""
    with watched(tmp_path, code, owners=owners) as program:
        dead = int(program.told()[0])
        lock = program.see(lambda it: (one := it.one("lock")) and one.abandoned and one)
        assert (lock.holder, lock.holder_unknown) == ((dead, None) if owners else (None, True))
        assert program.resources.break_lock(lock.id).startswith("Released ")
