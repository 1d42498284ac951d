"""Unpicklable arguments

What is passed to another process is pickled, unless fork copies it. A lambda, a lock or an open file cannot be pickled:
the error comes from `start()`, from `get()` or, for a Queue, only from a thread on stderr, and the item is lost.

What to look at: the traceback on stderr, of which the program itself learns nothing; the queue stays empty.

Finds: start-refused
"""

import argparse
import multiprocessing
import pickle
import queue


def call(function):
    print(f"child: called, it is {function()}", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to wait for the item that never comes")
    given = parser.parse_args()
    if not 0.1 <= given.seconds <= 60:
        parser.error("--seconds must be from 0.1 to 60")
    return given


def main():
    given = parameters()
    answer = lambda: 42  # noqa: E731
    forked = multiprocessing.get_context("fork").Process(target=call, args=(answer,))
    forked.start()
    forked.join()
    print(f"fork: copies a lambda without pickling it, exit code {forked.exitcode}", flush=True)

    try:
        multiprocessing.get_context("spawn").Process(target=call, args=(answer,)).start()
    except (AttributeError, pickle.PicklingError) as error:
        print(f"spawn: start: {type(error).__name__}: {error}", flush=True)

    with multiprocessing.Pool(1) as pool:
        for argument in (answer, multiprocessing.Lock()):
            try:
                pool.apply_async(call, (argument,)).get()
            except (AttributeError, pickle.PicklingError, RuntimeError) as error:
                print(f"pool: get: {type(error).__name__}: {error}", flush=True)

    items = multiprocessing.Queue()
    items.put(answer)
    print("queue: put has returned without an error", flush=True)
    try:
        items.get(timeout=given.seconds)
    except queue.Empty:
        print(f"queue: Empty after {given.seconds:g} s, the item is lost", flush=True)


if __name__ == "__main__":
    main()
