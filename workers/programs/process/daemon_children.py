"""A daemon that starts a child

A daemonic process may not have children, because nobody would end them when it is terminated: start() raises an
AssertionError, which ends the process with exit code 1 unless it is caught.

What to look at: the daemon's exit code is 1, its traceback is in the log, and the page says what it tried.

Finds: daemon-with-child
"""

import argparse
import multiprocessing
import time


def work(seconds):
    time.sleep(seconds)


def have_child(seconds):
    child = multiprocessing.Process(target=work, args=(seconds,))
    print("daemon: starting a child", flush=True)
    child.start()
    print("daemon: never printed", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the main process keeps running")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    daemon = multiprocessing.Process(target=have_child, args=(given.seconds,), name="daemon", daemon=True)
    daemon.start()
    daemon.join()
    print(f"parent: the daemon ended with exit code {daemon.exitcode}", flush=True)
    time.sleep(given.seconds)


if __name__ == "__main__":
    main()
