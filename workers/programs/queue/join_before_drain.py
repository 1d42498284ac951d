"""Join before drain

Joins a child before getting the items that it has put. The child cannot end until its feeder thread has written them,
the thread waits because the pipe is full, and nobody reads because the reader waits for the child. It hangs until it is
killed; with --drain it does not.

What to look at: the parent waits for the child, the child for its own feeder thread, and the pipe is full.

Finds: join-before-drain
"""

import argparse
import multiprocessing


def put(items, count, size):
    for _ in range(count):
        items.put(bytes(size))
    print(f"child: put {count} items, ready to exit", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20, help="how many items are put")
    parser.add_argument("--size", type=int, default=100_000, help="size of each item in bytes")
    parser.add_argument("--drain", action="store_true", help="get all items before the join")
    given = parser.parse_args()
    if not 1 <= given.items <= 1000:
        parser.error("--items must be from 1 to 1000")
    if not 1 <= given.size <= 900_000:
        parser.error("--size must be from 1 to 900000")
    return given


def drain(items, count):
    for _ in range(count):
        items.get()
    print(f"parent: got {count} items", flush=True)


def main():
    given = parameters()
    items = multiprocessing.Queue()
    child = multiprocessing.Process(target=put, args=(items, given.items, given.size))
    child.start()
    if given.drain:
        drain(items, given.items)
    print("parent: joining the child", flush=True)
    child.join()
    print("parent: the child has ended", flush=True)
    if not given.drain:
        drain(items, given.items)


if __name__ == "__main__":
    main()
