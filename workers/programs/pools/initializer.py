"""initializer

Each worker of a Pool calls the initializer once when it starts: the place to open a file or load a model, and the only
way to pass locks and queues to workers, because they cannot be sent with a task.

What to look at: all workers use the Value, although no task carried it.
"""

import argparse
import multiprocessing
import os
import time

inherited = {}


def initialize(counter, greeting):
    inherited["counter"] = counter
    inherited["greeting"] = greeting
    print(f"initializer: in worker {os.getpid()}", flush=True)


def work(number):
    with inherited["counter"].get_lock():
        inherited["counter"].value += 1
    time.sleep(number)
    return str(inherited["greeting"])


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3, help="how many processes")
    parser.add_argument("--count", type=int, default=12, help="how many tasks")
    parser.add_argument("--seconds", type=float, default=0.3, help="how long each takes")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.count <= 1000:
        parser.error("--count must be from 1 to 1000")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    counter = multiprocessing.Value("i", 0)
    with multiprocessing.Pool(given.workers, initializer=initialize, initargs=(counter, "hello")) as pool:
        greetings = pool.map(work, [given.seconds] * given.count, chunksize=1)
    print(f"{len(greetings)} tasks said {set(greetings)}, the counter is {counter.value}", flush=True)


if __name__ == "__main__":
    main()
