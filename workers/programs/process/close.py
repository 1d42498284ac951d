"""Closing a process

close() frees the resources of a Process object. It is refused while the child runs; afterwards the object cannot be
used.

What to look at: the child is running when the first close() is refused; ended, joined and closed are separate states.
"""

import argparse
import multiprocessing
import time


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long the child lives")
    given = parser.parse_args()
    if not 0.2 <= given.seconds <= 60:
        parser.error("--seconds must be from 0.2 to 60")
    return given


def main():
    given = parameters()
    child = multiprocessing.Process(target=time.sleep, args=(given.seconds,))
    child.start()
    try:
        child.close()
    except ValueError as error:
        print(f"close() while it runs: ValueError: {error}", flush=True)
    child.join()
    print(f"joined: exit code {child.exitcode}", flush=True)
    child.close()
    print("closed", flush=True)
    try:
        print(child.exitcode, flush=True)
    except ValueError as error:
        print(f"exitcode after close(): ValueError: {error}", flush=True)


if __name__ == "__main__":
    main()
