"""A simple queue

SimpleQueue is a pipe with a lock at each end: no thread, no maxsize, no timeouts. put() itself writes into the pipe,
and blocks when the pipe is full.

What to look at: no feeder thread and no depth, only unread bytes; put() blocks as soon as the pipe is full.
"""

import argparse
import multiprocessing
import threading
import time


def put(items, count, size):
    for number in range(count):
        started = time.monotonic()
        items.put(bytes(size))
        waited = time.monotonic() - started
        print(f"child: put {number}{f', waited {waited:.1f} s' if waited > 0.05 else ''}", flush=True)
    print(f"child: {threading.active_count()} thread", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=5, help="how many items are put")
    parser.add_argument("--size", type=int, default=30_000, help="size of each item in bytes")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long the parent waits before it gets them")
    given = parser.parse_args()
    if not 1 <= given.items <= 1000:
        parser.error("--items must be from 1 to 1000")
    if not 1 <= given.size <= 900_000:
        parser.error("--size must be from 1 to 900000")
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    items = multiprocessing.SimpleQueue()
    print(f"parent: empty: {items.empty()}", flush=True)
    child = multiprocessing.Process(target=put, args=(items, given.items, given.size))
    child.start()
    time.sleep(given.seconds)
    print(f"parent: empty: {items.empty()}", flush=True)
    for _ in range(given.items):
        items.get()
    child.join()
    print("parent: got all", flush=True)
    items.close()


if __name__ == "__main__":
    main()
