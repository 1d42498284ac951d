"""Releasing a lock that is not held

Releasing a Lock that nobody holds raises ValueError. Releasing a Lock that another process holds is allowed, and lets
two processes into the section that it should protect.

What to look at: the lock has a new holder, or none, while the process that acquired it still assumes to hold it.
"""

import argparse
import multiprocessing
import time


def hold(lock, held, seconds):
    lock.acquire()
    print("child: got the lock", flush=True)
    held.set()
    time.sleep(seconds)
    try:
        lock.release()
    except ValueError as error:
        print(f"child: release(): ValueError: {error}", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the child assumes to hold the lock")
    given = parser.parse_args()
    if not 0.2 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0.2 to 3600")
    return given


def main():
    given = parameters()
    lock = multiprocessing.Lock()
    try:
        lock.release()
    except ValueError as error:
        print(f"parent: release() of a free lock: ValueError: {error}", flush=True)
    held = multiprocessing.Event()
    child = multiprocessing.Process(target=hold, args=(lock, held, given.seconds))
    child.start()
    held.wait()
    lock.release()
    print("parent: released the child's lock", flush=True)
    with lock:
        print("parent: got the lock, while the child assumes to hold it", flush=True)
    child.join()


if __name__ == "__main__":
    main()
