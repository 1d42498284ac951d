"""The parts that copies of multiprocessing have in common; argument: the name of the package."""

import importlib
import sys
from typing import Any


def work(queue: Any, event: Any) -> None:
    queue.put(1)
    event.wait()


def fail(key: int) -> None:
    raise KeyError(key)


def square(number: int) -> int:
    return number * number


def main() -> None:
    context = importlib.import_module(sys.argv[1]).get_context("fork")
    queue, lock, event, slots = context.Queue(), context.Lock(), context.Event(), context.Semaphore(2)
    lines, jobs = context.SimpleQueue(), context.JoinableQueue()
    ends = context.Pipe()
    lines.put(1)
    lines.get()
    worker = context.Process(target=work, args=(queue, event), name="worker")
    worker.start()
    queue.get()
    event.set()
    worker.join()
    failing = context.Process(target=fail, args=(3,), name="failing")
    failing.start()
    failing.join()
    pool = context.Pool(2)
    assert pool.map(square, range(3)) == [0, 1, 4]
    pool.close()
    pool.join()
    del lock, slots, jobs, ends


if __name__ == "__main__":
    main()
