"""Value and Array

A number and an array of numbers in memory shared by all processes. Each worker adds to the Value, under its lock, and
writes its result to its own item of the Array.

What to look at: the Value and the Array, whose numbers change while the workers run, and the lock inside each.
"""

import argparse
import multiprocessing
import time


def work(number, total, squares, seconds):
    time.sleep(seconds * number)
    squares[number] = number**2
    with total.get_lock():
        total.value += number
    print(f"worker {number}: wrote {squares[number]:g} to item {number}, the total is {total.value}", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4, help="how many processes")
    parser.add_argument("--seconds", type=float, default=0.5, help="delay between workers")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    total = multiprocessing.Value("i", 0)
    squares = multiprocessing.Array("d", given.workers)
    print(f"before: total {total.value}, squares {squares[:]}", flush=True)
    processes = [
        multiprocessing.Process(target=work, args=(number, total, squares, given.seconds))
        for number in range(given.workers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(f"after: total {total.value}, squares {squares[:]}", flush=True)


if __name__ == "__main__":
    main()
