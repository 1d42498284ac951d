"""Hangs as people report them, told with who waits where and why nobody ends it; healthy programs alike are not."""

from __future__ import annotations

import pytest

from app.records.waits import FindingKind
from tests.supervisor.program_runs import Programs
from tests.supervisor.test_stuck import told
from tests.waiting import wait_until

#: The process that should set the event fails; a sibling only looks at it, and a thread of the main process sleeps.
EVENT_OF_FAILED = """
import multiprocessing, sys, threading, time

def setter(event):
    {}["path"]
    event.set()

def waiter(event):
    event.wait()

def idle():
    time.sleep(3600)

def monitor(event):
    while True:
        event.is_set()
        time.sleep(0.2)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    event = (context.Manager() if "managed" in sys.argv else context).Event()
    threading.Thread(target=idle, daemon=True).start()
    context.Process(target=monitor, args=(event,), name="monitor", daemon=True).start()
    crew = [context.Process(target=one, args=(event,), name=one.__name__) for one in (setter, waiter)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
"""
#: A worker gets no end marker; the main process has a feeder thread, and one that only sleeps, or puts a marker later.
MARKER_MISSING = """
import multiprocessing, sys, threading, time

def worker(tasks):
    while tasks.get() is not None:
        pass

def heartbeat():
    while True:
        tasks.qsize()
        time.sleep(0.2)

def ends():
    time.sleep(3600)
    tasks.put(None)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    tasks = context.Queue()
    threading.Thread(target=ends if "later" in sys.argv else heartbeat, daemon=True).start()
    crew = [context.Process(target=worker, args=(tasks,), name=f"worker-{i}") for i in (1, 2)]
    for one in crew:
        one.start()
    tasks.put(None)
    for one in crew:
        one.join()
"""
#: As many write it: a class with its queue, its processes, and a thread that shows how full the queue is.
CLASS = """
import multiprocessing, sys, threading, time

def write(rows):
    while rows.get() is not None:
        pass

class App:
    def __init__(self):
        self.rows = multiprocessing.Queue()
        self.writer = multiprocessing.Process(target=write, args=(self.rows,), name="writer")
        self.stop = threading.Event()

    def beat(self):
        while not self.stop.wait(0.2):
            self.rows.qsize()

    def close(self):
        while not self.stop.wait(3600):
            self.put_last()

    def put_last(self):
        self.rows.put(None)

    def run(self):
        threading.Thread(target=self.close if "later" in sys.argv else self.beat, daemon=True).start()
        self.writer.start()
        self.writer.join()
        self.put_last()

if __name__ == "__main__":
    App().run()
"""
#: The feeder has a managed dictionary only, and finds the queue in it later; with "lost", it ends instead.
NESTED_PROXY = """
import multiprocessing, sys, time

def work(queue):
    queue.get()

def feed(shared, name):
    time.sleep(0 if name == "lost" else 3600)
    if name != "lost":
        shared["queue"].put(None)

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    manager = context.Manager()
    queue, shared = manager.Queue(), manager.dict()
    shared["queue"] = queue
    feeder = context.Process(target=feed, args=(shared, sys.argv[1]), name="feeder")
    feeder.start()
    worker = context.Process(target=work, args=(queue,), name="worker")
    worker.start()
    worker.join()
"""
#: A semaphore that counts events: nobody acquired it, and who should release it has exited.
SIGNAL = """
import multiprocessing, sys

def first(go):
    sys.exit(3)

def second(go):
    go.acquire()

if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    go = context.Semaphore(0)
    crew = [context.Process(target=one, args=(go,), name=one.__name__) for one in (first, second)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
"""
#: The main process acquires a slot for each task, and the process that has done the task releases it; or it fails.
BACK_PRESSURE = """
import multiprocessing, sys, time

def work(slots, fails):
    if fails:
        raise MemoryError
    time.sleep(3600)
    slots.release()

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    slots = context.Semaphore(2)
    for number in range(3):
        slots.acquire()
        context.Process(target=work, args=(slots, "fails" in sys.argv), daemon=True).start()
"""
#: The input of a command is never closed; or its second output is full, while the first one is read.
COMMAND = """
import multiprocessing, subprocess, sys

def talk(command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"b")
    process.stdin.flush()
    process.stdout.read()

if __name__ == "__main__":
    process = multiprocessing.Process(target=talk, args=(sys.argv[1:],), name="talker")
    process.start()
    process.join()
"""
#: The workers of an executor wait for an event that the coroutine sets after their results.
EVENT_LOOP = """
import asyncio, multiprocessing, signal, sys
from concurrent.futures import ProcessPoolExecutor

def init(given):
    global event
    event = given

def work(number):
    event.wait()

async def main():
    event = multiprocessing.Event()
    loop = asyncio.get_running_loop()
    if "handles" in sys.argv:
        loop.add_signal_handler(signal.SIGTERM, event.set)
    with ProcessPoolExecutor(2, initializer=init, initargs=(event,)) as executor:
        await asyncio.gather(*(loop.run_in_executor(executor, work, number) for number in range(2)))
        event.set()

if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    asyncio.run(main())
"""
#: The only item cannot be pickled, which happens in a thread; at the exit of its process, even the traceback is lost.
NO_PICKLE = """
import multiprocessing, os, sys, time

class Result:
    def __reduce__(self):
        if "exits" in sys.argv:
            time.sleep(0.5)
        raise TypeError("no pickle")

def work(results):
    results.put(Result())
    if "stays" in sys.argv:
        time.sleep(3600)

if __name__ == "__main__":
    results = multiprocessing.get_context("fork").Queue()
    multiprocessing.Process(target=work, args=(results,), name="worker", daemon="stays" in sys.argv).start()
    results.get()
"""
#: The tasks of a pool need a lock that the main process holds while it waits for their results; or another one does.
MAP_UNDER_LOCK = """
import multiprocessing, sys, threading, time

def init(given):
    global lock
    lock = given

def job(number):
    with lock:
        return number

def hold(lock, held):
    with lock:
        held.set()
        time.sleep(3600)

def beat():
    while True:
        time.sleep(0.2)

if __name__ == "__main__":
    lock, held = multiprocessing.Lock(), multiprocessing.Event()
    with multiprocessing.Pool(2, init, (lock,)) as pool:
        threading.Thread(target=beat, daemon=True).start()
        if "other" in sys.argv:
            multiprocessing.Process(target=hold, args=(lock, held), daemon=True).start()
            held.wait()
        else:
            lock.acquire()
        pool.map(job, range(4))
"""


