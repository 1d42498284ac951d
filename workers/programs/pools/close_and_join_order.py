"""close() before join(), no tasks after close()

`close()` says that there will be no more tasks, `join()` waits for the workers to end. In the wrong order, either
raises ValueError.

What to look at: the workers keep running after the failed join; after close and join they have exited with code 0.
"""

import argparse
import multiprocessing
import time


def square(number, seconds):
    time.sleep(seconds)
    return number * number


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each task takes")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    pool = multiprocessing.Pool(given.workers)
    result = pool.starmap_async(square, [(number, given.seconds) for number in range(given.workers * 2)])
    try:
        pool.join()
    except ValueError as error:
        print(f"join before close: ValueError: {error}", flush=True)
    pool.close()
    try:
        pool.apply_async(square, (3, given.seconds))
    except ValueError as error:
        print(f"a task after close: ValueError: {error}", flush=True)
    pool.join()
    print(f"closed and joined, all submitted tasks are done: {result.get()}", flush=True)


if __name__ == "__main__":
    main()
