"""Timeouts

`get(timeout=1)` and imap's `next(timeout)` stop waiting with a TimeoutError. They do not stop the task: it continues in
its worker, and its result can still be fetched.

What to look at: after the TimeoutError the worker still runs its task.
"""

import argparse
import multiprocessing
import time


def work(seconds):
    time.sleep(seconds)
    return f"done after {seconds:g} s"


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the task takes")
    parser.add_argument("--timeout", type=float, default=1.0, help="how long to wait for it")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    if not 0.01 <= given.timeout <= 60:
        parser.error("--timeout must be from 0.01 to 60")
    return given


def main():
    given = parameters()
    with multiprocessing.Pool(2) as pool:
        result = pool.apply_async(work, (given.seconds,))
        try:
            print(f"get: {result.get(timeout=given.timeout)}", flush=True)
        except multiprocessing.TimeoutError:
            print(f"get: TimeoutError after {given.timeout:g} s, ready: {result.ready()}", flush=True)
        result.wait()
        print(f"get, later: {result.get()}, successful: {result.successful()}", flush=True)

        results = pool.imap(work, [given.seconds, 0])
        try:
            print(f"next: {results.next(timeout=given.timeout)}", flush=True)
        except multiprocessing.TimeoutError:
            print(f"next: TimeoutError after {given.timeout:g} s", flush=True)
        print(f"next, later: {results.next()}, then {results.next()}", flush=True)


if __name__ == "__main__":
    main()
