"""Forking with threads

Forks while another thread holds a lock. The child has a copy of the locked lock but not of the thread, so nothing there
will ever release it.

What to look at: the child waits for a lock that is free in the parent, and never gets it; a spawned child has a lock of
its own. A note of the program names the thread that the child lacks.
"""

import argparse
import multiprocessing
import threading
import time

lock = threading.Lock()


def hold(seconds, held):
    with lock:
        held.set()
        time.sleep(seconds)
    print("thread: released the lock", flush=True)


def take(method, seconds):
    if lock.acquire(timeout=seconds):
        print(f"{method}: got the lock", flush=True)
    else:
        print(f"{method}: no lock within {seconds:g} s, and no thread here that holds it", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", choices=("fork", "spawn", "forkserver"), default="fork", help="the start method")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long the child tries to get the lock")
    given = parser.parse_args()
    if not 0.5 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0.5 to 3600")
    return given


def main():
    given = parameters()
    held = threading.Event()
    holder = threading.Thread(target=hold, args=(0.2, held))
    holder.start()
    held.wait()
    context = multiprocessing.get_context(given.method)
    child = context.Process(target=take, args=(given.method, given.seconds))
    child.start()
    holder.join()
    with lock:
        print("parent: got the lock", flush=True)
    child.join()


if __name__ == "__main__":
    main()
