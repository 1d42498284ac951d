"""What findings say of processes that have ended, and what they advise, for hangs that are easily confused."""

from app.records.waits import FindingKind
from tests.supervisor.program_runs import Programs
from tests.supervisor.test_stuck import told

#: Two workers return early with a slot of the semaphore each.
KEPT_SLOTS = """
import multiprocessing, time

def load(number, slots):
    slots.acquire()
    if number < 2:
        return
    slots.release()

if __name__ == "__main__":
    slots = multiprocessing.BoundedSemaphore(2)
    workers = [multiprocessing.Process(target=load, args=(n, slots), name=f"load-{n}") for n in range(4)]
    for worker in workers[:2]:
        worker.start()
        worker.join()
    for worker in workers[2:]:
        worker.start()
    for worker in workers[2:]:
        worker.join()
"""
#: One end marker for two workers: the one that took it ended well, and has never put anything into that queue.
ONE_MARKER = """
import multiprocessing

class Worker(multiprocessing.Process):
    def __init__(self, inbox, outbox, name):
        super().__init__(name=name)
        self.inbox, self.outbox = inbox, outbox

    def run(self):
        while (job := self.inbox.get()) is not None:
            self.outbox.put(job)

if __name__ == "__main__":
    inbox, outbox = multiprocessing.Queue(), multiprocessing.Queue()
    workers = [Worker(inbox, outbox, f"worker-{n}") for n in range(2)]
    for worker in workers:
        worker.start()
    for job in range(20):
        inbox.put(job)
    for _ in range(20):
        outbox.get()
    inbox.put(None)
    for worker in workers:
        worker.join()
"""
#: The notification comes before the wait.
LOST_NOTIFICATION = """
import multiprocessing

def produce(changed):
    with changed:
        changed.notify()

def consume(changed):
    with changed:
        changed.wait()

if __name__ == "__main__":
    changed = multiprocessing.Condition()
    for function in (produce, consume):
        worker = multiprocessing.Process(target=function, args=(changed,), name=function.__name__)
        worker.start()
        worker.join()
"""
#: Both threads of an executor wait for jobs of the same executor.
OWN_EXECUTOR = """
import multiprocessing, threading
from concurrent.futures import ThreadPoolExecutor

def crawl(executor, both):
    both.wait()
    return [one.result() for one in [executor.submit(abs, n) for n in range(3)]]

def index():
    executor, both = ThreadPoolExecutor(2), threading.Barrier(2)
    return [one.result() for one in [executor.submit(crawl, executor, both) for _ in range(2)]]

if __name__ == "__main__":
    worker = multiprocessing.Process(target=index, name="indexer")
    worker.start()
    worker.join()
"""
NEVER_PUT = "The process that could have done so has ended"


def test_slots_that_ended_processes_have_kept(programs: Programs) -> None:
    found = told(
        programs, programs.run(KEPT_SLOTS), FindingKind.DEADLOCK, "waits for bounded semaphore slots", "lost 2 slots"
    )
    assert "acquire it in a with statement" in found.cure


def test_process_that_only_took_items_is_no_producer_that_has_ended(programs: Programs) -> None:
    found = told(programs, programs.run(ONE_MARKER), FindingKind.DEADLOCK, "waits to get from queue inbox")
    assert NEVER_PUT not in found.text


def test_notification_that_came_before_the_wait(programs: Programs) -> None:
    found = told(programs, programs.run(LOST_NOTIFICATION), FindingKind.DEADLOCK, "waits for condition changed")
    assert "a notify() that comes before the wait is lost" in found.cure


def test_jobs_of_an_executor_that_wait_for_jobs_of_the_same_executor(programs: Programs) -> None:
    found = told(programs, programs.run(OWN_EXECUTOR), FindingKind.STUCK, "indexer (pid", "in crawl")
    assert "every thread is occupied by a job that waits" in found.why
    assert "let no job wait for jobs of the same executor" in found.cure
