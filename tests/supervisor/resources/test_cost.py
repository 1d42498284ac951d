"""The CPU cost of reading a large program: 50 processes that share 100 queues and 100 locks."""

import statistics
import time

from app.records.primitives import Now
from app.supervisor.resources.reading import BUDGET_S
from app.supervisor.resources.resources import MOST_CPU, WATCHED_S
from tests.supervisor.resources.observed_programs import Watched, watched

CODE = """
def work(queues, locks, number):
    for queue in queues[number::50]: queue.put(number)
    for lock in locks[number::50]: lock.acquire()
    queues[-1].get() if number % 2 else locks[0].acquire()
    time.sleep(600)  # the one that got an item, and the first to acquire the lock, if that is not process 0

if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    queues, locks = [], []
    for _ in range(10):
        queues += [mp.Queue() for _ in range(10)]
        locks += [mp.Lock() for _ in range(10)]
        tell("made")
        wait()
    for number in range(50): mp.Process(target=work, args=(queues, locks, number)).start()
    wait()
"""


def cost_s(program: Watched) -> float:
    """Return the CPU time of one reading, in seconds."""
    program.resources._read_at = -1e9
    began = time.thread_time()
    program.resources.read(Now(mono=time.monotonic(), wall=time.time()))
    return time.thread_time() - began


def test_cost_of_a_reading_and_the_pause_after_it_are_bounded(tmp_path) -> None:
    """A reading stays near its budget, and all readings together below a share of one core."""
    with watched(tmp_path, CODE) as program:
        for made in range(1, 11):
            # While it is not read, the socket holds about 280 messages.
            assert program.told() == ["made"]
            program.see(lambda it, made=made: len(it.resources.records) == 60 * made)
            program.go_on()
        program.see(lambda it: len(it.resources._views) >= 50 and len(it.edges("acquire")) > 20)
        costs = [cost_s(program) for _ in range(10)]
        records = len(program.resources.records)
        print(f"{records} records, 50 processes: {statistics.median(costs) * 1e3:.1f} ms of CPU a reading")  # noqa: T201 - the figure
        assert records == 600
        # The budget covers reading processes; semaphores, pages and records add to it.
        assert statistics.median(costs) < 5 * BUDGET_S
        pause = program.resources.next_deadline() - program.resources._read_at
        assert pause >= max(WATCHED_S, costs[-1] / MOST_CPU * 0.9)
