"""A deadlock of two processes

Two processes need the same two locks and acquire them in opposite order: each gets one, and waits for the other's for
ever. The program gives up after --seconds and exits with code 1; with --in-order both use the same order.

What to look at: the wait graph is a cycle of two processes and two locks.

Finds: deadlock
"""

import argparse
import multiprocessing
import sys
import time


def move(name, first, second, meeting):
    with first:
        print(f"{name}: holds one lock, waits for the other", flush=True)
        meeting.wait()
        with second:
            print(f"{name}: holds both", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-order", action="store_true", help="both acquire the locks in the same order")
    parser.add_argument("--seconds", type=float, default=60.0, help="when the program gives up")
    given = parser.parse_args()
    if not 0.1 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0.1 to 3600")
    return given


def main():
    given = parameters()
    fork = multiprocessing.Lock()
    knife = multiprocessing.Lock()
    # Both acquire their first lock before either waits for its second; in order, only one of them can.
    meeting = multiprocessing.Barrier(1 if given.in_order else 2)
    orders = {"plato": (fork, knife), "kant": (fork, knife) if given.in_order else (knife, fork)}
    philosophers = [
        multiprocessing.Process(target=move, args=(name, *locks, meeting), name=name) for name, locks in orders.items()
    ]
    for philosopher in philosophers:
        philosopher.start()
    give_up = time.monotonic() + given.seconds
    for philosopher in philosophers:
        philosopher.join(max(0, give_up - time.monotonic()))
    stuck = [philosopher for philosopher in philosophers if philosopher.is_alive()]
    for philosopher in stuck:
        philosopher.terminate()
        philosopher.join()
    if stuck:
        sys.exit(f"parent: {len(stuck)} are deadlocked, terminated them")
    print("parent: both are done", flush=True)


if __name__ == "__main__":
    main()
