"""RawValue and RawArray

Shared memory without a lock. Processes that write to different places need none; for places that all of them write,
the program has to use a lock of its own.

What to look at: RawValue and RawArray have no lock among their parts; the only Lock is the program's own.
"""

import argparse
import multiprocessing
import time
from ctypes import c_double, c_int
from multiprocessing.sharedctypes import RawArray, RawValue


def halve(first, end, numbers, done, lock, seconds):
    for place in range(first, end):
        numbers[place] /= 2
        time.sleep(seconds)
    with lock:
        done.value += end - first
    print(f"items {first} to {end - 1} are halved", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3, help="how many processes")
    parser.add_argument("--each", type=int, default=8, help="how many numbers each halves")
    parser.add_argument("--seconds", type=float, default=0.2, help="pause after each number")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.each <= 1000:
        parser.error("--each must be from 1 to 1000")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    numbers = RawArray(c_double, [float(number) for number in range(given.workers * given.each)])
    done = RawValue(c_int, 0)
    lock = multiprocessing.Lock()
    print(f"a RawArray of {len(numbers)} numbers, and it has no lock: {not hasattr(numbers, 'get_lock')}", flush=True)
    processes = [
        multiprocessing.Process(target=halve, args=(first, first + given.each, numbers, done, lock, given.seconds))
        for first in range(0, given.workers * given.each, given.each)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(f"{done.value} numbers done, the last is {numbers[-1]:g}, their sum {sum(numbers):g}", flush=True)


if __name__ == "__main__":
    main()
