"""A shared dict and a shared list

A Manager is a process that keeps ordinary objects; other processes have proxies, and each call of a proxy is a message
to the manager and back.

What to look at: the manager's process beside the workers, its address, and the number of objects that it keeps.
"""

import argparse
import multiprocessing
import time


def work(number, squares, order, seconds):
    time.sleep(seconds / (number + 1))
    squares[number] = number**2
    order.append(number)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4, help="how many processes")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the slowest worker takes")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    with multiprocessing.Manager() as manager:
        squares = manager.dict()
        order = manager.list()
        print(f"the objects live in {multiprocessing.active_children()[0].name}, at {manager.address!r}", flush=True)
        processes = [
            multiprocessing.Process(target=work, args=(number, squares, order, given.seconds))
            for number in range(given.workers)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        print(f"dict: {dict(sorted(squares.items()))}", flush=True)
        print(f"list, in the order of arrival: {list(order)}", flush=True)


if __name__ == "__main__":
    main()
