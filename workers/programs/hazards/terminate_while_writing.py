"""Terminated while writing to a queue

A process is terminated while it writes a large item to a queue. It leaves the queue's write lock held and half an item
in the pipe: the next put waits for the lock for ever, and a get waits for the other half.

What to look at: the queue's write lock is abandoned, its holder is dead; the second writer waits for it, and the reader
waits although there are bytes in the pipe.

Finds: abandoned-lock
"""

import argparse
import multiprocessing
import time


def write_large(items, mib):
    print("writer: put returns at once, a thread writes to the pipe, which takes 64 KiB at a time", flush=True)
    items.put(b"x" * mib * 2**20)


def write_small(items):
    items.put("small")
    print("second writer: put has returned, but nothing is written without the write lock", flush=True)


def read(items):
    print(f"reader: got {len(items.get())} bytes", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=8, help="size of the large item")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="how long to let the two wait; without a kill it would be for ever"
    )
    given = parser.parse_args()
    if not 1 <= given.mib <= 256:
        parser.error("--mib must be from 1 to 256")
    if not 0.1 <= given.seconds <= 600:
        parser.error("--seconds must be from 0.1 to 600")
    return given


def main():
    given = parameters()
    items = multiprocessing.Queue()
    writer = multiprocessing.Process(target=write_large, args=(items, given.mib))
    writer.start()
    while items.empty():
        time.sleep(0.01)
    writer.terminate()
    writer.join()
    print(f"parent: terminated the writer in the middle of {given.mib} MiB, exit code {writer.exitcode}", flush=True)

    stuck = [
        multiprocessing.Process(target=write_small, args=(items,), name="second writer"),
        multiprocessing.Process(target=read, args=(items,), name="reader"),
    ]
    for process in stuck:
        process.start()
    time.sleep(given.seconds)
    for process in stuck:
        print(f"parent: after {given.seconds:g} s the {process.name} still waits: {process.is_alive()}", flush=True)
    for process in stuck:
        process.kill()
        process.join()
    print("parent: killed both; after this a queue cannot be repaired, make a new one", flush=True)


if __name__ == "__main__":
    main()
