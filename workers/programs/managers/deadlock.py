"""Managed locks in a deadlock

Two accounts are guarded by locks of a manager. Two clerks move money in opposite directions, and each takes the lock
of the account that it takes from first: each gets one, and waits for ever for that of the other. The program gives up
after --seconds, with exit code 1; with --in-order both take the locks in the same order.

What to look at: both locks live in the manager's process, so both clerks wait for its answer; the page knows what each
of them has asked for, and who has it.

Finds: deadlock
"""

import argparse
import multiprocessing
import sys
import time


def move(name, first, second, meeting):
    with first:
        print(f"{name}: has one lock, wants the other", flush=True)
        meeting.wait()
        with second:
            print(f"{name}: has both", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-order", action="store_true", help="both take the locks in the same order")
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
        # Neither tries to get its second lock before both have their first; in order only one of them can.
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
