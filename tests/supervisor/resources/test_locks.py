"""Locks and semaphores of real programs: holders, waiting processes, dead holders, and breaking a lock."""

import os
import signal

import pytest

from app.core.scene.wait_graph import find_deadlocks
from app.linux import proc
from app.records.errors import NoSuchProcess, NotPossible
from app.records.waits import Edge
from tests.supervisor.resources.observed_programs import Watched, watched
from tests.waiting import wait_until

METHODS = ["fork", "spawn", "forkserver"]

#: One child acquires the lock and keeps it, another waits for it; each prints when it has it.
HOLDER_AND_TAKER = """
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
    """Each step is read in order, and breaking the lock lets the waiting process continue."""
    with watched(tmp_path, HOLDER_AND_TAKER, method, kind) as program:
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

        said = program.see(lambda it: it.try_break_lock(lock.id))
        named = {"Lock": "lock", "RLock": "RLock"}[kind]
        assert said.startswith(
            f"Released {named} {lock.name}, held by pid {holder}, which is dead. The waiting process will"
        )
        assert "half written" in said
        assert program.told() == ["taken", str(taker)]
        program.see(lambda it: (one := kind_of(it, kind)) and one.value == 1 and not one.abandoned)
        with pytest.raises(NotPossible, match="no process holds it"):
            program.resources.break_lock(lock.id)


def test_resource_that_is_not_a_lock_cannot_be_broken(tmp_path) -> None:
    """Each refusal gives the reason."""
    code = "queue = multiprocessing.Queue()\ntell('made')\nwait()"
    with watched(tmp_path, code) as program:
        queue = program.see(lambda it: it.one("queue"))
        with pytest.raises(NotPossible, match="no dead process is known to hold one of its locks"):
            program.resources.break_lock(queue.id)
        with pytest.raises(NoSuchProcess):
            program.resources.break_lock("r999")


def test_lock_acquired_twice_by_its_holder_waits_for_itself(tmp_path) -> None:
    """The waiting process is its own holder."""
    code = "lock = multiprocessing.Lock()\nlock.acquire()\nlock.acquire()"
    with watched(tmp_path, code) as program:
        edge = program.see(lambda it: it.edges("acquire") and it.one("lock").holder and it.edges("acquire")[0])
        assert (edge.pid, edge.holders) == (program.pid, (program.pid,))


def wait_starts(program: Watched) -> dict[int, float]:
    """Return the time since which each process waits for a lock."""
    return {edge.pid: edge.since for edge in program.edges("acquire")}


def test_processes_that_wait_for_each_others_lock_have_edges_both_ways(tmp_path) -> None:
    """The edges and their times stay the same while one of the processes is stopped."""
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
        # CPU time of a thread that has just blocked is still being accounted.
        program.see(lambda it: wait_starts(it) == (it.look(), wait_starts(it))[1])
        since = wait_starts(program)
        os.kill(first, signal.SIGSTOP)
        wait_until(lambda: (stat := proc.stat(first)) and stat.state == "T")
        program.see(lambda it: wait_starts(it) == since)
        os.kill(first, signal.SIGCONT)
        program.see(lambda it: (stat := proc.stat(first)) and stat.state == "S" and wait_starts(it) == since)
        (join,) = program.see(lambda it: it.edges("join"))
        assert (join.pid, join.of, join.holders, join.resource) == (program.pid, first, (first,), None)


def test_lock_released_by_another_process_is_never_called_abandoned(tmp_path) -> None:
    """A lock passed from process to process has no known owner."""
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


def test_semaphore_names_the_processes_that_acquired_it(tmp_path) -> None:
    """Each of them could let the waiting process continue."""
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
def test_slot_of_a_semaphore_lost_with_its_holder_can_be_released(method: str, kind: str, tmp_path) -> None:
    """The waiting process gets the slot of the dead one."""
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
        assert (
            f"Released the lost slot of {shown.kind_label} {shown.name}, acquired by pid {dead}, which is dead."
            in program.see(lambda it: it.try_break_lock(shown.id))
        )
        waited = int(program.told()[0])
        program.see(lambda it: it.one(name).acquired_by == tuple(sorted((living, waited))))
        assert (program.one(name).lost, program.one(name).abandoned) == (0, False)
        with pytest.raises(NotPossible, match="no dead process is known to have acquired it"):
            program.resources.break_lock(shown.id)


def test_semaphore_used_as_a_signal_has_no_holders(tmp_path) -> None:
    """One process only acquires it, another only releases it."""
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


def test_wait_with_a_timeout_is_marked_as_timed(tmp_path) -> None:
    """This holds also after a stop, when the kernel no longer shows the original system call."""
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
def test_lock_of_a_holder_that_died_before_the_first_reading_is_abandoned(owners: bool, tmp_path) -> None:  # noqa: FBT001
    """The holder is named only where the program records owners."""
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
        assert program.see(lambda it: it.try_break_lock(lock.id)).startswith("Released ")


@pytest.mark.parametrize("of", ["two processes", "one process"])
def test_threads_that_take_two_locks_in_opposite_order(of: str, tmp_path) -> None:
    """Their main threads go on; each thread is named, and known as the holder of its lock."""
    code = """
