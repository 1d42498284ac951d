"""Joining with a timeout

Starts a process and waits for it in steps: join(timeout) returns after that time whether the process has ended or not;
only exitcode tells which.

What to look at: the exit code is empty while the process runs, even after a join that has returned, and set after the
last one.
"""

import argparse
import multiprocessing
import time


def work(seconds):
    print(f"child: working for {seconds:g} s", flush=True)
    time.sleep(seconds)
    print("child: done", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long the child works")
    parser.add_argument("--timeout", type=float, default=0.4, help="timeout of each join")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    if not 0.01 <= given.timeout <= 60:
        parser.error("--timeout must be from 0.01 to 60")
    return given


def main():
    given = parameters()
    process = multiprocessing.Process(target=work, args=(given.seconds,))
    process.start()
    while process.exitcode is None:
        process.join(given.timeout)
        print(f"parent: join returned, exitcode {process.exitcode}", flush=True)


if __name__ == "__main__":
    main()
