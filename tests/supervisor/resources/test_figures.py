"""Figures of conditions, events, barriers, values, pools, managers, listeners, shared memory and duplex pipes."""

import os
import signal
from pathlib import Path

import pytest

from app.linux import proc
from tests.supervisor.resources.observed_programs import watched

METHODS = ["fork", "spawn", "forkserver"]
MAIN = """
def start(mp, target, *args):
    process = mp.Process(target=target, args=args)
    process.start()
    return process

if __name__ == "__main__":
    mp = multiprocessing.get_context(sys.argv[1])
"""


@pytest.mark.parametrize("method", METHODS)
def test_event_has_its_flag_and_waiting_processes(method: str, tmp_path) -> None:
    """Each wait names the process that could set the event."""
    code = f"""
def sleep(event):
    event.wait()
    tell("woken")
    while True: time.sleep(600)
{MAIN}
    event = mp.Event()
    processes = [start(mp, sleep, event) for _ in range(2)]
    tell(*(process.pid for process in processes))
    wait()
    event.set()
    wait()
"""
    with watched(tmp_path, code, method) as program:
        sleeping = {int(pid) for pid in program.told()}
        event = program.see(lambda it: (one := it.one("event")) and one.sleepers == 2 and len(one.waiting) == 2 and one)
        assert (event.flag, {one.pid for one in event.waiting}) == (False, sleeping)
        assert {(edge.pid, edge.to, edge.resource) for edge in program.resources.edges() if edge.to != "join"} == {
            (pid, "wait", event.id) for pid in sleeping
        }
        assert all(program.pid in edge.holders for edge in program.edges("wait"))
        program.go_on()
        program.see(lambda it: it.one("event").flag and not it.one("event").sleepers)


@pytest.mark.parametrize("method", METHODS)
def test_process_killed_at_a_barrier_stays_counted(method: str, tmp_path) -> None:
    """The barrier counts it as arrived but no longer lists it as waiting."""
    code = f"""
def come(barrier):
    barrier.wait()
{MAIN}
    barrier = mp.Barrier(3)
    processes = [start(mp, come, barrier) for _ in range(2)]
    tell(*(process.pid for process in processes))
    wait()
"""
    with watched(tmp_path, code, method) as program:
        pids = [int(pid) for pid in program.told()]
        barrier = program.see(lambda it: (one := it.one("barrier")) and len(one.waiting) == one.sleepers == 2 and one)
        assert (barrier.parties, barrier.arrived, barrier.broken) == (3, 2, False)
        os.kill(pids[0], signal.SIGKILL)
        program.see(lambda it: [one.pid for one in it.one("barrier").waiting] == pids[1:])
        assert (program.one("barrier").arrived, program.one("barrier").sleepers) == (2, 2)


def test_notify_that_hangs_on_a_killed_waiter_is_shown_as_a_wait(tmp_path) -> None:
    """After a waiter was killed, notify_all() blocks for ever."""
    code = f"""
def sleep(condition):
    with condition: condition.wait()
{MAIN}
    condition = mp.Condition()
    process = start(mp, sleep, condition)
    tell(process.pid)
    wait()
    with condition: condition.notify_all()
"""
    with watched(tmp_path, code, "fork") as program:
        sleeper = int(program.told()[0])
        program.see(lambda it: (one := it.one("condition")) and one.sleepers == 1)
        os.kill(sleeper, signal.SIGKILL)
        program.see(lambda it: not it.one("condition").waiting)
        program.go_on()
        edge = program.see(lambda it: it.edges("notify") and it.edges("notify")[0])
        assert (edge.pid, edge.resource) == (program.pid, program.one("condition").id)


@pytest.mark.parametrize("method", METHODS)
def test_values_and_arrays_show_their_current_contents(method: str, tmp_path) -> None:
    """A change by any process is read."""
    code = f"""
def write(value, array, text):
    value.value = -2.5
    array[1] = 7
    text.value = b"hello"
    tell("written")
    while True: time.sleep(600)
{MAIN}
    value, array, text = mp.Value("d", 1.5), mp.Array("i", [1, 2, 3]), mp.Array("c", 20)
    tell("made")
    wait()
    process = start(mp, write, value, array, text)
    wait()
"""
    with watched(tmp_path, code, method) as program:
        program.told()
        value = program.see(lambda it: it.one("value"))
        assert (value.values, value.typecode, value.size_bytes) == ((1.5,), "d", 8)
        program.go_on()
        program.told()
        program.see(lambda it: it.one("value").values == (-2.5,))
        arrays = {one.typecode: one for one in program.resources.records.values() if one.kind == "array"}
        assert (arrays["i"].values, arrays["i"].length) == ((1, 7, 3), 3)
        assert arrays["c"].values == ("hello",)
        chart = program.resources.charts.history.as_reply(value.id)["series"][value.id]
        assert chart["value"][0] in (1.5, -2.5)


