"""chunksize

`map` sends tasks in chunks. Small chunks balance uneven work but cost a message each; large ones are cheap, but the
worker with the long tasks is still busy when the others have finished.

What to look at: the workers' CPU: all are busy to the end with small chunks, some are idle with large ones.
"""

import argparse
import multiprocessing
import os
import time
from collections import Counter


def work(number):
    total = 0
    for step in range(number * 100):
        total += step
    return os.getpid()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--count", type=int, default=800, help="how many tasks, each longer than the one before")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.count <= 20_000:
        parser.error("--count must be from 1 to 20000")
    return given


def main():
    given = parameters()
    with multiprocessing.Pool(given.workers) as pool:
        for chunksize in (1, max(1, given.count // (given.workers * 4)), max(1, given.count // given.workers)):
            started = time.perf_counter()
            pids = pool.map(work, range(given.count), chunksize=chunksize)
            took = time.perf_counter() - started
            shares = sorted(Counter(pids).values())
            print(f"chunksize {chunksize}: {took:.2f} s, tasks per worker {shares}", flush=True)


if __name__ == "__main__":
    main()
