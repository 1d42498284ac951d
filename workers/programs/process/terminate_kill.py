"""terminate() vs kill()

Ends three children. terminate() sends SIGTERM: a plain child ends at once, one with a handler cleans up first, one that
ignores the signal keeps running. kill() sends SIGKILL, which cannot be handled.

What to look at: the exit codes -15, 0 and -9; a negative one is the number of the signal that ended the process.
"""

import argparse
import multiprocessing
import signal
import sys
import time


def plain(ready):
    ready.set()
    time.sleep(600)


def careful(ready):
    def clean_up(signum, frame):
        print("careful: got SIGTERM, cleaning up", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, clean_up)
    ready.set()
    while True:
        # Short sleeps: a signal that arrives right before a sleep is handled after it.
        time.sleep(0.1)


def stubborn(ready):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready.set()
    time.sleep(600)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grace", type=float, default=1.0, help="seconds between terminate() and kill()")
    given = parser.parse_args()
    if not 0.1 <= given.grace <= 60:
        parser.error("--grace must be from 0.1 to 60")
    return given


def main():
    given = parameters()
    for target in (plain, careful, stubborn):
        ready = multiprocessing.Event()
        child = multiprocessing.Process(target=target, args=(ready,), name=target.__name__)
        child.start()
        ready.wait()
        child.terminate()
        child.join(given.grace)
        print(f"parent: after terminate() {child.name} has exit code {child.exitcode}", flush=True)
        if child.is_alive():
            child.kill()
            child.join()
            print(f"parent: after kill() {child.name} has exit code {child.exitcode}", flush=True)


if __name__ == "__main__":
    main()
