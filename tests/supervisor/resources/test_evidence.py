"""Who could end a wait, judged by what the code of a process, of a thread or of a signal's handler can use."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from app.core.scene.wait_graph import find_deadlocks
from app.records.waits import Edge
from tests.supervisor.resources.observed_programs import Watched, watched

#: The main process waits for an item; the process that would have put one has ended.
DEAD_PRODUCER = """
def crash(results):
    os._exit(1)

def sleep():
    while True:
        time.sleep(0.05)

{definitions}

if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    results = context.Queue()
    worker = context.Process(target=crash, args=(results,))
    worker.start()
    {company}
    tell("ready", worker.pid)
    worker.join()
    results.get()
"""


EXECUTOR = (
    "from concurrent.futures import ProcessPoolExecutor; "
    "mine = ProcessPoolExecutor(1, multiprocessing.get_context('spawn')); "
)


def waiting(program: Watched) -> Edge | None:
    """Return the wait of the main thread once nobody else is expected to join it."""
    found = [edge for edge in program.edges("get") if edge.main]
    return found[0] if found else None


def is_hopeless(program: Watched, edge: Edge) -> bool:
    return bool(find_deadlocks([one for one in program.resources.waits() if one.edge == edge], lambda _: True))


def run(
    folder: Path, company: str = "pass", definitions: str = "", method: str = "fork"
) -> AbstractContextManager[Watched]:
    return watched(folder, DEAD_PRODUCER.format(company=company, definitions=definitions, method=method))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize(
    "company",
    [
        "pass",
        "context.Process(target=sleep, daemon=True).start()",
        "threading.Thread(target=sleep, daemon=True).start()",
        "signal.signal(signal.SIGUSR1, lambda *_: None)",
        "threading.Timer(600, sleep).start()",
        "log = context.Queue(); from logging.handlers import QueueListener; QueueListener(log).start()",
        "mine = multiprocessing.get_context('spawn').Pool(1); mine.apply(len, ((),))",
        EXECUTOR + "mine.submit(len, ()).result()",
        "clogged = context.Queue(); clogged.put(bytes(1_000_000))",
    ],
)
def test_company_that_does_not_use_the_queue_is_no_way_out(tmp_path: Path, company: str, method: str) -> None:
    with run(tmp_path, company, method=method) as program:
        [_, worker] = program.told()
        edge = program.see(lambda one: (edge := waiting(one)) and is_hopeless(one, edge) and edge)
        assert edge
        queue = program.resources.records[edge.resource or ""]
        assert queue.ended_users == (int(worker),)
        assert len(queue.inherited_by) == (".Process(" in company and method == "fork")


@pytest.mark.parametrize(
    ("company", "definitions"),
    [
        ("context.Process(target=late, args=(results,), daemon=True).start()", "def late(q): sleep(); q.put(1)"),
        ("context.Process(target=late, daemon=True).start()", "def late(): sleep(); results.put(1)"),
        ("threading.Thread(target=late, daemon=True).start()", "def late(): sleep(); results.put(1)"),
        ("threading.Timer(600, results.put, (1,)).start()", ""),
        ("mine = context.Pool(1); mine.apply_async(late)", "def late(): sleep(); results.put(1)"),
        ("signal.signal(signal.SIGUSR1, lambda *_: results.put(1))", ""),
        (
            "mine = multiprocessing.get_context('spawn').Pool(1); mine.apply_async(sleep, callback=results.put)",
            "",
        ),
        (EXECUTOR + "mine.submit(len, ()).add_done_callback(results.put)", ""),
        ("os.fork() or sleep()", ""),
    ],
)
def test_company_that_may_use_the_queue_is_a_way_out(tmp_path: Path, company: str, definitions: str) -> None:
    with run(tmp_path, company, definitions) as program:
        [_, worker] = program.told()
        edge = program.see(
            lambda one: _has_ended(one, int(worker)) and (edge := waiting(one)) and not is_hopeless(one, edge) and edge
        )
        assert edge
        assert program.one("queue").inherited_by == ()


def _has_ended(program: Watched, worker: int) -> bool:
    queue = program.one("queue")
    return bool(queue) and worker in queue.ended_users


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_an_idle_pool_is_no_way_out(tmp_path: Path, method: str) -> None:
    """Its workers could use what they inherited, but only for a task, which only the waiting process could send."""
    with run(tmp_path, "mine = context.Pool(2); mine.apply(len, ((),))", method=method) as program:
        program.told()
        program.see(
            lambda one: any(program.pid in found.pids for found in find_deadlocks(one.resources.waits(), lives))
        )


def lives(_: int) -> bool:
    return True
