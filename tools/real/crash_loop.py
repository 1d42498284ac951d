"""A parent that restarts its crashing child, and gives up after a while."""

import argparse
import multiprocessing
import os
import signal
import time


def crash(number):
    time.sleep(0.2)
    if number % 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    raise RuntimeError(f"crash {number}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=8)
    given = parser.parse_args()
    for number in range(given.times):
        child = multiprocessing.Process(target=crash, args=(number,), name=f"crasher {number}")
        child.start()
        child.join()
        print(f"attempt {number}: exit code {child.exitcode}", flush=True)
    raise SystemExit(3)


if __name__ == "__main__":
    main()
