"""A full queue

The queue has a maxsize: a producer that is faster than the consumer fills it, and then put() blocks until the consumer
takes an item.

What to look at: the depth stays at maxsize, and the producer is shown as waiting to put.
"""

import argparse
import multiprocessing
import time


def produce(jobs, count):
    for number in range(count):
        started = time.monotonic()
        jobs.put(number)
        waited = time.monotonic() - started
        print(f"producer: put {number}{f', waited {waited:.1f} s' if waited > 0.05 else ''}", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maxsize", type=int, default=3, help="how many jobs the queue holds")
    parser.add_argument("--jobs", type=int, default=8, help="how many jobs there are")
    parser.add_argument("--work", type=float, default=0.5, help="seconds of work for each job")
    given = parser.parse_args()
    if not 1 <= given.maxsize <= 1000:
        parser.error("--maxsize must be from 1 to 1000")
    if not 1 <= given.jobs <= 10_000:
        parser.error("--jobs must be from 1 to 10000")
    if not 0 <= given.work <= 60:
        parser.error("--work must be from 0 to 60")
    return given


def main():
    given = parameters()
    jobs = multiprocessing.Queue(given.maxsize)
    producer = multiprocessing.Process(target=produce, args=(jobs, given.jobs), name="producer")
    producer.start()
    for _ in range(given.jobs):
        time.sleep(given.work)
        print(f"consumer: {jobs.qsize()} in the queue, full: {jobs.full()}; took {jobs.get()}", flush=True)
    producer.join()


if __name__ == "__main__":
    main()
