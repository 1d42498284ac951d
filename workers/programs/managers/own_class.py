"""A manager with your own class

A class is registered with a BaseManager; `manager.Counter()` then creates an object in the manager's process and
returns a proxy for its public methods, or for those named in `exposed`.

What to look at: the manager's process runs the methods, as its CPU shows; the callers only wait for its answers.
"""

import argparse
import multiprocessing
import os
import time
from multiprocessing.managers import BaseManager


class Counter:
    def __init__(self, start):
        self.count = start

    def add(self, number):
        self.count += number
        return self.count

    def where(self):
        return os.getpid()

    def reset(self):
        self.count = 0


class CounterManager(BaseManager):
    pass


CounterManager.register("Counter", Counter, exposed=["add", "where"])


def work(counter, times, seconds):
    for _ in range(times):
        counter.add(1)
        time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3, help="how many processes")
    parser.add_argument("--times", type=int, default=10, help="how often each adds one")
    parser.add_argument("--seconds", type=float, default=0.2, help="pause after each")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.times <= 1000:
        parser.error("--times must be from 1 to 1000")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    with CounterManager() as manager:
        counter = manager.Counter(100)
        print(f"I am process {os.getpid()}, the counter is in another: {counter.where() != os.getpid()}", flush=True)
        processes = [
            multiprocessing.Process(target=work, args=(counter, given.times, given.seconds))
            for _ in range(given.workers)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        print(f"{given.workers} workers added {given.times} each to 100: {counter.add(0)}", flush=True)
        try:
            counter.reset()
        except AttributeError as error:
            print(f"reset is not exposed: {error}", flush=True)


if __name__ == "__main__":
    main()
