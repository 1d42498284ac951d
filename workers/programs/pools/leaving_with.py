"""Leaving the with block early

The end of the `with` block calls `terminate()`, not `close()` and `join()`: unfinished tasks never finish, and get()
without a timeout waits for their results for ever.

What to look at: SIGTERM ends the workers in the middle of their tasks; no result ever arrives.
"""

import argparse
import multiprocessing
import time


def work(number, seconds):
    time.sleep(seconds)
    print(f"task {number} is done", flush=True)
    return number


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--seconds", type=float, default=1.5, help="how long each task takes")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0.1 <= given.seconds <= 60:
        parser.error("--seconds must be from 0.1 to 60")
    return given


def main():
    given = parameters()
    with multiprocessing.Pool(given.workers) as pool:
        early = [pool.apply_async(work, (number, given.seconds)) for number in range(given.workers)]
        time.sleep(given.seconds / 2)
        print("leaving the with block", flush=True)
    try:
        print(early[0].get(timeout=given.seconds), flush=True)
    except multiprocessing.TimeoutError:
        print("no result arrives: TimeoutError", flush=True)

    with multiprocessing.Pool(given.workers) as pool:
        late = [pool.apply_async(work, (number, given.seconds)) for number in range(given.workers)]
        pool.close()
        pool.join()
    print(f"with close() and join() inside the block: {[result.get() for result in late]}", flush=True)


if __name__ == "__main__":
    main()