def take(first, second, met):
    with first:
        met.wait()
        with second:
            pass

def serve(first, second, met):
    thread = threading.Thread(target=take, args=(first, second, met), name="job")
    thread.start()
    tell(os.getpid(), thread.native_id)
    while True:
        time.sleep(0.05)

if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    a, b, met = mp.Lock(), mp.Lock(), mp.Barrier(2)
    if sys.argv[1] == "one process":
        threading.Thread(target=take, args=(a, b, met), name="job").start()
        serve(b, a, met)
    for first, second in ((a, b), (b, a)):
        mp.Process(target=serve, args=(first, second, met), daemon=True).start()
    wait()
"""
    with watched(tmp_path, code, of) as program:
        pid, tid = map(int, program.told())

        def found(it: Watched) -> list[Edge]:
            [deadlock] = find_deadlocks(it.resources.waits(), lambda _: True) or [None]
            return list(deadlock.edges) if deadlock and all(edge.thread for edge in deadlock.edges) else []

        edges = program.see(found)
        assert {edge.thread for edge in edges} == {"job"}
        assert (pid, tid) in {(edge.pid, edge.tid) for edge in edges}
        assert len({edge.pid for edge in edges}) == (1 if of == "one process" else 2)


def test_a_lock_that_another_thread_holds_is_no_deadlock(tmp_path) -> None:
    """The main thread waits for it, and the thread that has acquired it runs."""
    code = """
def hold(lock):
    with lock:
        tell("held")
        while True:
            time.sleep(0.05)

lock = multiprocessing.Lock()
threading.Thread(target=hold, args=(lock,), daemon=True).start()
time.sleep(0.2)
lock.acquire()
"""
    with watched(tmp_path, code) as program:
        edge = program.see(lambda it: it.edges("acquire") and it.edges("acquire")[0].holders and it.edges("acquire")[0])
        assert (edge.holders, edge.tid) == ((program.pid,), 0)
        assert edge.holder_tid
        assert find_deadlocks(program.resources.waits(), lambda _: True) == ()


def test_a_lock_at_the_address_of_an_earlier_one_has_its_holder(tmp_path) -> None:
    """Its memory is mapped where that of the earlier one was, whose holder is not asked for."""
    code = """
if __name__ == "__main__":
    for _ in range(3):
        lock = multiprocessing.Lock()
        child = multiprocessing.get_context("fork").Process(target=lock.acquire, args=(False,))
        lock.acquire()
        child.start()
        child.join()
        tell("held")
        wait()
        lock.release()
        del lock, child
"""
    with watched(tmp_path, code) as program:
        for _ in range(3):
            program.told()
            lock = program.see(lambda it: (one := it.one("lock")) and one.holder == it.pid and one)
            assert not lock.abandoned
            program.go_on()