@pytest.mark.parametrize("arguments", [("fork",), ("spawn",), ("fork", "managed")], ids=" ".join)
def test_event_whose_setter_has_failed(programs: Programs, arguments: tuple[str, ...]) -> None:
    program = programs.run(EVENT_OF_FAILED, *arguments)
    failed = "KeyError: 'path', at script.py:5 in setter()"
    waits, monitor = "at script.py:9 in waiter(), waits for", "but does not set it"
    found = told(programs, program, FindingKind.DEADLOCK, waits, "setter (pid", failed, monitor)
    assert "fix the error that ended setter" in found.cure


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_that_gets_no_end_marker(programs: Programs, method: str) -> None:
    """A thread that only sleeps cannot wake the feeder thread; one that puts the marker later can."""
    healthy = programs.run(MARKER_MISSING, method, "later")
    program = programs.run(MARKER_MISSING, method)
    told(programs, program, FindingKind.DEADLOCK, "at script.py:5 in worker(), waits to get from queue tasks")
    assert programs.findings(healthy) == []


def test_thread_of_a_class_that_only_shows_how_full_a_queue_is(programs: Programs) -> None:
    """Other methods of the class put into the queue; a thread that calls one of them is a way out."""
    healthy = programs.run(CLASS, "later")
    program = programs.run(CLASS)
    told(programs, program, FindingKind.DEADLOCK, "at script.py:5 in write(), waits to get from queue self.rows")
    assert programs.findings(healthy) == []


def test_process_that_may_find_a_managed_queue_is_a_way_out(programs: Programs) -> None:
    healthy = programs.run(NESTED_PROXY, "later")
    programs.wait_for(healthy, "worker", "running")
    lost = programs.run(NESTED_PROXY, "lost")
    told(programs, lost, FindingKind.DEADLOCK, "at script.py:5 in work(), waits to get from managed queue queue")
    assert not [one for one in programs.findings(healthy) if one.kind is FindingKind.DEADLOCK]


def test_semaphore_that_nobody_acquired_is_held_by_nobody(programs: Programs) -> None:
    program = programs.run(SIGNAL)
    found = told(programs, program, FindingKind.DEADLOCK, "waits for semaphore go", "first (pid", "exit code 3")
    assert "holds" not in found.text


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_semaphore_that_one_process_acquires_and_another_one_releases(programs: Programs, method: str) -> None:
    healthy = programs.run(BACK_PRESSURE, method)
    program = programs.run(BACK_PRESSURE, method, "fails")
    text = "which it has acquired itself, and no other living process can release"
    told(programs, program, FindingKind.DEADLOCK, "waits for semaphore slots", text)
    assert programs.findings(healthy) == []


@pytest.mark.parametrize(
    ("command", "cure"),
    [(("sort",), "close the input"), (("sh", "-c", "seq 1000000 >&2; exit 1"), "read all outputs")],
    ids=["input", "outputs"],
)
def test_command_and_process_that_wait_for_each_other(programs: Programs, command: tuple[str, ...], cure: str) -> None:
    program = programs.run(COMMAND, *command)
    found = told(programs, program, FindingKind.DEADLOCK, "at script.py:8 in talk(), waits for output of", "talker")
    assert cure in found.cure


def test_event_loop_whose_workers_wait_for_it(programs: Programs) -> None:
    healthy = programs.run(EVENT_LOOP, "handles")
    program = programs.run(EVENT_LOOP)
    told(programs, program, FindingKind.DEADLOCK, "waits in its event loop", "waits for event event")
    assert programs.findings(healthy) == []


def test_tasks_of_a_pool_that_need_a_lock_of_the_caller(programs: Programs) -> None:
    """A heartbeat thread of the caller delivers no result."""
    healthy = programs.run(MAP_UNDER_LOCK, "other")
    program = programs.run(MAP_UNDER_LOCK)
    found = told(
        programs, program, FindingKind.DEADLOCK, "holds lock lock", "waits in Pool.map()", "in job(), waits for"
    )
    assert "release the lock before waiting for results" in found.cure
    assert programs.findings(healthy) == []


def test_item_that_cannot_be_pickled(programs: Programs) -> None:
    """The error is told if multiprocessing tells it; otherwise, that the item never arrived."""
    exits = programs.run(NO_PICKLE, "exits")
    told(programs, exits, FindingKind.DEADLOCK, "worker (pid", "1 item that was put into it never arrived")
    stays = programs.run(NO_PICKLE, "stays")
    text = "put into queue results (script.py:16) was not sent: TypeError: no pickle."
    wait_until(lambda: any(text in one.text for one in programs.notes(stays)))
