"""Producers and consumers

Some processes put jobs into a queue, others take them out and process them. When all producers are done, one sentinel
per consumer says that no more jobs will come.

What to look at: the queue's depth over time, its put and get rates, and which consumers wait for the next job.
"""

import argparse
import multiprocessing
import time

STOP = None


def produce(jobs, count, pause):
    for number in range(count):
        jobs.put(number)
        time.sleep(pause)


def consume(jobs, pause):
    done = 0
    while (job := jobs.get()) is not STOP:
        time.sleep(pause)
        print(f"{multiprocessing.current_process().name}: job {job}", flush=True)
        done += 1
    print(f"{multiprocessing.current_process().name}: stopped after {done} jobs", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--producers", type=int, default=2, help="how many processes put jobs")
    parser.add_argument("--consumers", type=int, default=3, help="how many processes process them")
    parser.add_argument("--jobs", type=int, default=10, help="how many jobs each producer puts")
    parser.add_argument("--put-pause", type=float, default=0.1, help="seconds after each put")
    parser.add_argument("--work", type=float, default=0.3, help="seconds of work for each job")
    given = parser.parse_args()
    if not 1 <= given.producers <= 16:
        parser.error("--producers must be from 1 to 16")
    if not 1 <= given.consumers <= 16:
        parser.error("--consumers must be from 1 to 16")
    if not 0 <= given.jobs <= 100_000:
        parser.error("--jobs must be from 0 to 100000")
    if not 0 <= given.put_pause <= 60:
        parser.error("--put-pause must be from 0 to 60")
    if not 0 <= given.work <= 60:
        parser.error("--work must be from 0 to 60")
    return given


def main():
    given = parameters()
    jobs = multiprocessing.Queue()
    producers = [
        multiprocessing.Process(target=produce, args=(jobs, given.jobs, given.put_pause), name=f"producer-{number}")
        for number in range(1, given.producers + 1)
    ]
    consumers = [
        multiprocessing.Process(target=consume, args=(jobs, given.work), name=f"consumer-{number}")
        for number in range(1, given.consumers + 1)
    ]
    for process in producers + consumers:
        process.start()
    for process in producers:
        process.join()
    print("parent: all jobs are put", flush=True)
    for _ in consumers:
        jobs.put(STOP)
    for process in consumers:
        process.join()
    print(f"parent: the queue is empty: {jobs.empty()}", flush=True)


if __name__ == "__main__":
    main()
