"""synchronized() and copy()

`synchronized` wraps raw memory with a lock; both names then refer to the same memory. `copy` makes a second block:
later writes to it do not change the first.

What to look at: two blocks of memory, one with a lock and one without; only the one with the lock keeps counting.
"""

import argparse
import multiprocessing
import time
from ctypes import c_long
from multiprocessing import sharedctypes


def count(counter, times, seconds):
    for _ in range(times):
        with counter.get_lock():
            counter.value += 1
        time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--times", type=int, default=10, help="how often each adds one")
    parser.add_argument("--seconds", type=float, default=0.1, help="pause after each")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.times <= 1000:
        parser.error("--times must be from 1 to 1000")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    raw = sharedctypes.RawValue(c_long, 100)
    counter = sharedctypes.synchronized(raw)
    before = sharedctypes.copy(raw)
    print(f"raw {raw.value}, counter {counter.value}, copy {before.value}", flush=True)
    processes = [
        multiprocessing.Process(target=count, args=(counter, given.times, given.seconds)) for _ in range(given.workers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(f"{given.workers} workers added {given.times} each", flush=True)
    print(f"raw {raw.value}, counter {counter.value}, copy {before.value}", flush=True)
    print(f"get_obj() returns the raw memory: {counter.get_obj() is raw}", flush=True)


if __name__ == "__main__":
    main()
