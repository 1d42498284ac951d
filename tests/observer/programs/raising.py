"""Calls everything that the observer replaces so that it raises, and prints each traceback."""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, managers, shared_memory


class NotPicklable:
    def __reduce__(self) -> str:
        raise ValueError("not picklable")


class Nowhere(managers.BaseManager):
    """Cannot be connected to."""


def fail(*_: object) -> None:
    raise KeyError("x")


def shown(call: Callable[[], object]) -> None:
    """Print the traceback of a call; one that does not raise is a fault of this program."""
    try:
        call()
    except BaseException:  # noqa: BLE001 - whatever it raises
        sys.stdout.write(traceback.format_exc())
        sys.stdout.flush()
    else:
        raise AssertionError(call)


def interrupted(call: Callable[[], object]) -> None:
    """Print the traceback of a call in which a signal arrives."""
    signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 1)
    try:
        shown(call)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def queues() -> None:
    queue, simple = multiprocessing.Queue(1), multiprocessing.SimpleQueue()
    shown(lambda: queue.get(timeout=0.01))
    shown(queue.get_nowait)
    interrupted(queue.get)
    queue.put(1)
    shown(lambda: queue.put(2, timeout=0.01))
    queue.get()
    queue.close()
    shown(lambda: queue.put(1))
    shown(queue.get)
    shown(lambda: simple.put(NotPicklable()))
    interrupted(simple.get)


def processes() -> None:
    shown(multiprocessing.get_context("spawn").Process(target=lambda: None).start)
    shown(multiprocessing.Process().join)
    process = multiprocessing.get_context("fork").Process(target=signal.pause)
    process.start()
    shown(process.start)
    interrupted(process.join)
    process.kill()
    process.join()
    process = multiprocessing.get_context("fork").Process(target=fail)
    process.start()
    process.join()
    thread = threading.Thread(target=int)
    thread.start()
    shown(thread.start)


def locks() -> None:
    lock = multiprocessing.Lock()
    shown(lock.release)
    shown(lambda: multiprocessing.Semaphore(-1))
    shown(lambda: multiprocessing.Value("q", "x"))
    shown(lambda: multiprocessing.Array("no such code", 1))
    lock.acquire()
    interrupted(lock.acquire)
    interrupted(lock.__enter__)


def pools() -> None:
    context = multiprocessing.get_context("fork")
    shown(lambda: context.Pool(0))
    shown(lambda: multiprocessing.get_context("spawn").Pool(1, initializer=lambda: None))
    with context.Pool(1) as pool:
        shown(lambda: pool.apply(fail))
        shown(lambda: list(pool.imap(fail, [1])))
    with ProcessPoolExecutor(1, context) as executor:
        shown(lambda: executor.submit(fail).result())
        shown(lambda: executor.submit(os._exit, 1).result())


def connections() -> None:
    shown(lambda: connection.Client("/no/such/socket"))
    shown(lambda: connection.Listener("/no/such/folder/socket"))
    listener = connection.Listener()
    interrupted(listener.accept)
    listener.close()
    shown(listener.accept)
    shown(lambda: shared_memory.SharedMemory("no such block"))
    shown(Nowhere(("127.0.0.1", 1)).connect)
    with multiprocessing.Manager() as manager:
        shown(lambda: manager.dict()["x"])
        shown(manager.Queue().get_nowait)
        shown(manager.start)


def forks() -> None:
    """Since 3.12, a fork of a process with threads is warned of; the warning names the line that forks."""
    warnings.simplefilter("always")
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join()


if __name__ == "__main__":
    shown(lambda: signal.signal(999, fail))
    shown(lambda: signal.set_wakeup_fd(999))
    for part in (queues, processes, locks, pools, connections, forks):
        part()
    sys.stdout.write("all raised\n")
