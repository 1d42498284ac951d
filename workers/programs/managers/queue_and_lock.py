"""Queue and Lock of a manager

A manager also keeps queues, locks, events and the like, made for the threads of its process. Their proxies can be
passed anywhere, even to the workers of a Pool, unlike ordinary multiprocessing queues and locks.

What to look at: the pool's workers all talk to the manager; a worker that waits for its lock waits for its answer.
"""

import argparse
import multiprocessing
import os
import time


def work(number, results, one_at_a_time, seconds):
    with one_at_a_time:
        print(f"task {number}: holds the lock in process {os.getpid()}", flush=True)
        time.sleep(seconds)
    results.put(f"result {number}")


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=6, help="how many tasks")
    parser.add_argument("--workers", type=int, default=3, help="how many processes in the pool")
    parser.add_argument("--seconds", type=float, default=0.4, help="how long each holds the lock")
    given = parser.parse_args()
    if not 1 <= given.tasks <= 100:
        parser.error("--tasks must be from 1 to 100")
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    with multiprocessing.Manager() as manager, multiprocessing.Pool(given.workers) as pool:
        results = manager.Queue()
        lock = manager.Lock()
        pool.starmap(work, [(number, results, lock, given.seconds) for number in range(given.tasks)], chunksize=1)
        print(f"{results.qsize()} results: {sorted(results.get() for _ in range(given.tasks))}", flush=True)
        try:
            pool.apply(work, (0, multiprocessing.Queue(), lock, given.seconds))
        except RuntimeError as error:
            print(f"an ordinary multiprocessing queue: {error}", flush=True)


if __name__ == "__main__":
    main()
