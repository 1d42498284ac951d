"""Empty and Full

get_nowait() and get(timeout) raise Empty, put_nowait() and put(timeout) raise Full. Both exceptions are those of the
module queue.

What to look at: depth 2 of maxsize 2 while put() fails; then depth 0.
"""

import argparse
import multiprocessing
import queue
import time


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timeout", type=float, default=1.0, help="how long get() and put() wait")
    given = parser.parse_args()
    if not 0.01 <= given.timeout <= 60:
        parser.error("--timeout must be from 0.01 to 60")
    return given


def try_it(what, function, *args, **kwargs):
    started = time.monotonic()
    try:
        print(f"{what}: {function(*args, **kwargs)}", flush=True)
    except (queue.Empty, queue.Full) as error:
        print(f"{what}: {type(error).__name__} after {time.monotonic() - started:.1f} s", flush=True)


def main():
    given = parameters()
    jobs = multiprocessing.Queue(2)
    try_it("get_nowait()", jobs.get_nowait)
    try_it("get(timeout)", jobs.get, timeout=given.timeout)
    try_it("put_nowait(1)", jobs.put_nowait, 1)
    try_it("put_nowait(2)", jobs.put_nowait, 2)
    try_it("put_nowait(3)", jobs.put_nowait, 3)
    try_it("put(3, timeout)", jobs.put, 3, timeout=given.timeout)
    try_it("get()", jobs.get)
    try_it("get()", jobs.get)


if __name__ == "__main__":
    main()
