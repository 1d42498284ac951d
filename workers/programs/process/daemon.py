"""Daemonic vs normal

Starts a daemonic and a normal child, and reaches its end: the interpreter terminates the daemon in the middle of its
work, and waits for the other child.

What to look at: the daemon column; at the end the daemon has exit code -15 (SIGTERM), the other child 0.
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
    # Parent and children meet here once both children are running.
    begun = multiprocessing.Barrier(3)
    daemon = multiprocessing.Process(target=count, args=(100, given.pause, begun), name="daemon", daemon=True)
    worker = multiprocessing.Process(target=count, args=(3, given.pause, begun), name="worker")
    daemon.start()
    worker.start()
    begun.wait()
    print("parent: nothing left to do", flush=True)


if __name__ == "__main__":
    main()
