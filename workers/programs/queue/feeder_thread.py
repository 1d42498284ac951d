"""The feeder thread

put() only appends an item to a buffer; a thread pickles it and writes it into the pipe. So put() is always fast, an
item may arrive later, and one that cannot be pickled is lost with a traceback instead of an exception.

What to look at: the backlog in the feeder of the putting process, and its second thread.
"""

import argparse
import multiprocessing
import threading
import time


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=50, help="how many items are put")
    parser.add_argument("--size", type=int, default=100_000, help="size of each item in bytes")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to wait before getting them")
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
    items = multiprocessing.Queue()
    print(f"threads before the first put(): {[thread.name for thread in threading.enumerate()]}", flush=True)
    started = time.monotonic()
    for _ in range(given.items):
        items.put(bytes(given.size))
    print(f"put {given.items * given.size} bytes in {time.monotonic() - started:.3f} s", flush=True)
    print(f"threads after it: {[thread.name for thread in threading.enumerate()]}", flush=True)
    time.sleep(given.seconds)
    print(f"items in the queue: {items.qsize()}", flush=True)
    for _ in range(given.items):
        items.get()
    print("got all", flush=True)
    items.put(lambda: "a function without a name")
    items.put("after it")
    print(f"got: {items.get()}", flush=True)


if __name__ == "__main__":
    main()
