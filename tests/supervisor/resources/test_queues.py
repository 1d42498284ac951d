"""Queues and pipes of real programs: size, feeder backlog, bytes, rates, age and waiting processes."""

import os
import signal
import time
from pathlib import Path

import pytest

from app.protocol import observer as w
from app.records.waits import MAIN
from tests.supervisor.resources.observed_programs import watched
from tests.waiting import wait_until

METHODS = ["fork", "spawn", "forkserver"]

WORK = """
def get(queue, count):
    for _ in range(count): queue.get()
    tell("got", os.getpid())
    while True: time.sleep(600)

def put(queue, count, size):
    for _ in range(count): queue.put(bytes(size))
    tell("put", os.getpid())
    while True: time.sleep(600)

def start(mp, target, *args):
    process = mp.Process(target=target, args=args)
    process.start()
    return process

if __name__ == "__main__":
    mp = multiprocessing.get_context(sys.argv[1])
    queue = eval("mp." + sys.argv[2])
"""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["Queue(3)", "JoinableQueue(3)"])
def test_queue_shows_waits_to_put_when_full_and_to_get_when_empty(method: str, kind: str, tmp_path) -> None:
    """A getter that is killed leaves the readers' lock abandoned."""
    code = (
        WORK
        + """
    putter = start(mp, put, queue, 5, 10)
    tell("putter", putter.pid)
    wait()
    for _ in range(5): queue.get()
    getter = start(mp, get, queue, 1)
    tell("getter", getter.pid)
    wait()
"""
    )
    name = kind.partition("(")[0].replace("JoinableQueue", "joinable_queue").lower()
    with watched(tmp_path, code, method, kind) as program:
        putter = int(program.told()[1])
        # The forkserver has the pipe open for a moment too.
        program.see(lambda it: it.edges("put") and it.edges("put")[0].holders == (program.pid,))
        edge = program.edges("put")[0]
        queue = program.see(lambda it: it.one(name).size and it.one(name))
        assert (queue.size, queue.maxsize) == (3, 3)
        assert (edge.pid, edge.resource, edge.holders, edge.main) == (putter, queue.id, (program.pid,), True)
        assert [(one.pid, one.to) for one in queue.waiting] == [(putter, "put")]
        full = program.see(lambda it: (one := it.one(name)) and one.pipe_bytes and one.oldest_s and one)
        assert full.unfinished == (3 if name == "joinable_queue" else None)

        program.go_on()
        told = dict(program.told() for _ in range(2))
        assert told["put"] == str(putter)
        getter = int(told["getter"])
        edge = program.see(lambda it: it.edges("get") and it.edges("get")[0])
        empty = program.see(lambda it: (one := it.one(name)) and one.holder == getter and one)
        assert (empty.size, empty.pipe_bytes, empty.oldest_s, empty.buffered) == (0, 0, None, None)
        assert edge.pid == getter
        wait_ends = program.see(lambda it: it.edges("get")[0].holders == tuple(sorted({program.pid, putter})))
        assert wait_ends
        # A getter killed while it waits still holds the lock that readers share.
        os.kill(getter, signal.SIGKILL)
        left = program.see(lambda it: (one := it.one(name)) and one.abandoned and one)
        assert left.holder == getter
        # The forkserver may have it open for a moment, and is not observed.
        assert program.see(lambda it: it.try_break_lock(left.id)).startswith("Released ")


def test_queue_has_rates_and_the_age_of_its_oldest_item(tmp_path) -> None:
    """They come from the counters of all users, a killed one included."""
    code = (
        WORK
        + """
    putter = start(mp, put, queue, 400, 1)
    wait()
    for _ in range(100): queue.get()
    wait()
"""
    )
    with watched(tmp_path, code, "fork", "Queue()") as program:
        putter = int(program.told()[1])
        queue = program.see(
            lambda it: (one := it.one("queue")) and one.size == 400 and one.get_per_s is not None and one
        )
        assert (queue.maxsize, queue.get_per_s) == (0, 0.0)
        program.go_on()
        program.see(lambda it: it.one("queue").size == 300 and it.one("queue").get_per_s)
        os.kill(putter, signal.SIGKILL)
        program.see(lambda it: putter not in it.one("queue").users)
        program.see(lambda it: it.one("queue").oldest_s > 0.5)
        program.see(lambda it: it.one("queue").put_per_s == it.one("queue").get_per_s == 0)


def test_items_that_do_not_fit_the_pipe_are_buffered_in_their_process(tmp_path) -> None:
    """The feeder thread waits to flush them."""
    code = WORK + "    putter = start(mp, put, queue, 7, 60000)\n    wait()"
    with watched(tmp_path, code, "fork", "Queue()") as program:
        putter = int(program.told()[1])
        edge = program.see(lambda it: it.edges("flush") and it.edges("flush")[0])
        assert (edge.pid, edge.main, edge.holders) == (putter, False, (program.pid,))
        queue = program.see(lambda it: (one := it.one("queue")) and (one.pipe_bytes or 0) > 60000 and one)
        assert queue.buffered == {str(putter): 5}
        assert queue.size == 7


