"""ThreadPool vs Pool

The same interface with threads: they share everything and start at once, but only one of them computes at a time. For
waiting they are as good as processes, for computing they are not.

What to look at: the Pool's workers are processes, each using CPU of its own; the ThreadPool's are threads of the
program.
"""

import argparse
import multiprocessing
import os
import time
from multiprocessing.pool import Pool, ThreadPool


def wait(seconds):
    time.sleep(seconds)
    return os.getpid()


def compute(steps):
    total = 0
    for step in range(steps * 100_000):
        total += step * step
    return os.getpid()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4, help="how many processes, then how many threads")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each waits")
    parser.add_argument("--steps", type=int, default=60, help="how much each computes, in steps of 100,000")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    if not 1 <= given.steps <= 10_000:
        parser.error("--steps must be from 1 to 10000")
    return given


def main():
    given = parameters()
    kinds = (Pool, ThreadPool)
    for kind in kinds:
        with kind(given.workers) as pool:
            for task, argument in ((wait, given.seconds), (compute, given.steps)):
                started = time.perf_counter()
                pids = set(pool.map(task, [argument] * given.workers, chunksize=1))
                took = time.perf_counter() - started
                where = "this process" if pids == {os.getpid()} else "other processes"
                print(f"{kind.__name__}: {given.workers} times {task.__name__} in {where}: {took:.2f} s", flush=True)
    print(f"there are {multiprocessing.cpu_count()} CPUs", flush=True)


if __name__ == "__main__":
    main()
