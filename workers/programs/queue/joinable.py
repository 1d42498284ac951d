"""A joinable queue

Each consumer calls task_done() for every item it has processed; the queue's join() returns when that was called for
everything that was put.

What to look at: unfinished tasks and depth; their difference is being processed right now.
"""

import argparse
import multiprocessing
import time


def consume(jobs, work):
    while True:
        job = jobs.get()
        time.sleep(work)
        print(f"{multiprocessing.current_process().name}: job {job} done", flush=True)
        jobs.task_done()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consumers", type=int, default=2, help="how many processes work")
    parser.add_argument("--jobs", type=int, default=8, help="how many jobs there are")
    parser.add_argument("--work", type=float, default=0.5, help="seconds of work for each job")
    given = parser.parse_args()
    if not 1 <= given.consumers <= 16:
        parser.error("--consumers must be from 1 to 16")
    if not 0 <= given.jobs <= 10_000:
        parser.error("--jobs must be from 0 to 10000")
    if not 0 <= given.work <= 60:
        parser.error("--work must be from 0 to 60")
    return given


def main():
    given = parameters()
    jobs = multiprocessing.JoinableQueue()
    for number in range(1, given.consumers + 1):
        # Daemons: they run until the program ends.
        multiprocessing.Process(target=consume, args=(jobs, given.work), name=f"consumer-{number}", daemon=True).start()
    for job in range(given.jobs):
        jobs.put(job)
    print("parent: waiting for all jobs to be done", flush=True)
    jobs.join()
    print("parent: all jobs are done", flush=True)


if __name__ == "__main__":
    main()
