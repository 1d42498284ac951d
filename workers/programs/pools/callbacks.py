"""Callbacks and error callbacks

`apply_async` calls `callback` with the result, or `error_callback` with the exception, in a thread of the parent as
soon as the task is done. All callbacks share that thread: a slow one delays all results.

What to look at: the pool's tasks, done one by one, while the parent only waits.
"""

import argparse
import multiprocessing
import threading
import time


def divide(number, seconds):
    time.sleep(seconds)
    return 12 / number


def print_result(result):
    print(
        f"callback: {result:g}, in the main thread: {threading.current_thread() is threading.main_thread()}", flush=True
    )


def print_error(error):
    print(f"error_callback: {type(error).__name__}: {error}", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--count", type=int, default=6, help="how many tasks; the first divides by zero")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each takes")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.count <= 100:
        parser.error("--count must be from 1 to 100")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    with multiprocessing.Pool(given.workers) as pool:
        for number in range(given.count):
            pool.apply_async(divide, (number, given.seconds), callback=print_result, error_callback=print_error)
        print(f"parent: submitted {given.count} tasks", flush=True)
        pool.close()
        pool.join()
    print("parent: all callbacks have been called", flush=True)


if __name__ == "__main__":
    main()
