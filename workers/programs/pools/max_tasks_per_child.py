"""maxtasksperchild

A worker exits after that many tasks, and the pool starts a new one: memory leaked by a library is freed that way.

What to look at: workers come and go with exit code 0; their number stays the same.
"""

import argparse
import multiprocessing
import os
import time


def work(seconds):
    time.sleep(seconds)
    return os.getpid()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes at a time")
    parser.add_argument("--count", type=int, default=12, help="how many tasks")
    parser.add_argument("--tasks-each", type=int, default=2, help="how many tasks a worker runs before it is replaced")
    parser.add_argument("--seconds", type=float, default=0.3, help="how long each takes")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.count <= 1000:
        parser.error("--count must be from 1 to 1000")
    if not 1 <= given.tasks_each <= 100:
        parser.error("--tasks-each must be from 1 to 100")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    with multiprocessing.Pool(given.workers, maxtasksperchild=given.tasks_each) as pool:
        pids = []
        for pid in pool.imap(work, [given.seconds] * given.count, chunksize=1):
            if pid not in pids:
                print(f"a new worker: {pid}", flush=True)
            pids.append(pid)
    most = max(pids.count(pid) for pid in pids)
    print(f"{given.count} tasks, {len(set(pids))} workers, none did more than {most}", flush=True)


if __name__ == "__main__":
    main()