def test_process_that_inherited_a_pools_pipes_is_not_a_holder(tmp_path) -> None:
    """A process forked later has the pipes open and does not use them."""
    code = """
def nap():
    time.sleep(600)

if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    pool = mp.Pool(2)
    for _ in range(2): mp.Process(target=nap).start()
    pool.apply(nap)
"""
    with watched(tmp_path, code) as program:
        pool = program.see(lambda it: (one := it.one("pool")) and len(one.running or ()) == 1 and one)
        busy = {one["pid"] for one in pool.running}
        # The ends of a pipe are read only now and then; before that, every process with the pipe is a holder.
        idle = program.see(
            lambda it: next((one for one in it.edges("get") if one.main and one.holders == (it.pid,)), None)
        )
        assert idle.pid in set(pool.workers) - busy
        program.see(lambda it: {edge.holders for edge in it.edges("get") if edge.pid == it.pid} == {pool.workers})


@pytest.mark.parametrize("method", METHODS)
def test_pool_has_its_workers_and_tasks(method: str, tmp_path) -> None:
    """Running, queued and finished tasks are counted, and the last task of a killed worker is known."""
    code = f"""
def nap(seconds):
    time.sleep(seconds)
{MAIN}
    pool = mp.Pool(2)
    pool.map(nap, [0, 0, 0], chunksize=1)
    results = [pool.apply_async(nap, (600,)) for _ in range(5)]
    tell("given")
    wait()
"""
    with watched(tmp_path, code, method) as program:
        program.told()
        pool = program.see(lambda it: (one := it.one("pool")) and len(one.running or ()) == 2 and one)
        assert len(pool.workers) == 2
        assert {one["pid"] for one in pool.running} == set(pool.workers)
        assert {one["what"].rpartition(".")[2] for one in pool.running} == {"nap"}
        assert (pool.queued, pool.done) == (3, 3)
        assert not [one for one in program.resources.records.values() if one.part_of is None and one is not pool]
        killed = pool.workers[0]
        os.kill(killed, signal.SIGKILL)
        program.see(lambda it: (one := it.one("pool")) and killed not in one.workers and len(one.workers) == 2)
        assert program.resources.task_of(killed).endswith("nap")
        assert program.one("pool").done == 3


@pytest.mark.parametrize("method", METHODS)
def test_killed_idle_worker_leaves_the_pools_lock_abandoned(method: str, tmp_path) -> None:
    """Workers wait for tasks under that lock, so the pool hangs until the lock is broken."""
    code = f"""
{MAIN}
    pool = mp.Pool(2)
    pool.map(abs, range(3))
    tell("idle")
    wait()
    tell(*pool.map(abs, range(3), chunksize=1))
    wait()
"""
    with watched(tmp_path, code, method) as program:
        program.told()
        waiting = program.see(lambda it: len([edge for edge in it.edges("get") if edge.main]) == 2 and it.edges("get"))
        # One worker waits for a task, the other for the lock that the first holds.
        holder = next(edge.holders[0] for edge in waiting if edge.main and edge.holders[0] != program.pid)
        os.kill(holder, signal.SIGKILL)
        pool = program.see(lambda it: (one := it.one("pool")) and one.abandoned and one)
        assert pool.holder == holder
        # Breaking is refused until the report of the replacement worker, which has the lock mapped, has arrived.
        assert f", held by pid {holder}, which is dead." in program.see(lambda it: it.try_break_lock(pool.id))
        program.go_on()
        assert program.told() == ["0", "1", "2"]


def test_process_pool_executor_is_shown_as_a_pool(tmp_path) -> None:
    code = f"""
import concurrent.futures
def nap(seconds):
    time.sleep(seconds)
{MAIN}
    executor = concurrent.futures.ProcessPoolExecutor(2, mp)
    futures = [executor.submit(nap, 600) for _ in range(5)]
    tell("given")
    wait()
"""
    with watched(tmp_path, code, "fork") as program:
        pool = program.see(lambda it: (one := it.one("pool")) and len(one.running or ()) == 2 and one)
        assert (len(pool.workers), pool.queued, pool.done) == (2, 3, 0)


