"""Daemon and not

Starts a daemonic child and one that is not, and comes to its end: the interpreter then terminates the daemon in the
middle of its work, and waits for the other.

What to look at: the column for daemons; at the end the daemon's exit code is -15 (SIGTERM), the other's is 0.
"""

import argparse
import multiprocessing
import time


def count(limit, pause, begun):
    name = multiprocessing.current_process().name
    for number in range(1, limit + 1):
        time.sleep(pause)
        print(f"{name}: {number} of {limit}", flush=True)
        if number == 1:
            begun.wait()
    print(f"{name}: done", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds before each number")
    given = parser.parse_args()
    if not 0.01 <= given.pause <= 60:
        parser.error("--pause must be from 0.01 to 60")
    return given


def main():
    given = parameters()
    # Where all three meet when both children have begun.
    begun = multiprocessing.Barrier(3)
    daemon = multiprocessing.Process(target=count, args=(100, given.pause, begun), name="daemon", daemon=True)
    worker = multiprocessing.Process(target=count, args=(3, given.pause, begun), name="worker")
    daemon.start()
    worker.start()
    begun.wait()
    print("parent: nothing left to do", flush=True)


if __name__ == "__main__":
    main()
