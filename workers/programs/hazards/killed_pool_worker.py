"""A pool worker killed during a task

A worker of a Pool is killed during a task, as the kernel does when memory runs out. The pool starts a new worker, but
the task is lost without an error: its result never arrives.

What to look at: a worker killed by signal 9, a new one in its place, and one task that stays in the pool for ever.

Finds: pool-task-lost
"""

import argparse
import multiprocessing
import os
import signal
import time


def work(number, fatal, seconds):
    time.sleep(seconds)
    if number == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--tasks", type=int, default=6, help="how many tasks; the second kills its worker")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to wait for each result")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 2 <= given.tasks <= 100:
        parser.error("--tasks must be from 2 to 100")
    if not 0.5 <= given.seconds <= 600:
        parser.error("--seconds must be from 0.5 to 600")
    return given


def main():
    given = parameters()
    with multiprocessing.Pool(given.workers) as pool:
        before = {child.pid for child in multiprocessing.active_children()}
        results = [pool.apply_async(work, (number, 1, 0.2)) for number in range(given.tasks)]
        for number, result in enumerate(results):
            try:
                print(f"task {number}: result {result.get(timeout=given.seconds)}", flush=True)
            except multiprocessing.TimeoutError:
                print(
                    f"task {number}: TimeoutError after {given.seconds:g} s; get without a timeout would wait for ever",
                    flush=True,
                )
        after = {child.pid for child in multiprocessing.active_children()}
        print(f"workers that ended: {len(before - after)}, new ones: {len(after - before)}", flush=True)


if __name__ == "__main__":
    main()
