"""A deadlock of managed locks

Two accounts are protected by locks of a manager. Two clerks move money in opposite directions, and each first acquires
the lock of the account it takes from: each gets one lock, and waits for the other's for ever. The program gives up
after --seconds and exits with code 1; with --in-order both acquire the locks in the same order.

What to look at: both locks are in the manager's process, so both clerks wait for its answer; the page shows which lock
each of them has requested, and who holds it.

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
    with multiprocessing.Manager() as manager:
        savings = manager.Lock()
        current = manager.Lock()
        # Both acquire their first lock before either waits for its second; in order, only one of them can.
        meeting = manager.Barrier(1 if given.in_order else 2)
        orders = {"in": (savings, current), "out": (savings, current) if given.in_order else (current, savings)}
        clerks = [
            multiprocessing.Process(target=move, args=(name, *locks, meeting), name=name)
            for name, locks in orders.items()
        ]
        for clerk in clerks:
            clerk.start()
        give_up = time.monotonic() + given.seconds
        for clerk in clerks:
            clerk.join(max(0, give_up - time.monotonic()))
        stuck = [clerk for clerk in clerks if clerk.is_alive()]
        for clerk in stuck:
            clerk.kill()
            clerk.join()
    if stuck:
        sys.exit(f"parent: {len(stuck)} are deadlocked, killed them")
    print("parent: both are done", flush=True)


if __name__ == "__main__":
    main()
