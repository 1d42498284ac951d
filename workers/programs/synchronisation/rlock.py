"""An RLock and its errors

Acquires the same RLock again while holding it, which a Lock would not allow, and has to release it as often. Only the
process that holds it may release it.

What to look at: who holds the lock; the other process waits until the last release.
"""

import argparse
import multiprocessing
import time


def try_to_release(lock, name):
    try:
        lock.release()
    except AssertionError as error:
        print(f"{name}: release(): AssertionError: {error}", flush=True)


def other(lock):
    try_to_release(lock, "child")
    print(f"child: acquire() without waiting: {lock.acquire(block=False)}", flush=True)
    with lock:
        print("child: got the lock", flush=True)


def factorial(lock, number):
    with lock:
        return number * factorial(lock, number - 1) if number else 1


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depth", type=int, default=5, help="how often the lock is acquired again")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long it is held")
    given = parser.parse_args()
    if not 0 <= given.depth <= 100:
        parser.error("--depth must be from 0 to 100")
    if not 0.2 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0.2 to 3600")
    return given


def main():
    given = parameters()
    lock = multiprocessing.RLock()
    with lock:
        child = multiprocessing.Process(target=other, args=(lock,))
        child.start()
        print(f"parent: {given.depth}! = {factorial(lock, given.depth)}, under {given.depth + 2} locks", flush=True)
        time.sleep(given.seconds)
        print("parent: releases it for the last time", flush=True)
    child.join()
    try_to_release(lock, "parent")


if __name__ == "__main__":
    main()