@pytest.mark.parametrize("method", METHODS)
def test_manager_has_its_server_address_and_object_count(method: str, tmp_path) -> None:
    code = f"{MAIN}    manager = mp.Manager()\n    things = [manager.dict() for _ in range(3)]\n    wait()"
    with watched(tmp_path, code, method) as program:
        manager = program.see(lambda it: (one := it.one("manager")) and one.objects == 3 and one)
        assert manager.server in manager.users
        assert manager.address.startswith("/")
        assert proc.stat(manager.server)


@pytest.mark.parametrize("family", ["AF_UNIX", "AF_INET"])
def test_listener_has_its_address_and_connection_count(family: str, tmp_path) -> None:
    code = f"""
from multiprocessing.connection import Client, Listener
def connect(address):
    connections = [Client(address) for _ in range(2)]
    while True: time.sleep(600)
{MAIN}
    listener = Listener(family={family!r})
    process = start(mp, connect, listener.address)
    accepted = [listener.accept() for _ in range(2)]
    tell("accepted")
    wait()
"""
    with watched(tmp_path, code, "fork") as program:
        program.told()
        listener = program.see(lambda it: (one := it.one("listener")) and one.connections == 2 and one)
        assert listener.address


def test_shared_memory_that_was_not_unlinked_is_a_leak(tmp_path) -> None:
    """Before, it has its size and the processes that have it mapped."""
    code = f"""
from multiprocessing import shared_memory, resource_tracker
def use(name):
    memory = shared_memory.SharedMemory(name)
    tell("attached", os.getpid())
    while True: time.sleep(600)
{MAIN}
    memory = shared_memory.SharedMemory(create=True, size=10000)
    resource_tracker.unregister(memory._name, "shared_memory")
    resource_tracker.register = lambda *args: None
    tell(memory.name)
    process = start(mp, use, memory.name)
    wait()
"""
    with watched(tmp_path, code, "fork") as program:
        name = program.told()[0]
        try:
            user = int(program.told()[1])
            memory = program.see(lambda it: (one := it.one("shared_memory")) and len(one.users) == 2 and one)
            assert memory.users == tuple(sorted((program.pid, user)))
            assert memory.size_bytes == 10000
            os.kill(user, signal.SIGKILL)
            os.kill(program.pid, signal.SIGKILL)
            leak = program.see(lambda it: it.resources.leaks and it.resources.leaks[0])
            assert (leak.files, leak.made_by, leak.size_bytes) == ((name,), program.pid, 10000)
            assert leak.name.startswith("memory (program.py:")
        finally:
            Path("/dev/shm", name).unlink()
        program.see(lambda it: not it.resources.leaks)


@pytest.mark.parametrize("method", METHODS)
def test_duplex_pipe_has_bytes_and_users_of_both_directions(method: str, tmp_path) -> None:
    """A wait for one end is held by the process that has the other."""
    code = f"""
def talk(end):
    end.send_bytes(bytes(10))
    end.recv_bytes()
    end.recv_bytes()
{MAIN}
    ours, theirs = mp.Pipe()
    process = start(mp, talk, theirs)
    theirs.close()
    tell(process.pid)
    ours.send_bytes(bytes(100))
    wait()
"""
    with watched(tmp_path, code, method) as program:
        child = int(program.told()[0])
        edge = program.see(lambda it: it.edges("recv") and it.edges("recv")[0])
        pipe = program.see(lambda it: (one := it.one("pipe")) and one.pipe_bytes_back and one)
        assert (edge.pid, edge.resource) == (child, pipe.id)
        program.see(lambda it: (one := it.one("pipe")) and (one.pipe_bytes, one.pipe_bytes_back) == (0, 14))
        program.see(lambda it: (one := it.one("pipe")) and child in one.users)
        program.see(lambda it: child in it.one("pipe").ends.get("b", ()) and program.pid in it.one("pipe").ends["a"])
        program.see(lambda it: it.edges("recv")[0].holders == (program.pid,))


def test_bytes_of_a_duplex_pipe_are_right_where_many_processes_inherited_it(tmp_path) -> None:
    """Each of them has both ends open."""
    code = """
if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    ours, theirs = mp.Pipe()
    for _ in range(8): mp.Process(target=time.sleep, args=(600,)).start()
    ours.send_bytes(bytes(100))
    theirs.send_bytes(bytes(10))
    tell("sent")
    wait()
"""
    with watched(tmp_path, code) as program:
        program.told()
        program.see(lambda it: (one := it.one("pipe")) and (one.pipe_bytes, one.pipe_bytes_back) == (104, 14))
