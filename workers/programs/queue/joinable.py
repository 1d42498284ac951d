"""A queue that can be joined

Each consumer calls task_done() for what it has taken; the queue's join() comes back when that was done for everything
that was ever put.

What to look at: unfinished tasks against depth; the difference is what is being worked on just now.
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
        # Daemons, because nobody tells them to stop.
        multiprocessing.Process(target=consume, args=(jobs, given.work), name=f"consumer-{number}", daemon=True).start()
    for job in range(given.jobs):
        jobs.put(job)
    print("parent: waiting for all jobs to be done", flush=True)
    jobs.join()
    print("parent: all jobs are done", flush=True)


if __name__ == "__main__":
    main()
