"""Closing a queue

After close() this process cannot put any more: put() raises ValueError. join_thread(), allowed only after close(),
waits until the feeder thread has written everything that was put.

What to look at: the backlog in the child's feeder shrinks as the parent gets items; the child ends when it is empty.
"""

import argparse
import multiprocessing
import time


def put(items, count, size):
    for _ in range(count):
        items.put(bytes(size))
    try:
        items.join_thread()
    except AssertionError as error:
        print(f"child: join_thread() before close(): AssertionError: {error}", flush=True)
    items.close()
    try:
        items.put(b"too late")
    except ValueError as error:
        print(f"child: put() after close(): ValueError: {error}", flush=True)
    items.join_thread()
    print("child: everything is written", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20, help="how many items are put")
    parser.add_argument("--size", type=int, default=100_000, help="size of each item in bytes")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds before each get()")
    given = parser.parse_args()
    if not 1 <= given.items <= 1000:
        parser.error("--items must be from 1 to 1000")
    if not 1 <= given.size <= 900_000:
        parser.error("--size must be from 1 to 900000")
    if not 0 <= given.pause <= 60:
        parser.error("--pause must be from 0 to 60")
    return given


def main():
    given = parameters()
    items = multiprocessing.Queue()
    child = multiprocessing.Process(target=put, args=(items, given.items, given.size))
    child.start()
    for _ in range(given.items):
        time.sleep(given.pause)
        items.get()
    print(f"parent: got {given.items} items", flush=True)
    child.join()


if __name__ == "__main__":
    main()
