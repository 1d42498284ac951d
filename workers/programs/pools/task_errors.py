"""Tasks that fail

get() raises a task's exception in the parent, with the worker's traceback as its cause. A result that cannot be pickled
raises MaybeEncodingError. The worker survives both.

What to look at: the workers are the same before and after.
"""

import argparse
import multiprocessing
import threading
import time
from multiprocessing.pool import MaybeEncodingError


def divide(dividend, divisor):
    return dividend / divisor


def make_lock():
    return threading.Lock()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long the pool stays open")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    with multiprocessing.Pool(given.workers) as pool:
        before = {child.pid for child in multiprocessing.active_children()}
        try:
            pool.apply(divide, (1, 0))
        except ZeroDivisionError as error:
            print(f"ZeroDivisionError: {error}", flush=True)
            print(f"its cause is the worker's traceback: {type(error.__cause__).__name__}", flush=True)
        try:
            pool.apply(make_lock)
        except MaybeEncodingError as error:
            print(f"MaybeEncodingError: {error.exc}", flush=True)
        time.sleep(given.seconds)
        after = {child.pid for child in multiprocessing.active_children()}
        print(f"{len(after)} workers, the same as before: {after == before}", flush=True)


if __name__ == "__main__":
    main()
