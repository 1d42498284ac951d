"""Namespace, Value and Array of a manager

A Namespace has the attributes that you set. A manager's Value and Array look like those in shared memory, but are
objects in the manager's process: slower, and without a lock.

What to look at: a manager with four objects, and no shared memory: every access is a message to its process.
"""

import argparse
import multiprocessing
import time


def work(settings, total, row, lock, number, seconds):
    time.sleep(seconds)
    with lock:
        total.value += settings.step
    row[number] = settings.step * number
    settings.last = f"worker {number}"


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3, help="how many processes")
    parser.add_argument("--step", type=int, default=5, help="what each adds")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each takes")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.step <= 1000:
        parser.error("--step must be from 1 to 1000")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    with multiprocessing.Manager() as manager:
        settings = manager.Namespace()
        settings.step = given.step
        settings.last = "nobody"
        total = manager.Value("i", 0)
        row = manager.Array("i", [0] * given.workers)
        lock = manager.Lock()
        print(f"before: {settings}, total {total.value}, row {list(row)}", flush=True)
        processes = [
            multiprocessing.Process(target=work, args=(settings, total, row, lock, number, given.seconds))
            for number in range(given.workers)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        print(f"after: total {total.value}, row {list(row)}", flush=True)
        print(f"the last to write was {settings.last}", flush=True)


if __name__ == "__main__":
    main()
