"""Leaving data behind

cancel_join_thread() lets a process end before its feeder thread has written everything: it does not hang, but the rest
is lost without an error. The feeder stops in the middle of a write, and leaves the queue's write lock held.

What to look at: the child has ended while some of its items are missing; depth and content of the queue disagree; the
next process that puts into this queue would wait for ever.

Finds: abandoned-lock
"""

import argparse
import multiprocessing
import queue
import time


def put(items, count, size):
    items.cancel_join_thread()
    for number in range(count):
        items.put((number, bytes(size)))
    time.sleep(0.5)  # by then the feeder has filled the pipe, and is blocked in the middle of an item
    print(f"child: put {count} items, and exit before they are written", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000, help="how many items are put")
    parser.add_argument("--size", type=int, default=1000, help="size of each item in bytes")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the parent waits before it gets items")
    given = parser.parse_args()
    if not 1 <= given.items <= 10_000:
        parser.error("--items must be from 1 to 10000")
    if not 1 <= given.size <= 3000:
        parser.error("--size must be from 1 to 3000")
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    items = multiprocessing.Queue()
    child = multiprocessing.Process(target=put, args=(items, given.items, given.size))
    child.start()
    child.join()
    print(f"parent: the child ended with exit code {child.exitcode}; qsize() says {items.qsize()}", flush=True)
    time.sleep(given.seconds)
    came = 0
    try:
        while True:
            # An item of more than 4 KiB could be in the pipe in part; get() would wait for the rest of it for ever.
            items.get(timeout=0.2)
            came += 1
    except queue.Empty:
        print(f"parent: got {came} items, {given.items - came} are lost", flush=True)


if __name__ == "__main__":
    main()
