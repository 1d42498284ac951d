"""Terminated while holding a lock

A process is terminated between the two halves of a change that a lock protects. Nobody releases the lock, so all others
wait for ever; and whoever breaks it finds the data half changed: money that has left one account is in neither.

What to look at: the Array's lock is abandoned, with the pid of its dead holder, and other processes wait for it.

Finds: abandoned-lock
"""

import argparse
import multiprocessing
import time


def transfer(accounts, amount, seconds, half_way):
    with accounts.get_lock():
        accounts[0] -= amount
        half_way.set()
        time.sleep(seconds)
        accounts[1] += amount


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", type=int, default=2, help="how many processes wait for the lock")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="how long to let them wait; without a kill it would be for ever"
    )
    given = parser.parse_args()
    if not 1 <= given.others <= 32:
        parser.error("--others must be from 1 to 32")
    if not 0.1 <= given.seconds <= 600:
        parser.error("--seconds must be from 0.1 to 600")
    return given


def main():
    given = parameters()
    accounts = multiprocessing.Array("i", [100, 100])
    half_way = multiprocessing.Event()
    print(f"parent: accounts {accounts[:]}, sum {sum(accounts[:])}", flush=True)
    first = multiprocessing.Process(target=transfer, args=(accounts, 30, 600, half_way))
    first.start()
    half_way.wait()
    first.terminate()
    first.join()
    print(
        f"parent: terminated process {first.pid} halfway through its transfer, exit code {first.exitcode}", flush=True
    )

    waiting = [
        multiprocessing.Process(target=transfer, args=(accounts, 1, 0, half_way), name=f"process {number}")
        for number in range(given.others)
    ]
    for process in waiting:
        process.start()
    deadline = time.monotonic() + given.seconds
    for process in waiting:
        process.join(timeout=max(0, deadline - time.monotonic()))
        print(f"parent: {process.name} still waits for the lock: {process.is_alive()}", flush=True)
        process.kill()
        process.join()
    # Read without the lock, which will never be free.
    left = list(accounts.get_obj())
    print(f"parent: accounts {left}, sum {sum(left)}: not only the lock is lost", flush=True)


if __name__ == "__main__":
    main()
