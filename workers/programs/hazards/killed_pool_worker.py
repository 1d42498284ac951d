"""A pool worker killed with its task

A worker of a Pool is killed in the middle of a task, as the kernel does when memory runs out. The pool starts
another worker, but the task is lost and nobody says so: its result never comes.

What to look at: a worker ended by signal 9 and another in its place; one task stays in the pool for ever.

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
        print(f"workers that are gone: {len(before - after)}, new ones: {len(after - before)}", flush=True)


if __name__ == "__main__":
    main()
