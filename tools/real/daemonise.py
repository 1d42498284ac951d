"""A script that daemonises itself by a double fork, and continues with a child of its own."""

import argparse
import multiprocessing
import os
import time


def daemonise() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    given = parser.parse_args()
    print(f"process {os.getpid()} becomes a daemon", flush=True)
    daemonise()
    child = multiprocessing.Process(target=time.sleep, args=(given.seconds,), name="child of a daemon")
    child.start()
    child.join()


if __name__ == "__main__":
    main()
