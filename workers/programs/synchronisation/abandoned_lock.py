"""A lock abandoned by a kill

Kills a process while it holds a lock: nobody releases it, and all waiting processes wait for ever. They continue once
you break the lock on the page; otherwise the program gives up after --seconds and exits with code 1.

What to look at: the lock's holder is dead, and the others wait; "break lock" lets them continue.

Finds: abandoned-lock
"""

import argparse
import multiprocessing
import sys
import time


def hold(lock, held):
    with lock:
        print("holder: got the lock", flush=True)
        held.set()
        time.sleep(3600)


def want(lock):
    name = multiprocessing.current_process().name
    print(f"{name}: waiting for the lock", flush=True)
    with lock:
        print(f"{name}: got the lock", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiters", type=int, default=3, help="how many processes want the lock")
    parser.add_argument("--seconds", type=float, default=60.0, help="when the program gives up")
    given = parser.parse_args()
    if not 1 <= given.waiters <= 16:
        parser.error("--waiters must be from 1 to 16")
    if not 0.1 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0.1 to 3600")
    return given


def main():
    given = parameters()
    lock = multiprocessing.Lock()
    held = multiprocessing.Event()
    holder = multiprocessing.Process(target=hold, args=(lock, held), name="holder")
    holder.start()
    held.wait()
    waiters = [
        multiprocessing.Process(target=want, args=(lock,), name=f"waiter-{number}")
        for number in range(1, given.waiters + 1)
    ]
    for waiter in waiters:
        waiter.start()
    holder.kill()
    holder.join()
    print(f"parent: killed the holder, exit code {holder.exitcode}", flush=True)
    give_up = time.monotonic() + given.seconds
    for waiter in waiters:
        waiter.join(max(0, give_up - time.monotonic()))
    stuck = [waiter for waiter in waiters if waiter.is_alive()]
    for waiter in stuck:
        waiter.terminate()
        waiter.join()
    if stuck:
        sys.exit(f"parent: {len(stuck)} never got the lock")
    print("parent: all got the lock", flush=True)


if __name__ == "__main__":
    main()