@pytest.mark.parametrize("method", METHODS)
def test_simple_queue_has_bytes_but_no_size(method: str, tmp_path) -> None:
    """A put into a full pipe blocks the main thread itself."""
    code = WORK + "    putter = start(mp, put, queue, 3, 40000)\n    tell(putter.pid)\n    wait()"
    with watched(tmp_path, code, method, "SimpleQueue()") as program:
        putter = int(program.told()[0])
        edge = program.see(lambda it: it.edges("put") and it.edges("put")[0])
        assert (edge.pid, edge.main) == (putter, True)
        queue = program.see(lambda it: (one := it.one("simple_queue")) and (one.pipe_bytes or 0) > 60000 and one)
        assert (queue.size, queue.maxsize, queue.holder) == (None, None, putter)


@pytest.mark.parametrize("method", METHODS)
def test_join_before_the_queue_is_drained_has_a_flush_and_a_join_edge(method: str, tmp_path) -> None:
    """The child waits to flush its queue, and its parent to join it."""
    code = """
def work(queue):
    queue.put(bytes(1000000))

if __name__ == "__main__":
    mp = multiprocessing.get_context(sys.argv[1])
    queue = mp.Queue()
    process = mp.Process(target=work, args=(queue,))
    process.start()
    tell(process.pid)
    process.join()
"""
    with watched(tmp_path, code, method) as program:
        child = int(program.told()[0])
        join, flush = program.see(
            lambda it: it.edges("join") and it.edges("flush") and it.edges("join") + it.edges("flush")
        )
        assert (join.pid, join.of, join.holders) == (program.pid, child, (child,))
        assert (flush.pid, flush.main, flush.resource) == (child, False, program.one("queue").id)
        # The forkserver has the pipe open for a moment too.
        program.see(lambda it: it.edges("flush")[0].holders == (program.pid,))
        wait_until(lambda: program.see(lambda it: it.edges("flush")[0].since == flush.since))


def test_queue_of_an_ended_program_is_forgotten(tmp_path) -> None:
    """Neither records nor descriptors are kept."""
    code = "queue = multiprocessing.Queue()\nqueue.put(1)\nwait()"
    with watched(tmp_path, code) as program:
        program.see(lambda it: it.one("queue"))
        resources = program.resources
        assert resources._files
        os.kill(program.pid, signal.SIGKILL)
        program.see(lambda it: not it.resources.records)
        program.see(lambda it: not resources._files)
        assert [*resources._book.by_key, *resources._views] == []
        assert resources.charts.history.as_reply()["series"] == {}


def test_waits_are_read_from_the_page_where_system_calls_cannot_be_read(tmp_path) -> None:
    """The start is exact, but a timeout is not known, so the wait counts as timed."""
    with watched(tmp_path, "queue = multiprocessing.Queue()\nqueue.get()") as program:
        edge = program.see(lambda it: it.edges("get") and it.edges("get")[0])
        reader = program.resources._reader
        (found,) = reader._waits._by_page(program.resources._views[program.pid])
        assert (found.pid, found.to, found.timed) == (edge.pid, "get", True)
        assert found.since
        assert abs(found.since + time.time() - time.monotonic() - edge.since) < 5


@pytest.mark.parametrize("method", METHODS)
def test_a_queue_stays_known_while_its_feeder_thread_keeps_a_process_from_exiting(method: str, tmp_path) -> None:
    """Also if the program has dropped the queue itself; the process says that it is leaving, and for what it waits."""
    code = """
def take(queue):
    queue.get()

def main(mp):
    queue = mp.Queue()
    taker = mp.Process(target=take, args=(queue,))
    taker.start()
    for _ in range(100): queue.put(bytes(10_000))
    taker.join()
    tell("taker", taker.pid)

if __name__ == "__main__":
    main(multiprocessing.get_context(sys.argv[1]))
"""
    with watched(tmp_path, code, method) as program:
        taker = int(program.told()[1])
        leaving = program.see(lambda it: [one.word for one in it.words if isinstance(one.word, w.Leaving)])
        assert [(one.error, one.place) for one in leaving] == [(None, "")]
        # The forkserver has the pipe open for a moment too.
        edge = program.see(lambda it: [one for one in it.edges("flush") if one.holders == (program.pid,)])[0]
        assert (edge.pid, edge.main) == (program.pid, False)
        able = program.see(lambda it: [one.able for one in it.resources.waits() if one.edge.to == "flush"])[0]
        assert able <= {(program.pid, MAIN), (program.pid, edge.tid)}
        assert program.one("queue").ended_users == (taker,)
        assert program.one("queue").buffered[str(program.pid)] > 10


@pytest.mark.parametrize(
    ("call", "polls"), [("queue.get_nowait()", True), ("queue.get(timeout=0.01)", True), ("", False)]
)
def test_a_process_that_tries_to_get_again_and_again_polls(tmp_path: Path, call: str, polls: bool) -> None:  # noqa: FBT001
    """One that has got something does not."""
    code = f"""
import queue as queues
if __name__ == "__main__":
    queue = multiprocessing.Queue()
    queue.put(1)
    queue.get()
    tell("empty")
    while True:
        time.sleep(0.05)
        try: {call or "pass"}
        except queues.Empty: pass
"""
    with watched(tmp_path, code) as program:
        program.told()
        program.see(lambda it: it.one("queue"))
        if polls:
            edge = program.see(lambda it: next((one for one in it.edges("get") if one.pid == it.pid), None))
            assert edge.timed
            return
        for _ in range(5):
            program.look()
            assert program.edges("get") == []
