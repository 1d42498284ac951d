"""An exception that cannot be unpickled ends a pool

A task raises an exception whose __init__ does not take what it passes on. The worker pickles it; unpickling it raises
an error in the thread of the parent that receives all results, and that thread ends: no result arrives any more.

What to look at: the traceback of one thread in the parent, and workers without a task beside tasks that never finish.

Finds: dead-thread
"""

import argparse
import multiprocessing


class Details:
    code = 7


class Refused(Exception):
    def __init__(self, details):
        super().__init__(details.code)


def work(number):
    if number == 1:
        raise Refused(Details())
    return number


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to wait for the results")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0.5 <= given.seconds <= 600:
        parser.error("--seconds must be from 0.5 to 600")
    return given


def main():
    given = parameters()
    pool = multiprocessing.Pool(given.workers)
    results = pool.map_async(work, range(4), chunksize=1)
    try:
        print(f"results: {results.get(timeout=given.seconds)}", flush=True)
    except multiprocessing.TimeoutError:
        print(f"TimeoutError after {given.seconds:g} s; map() would wait for ever", flush=True)
    try:
        pool.terminate()
    except AssertionError as error:
        print(f"terminate() failed: {error}", flush=True)


if __name__ == "__main__":
    main()
