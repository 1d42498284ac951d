"""Exit codes

Five ways to end: return, sys.exit() with a number, sys.exit() with a text, an exception, and a signal.

What to look at: 0 for return, 1 for a text or an exception (whose traceback is in the log), and for a signal its number
with a minus.
"""

import argparse
import multiprocessing
import os
import signal
import sys


def give_back(code):
    return code


def leave(code):
    sys.exit(code)


def leave_with_text(code):
    sys.exit(f"a text instead of {code}")


def fail(code):
    raise RuntimeError(f"an exception instead of {code}")


def be_killed(code):
    os.kill(os.getpid(), signal.SIGKILL)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--code", type=int, default=7, help="the argument of sys.exit()")
    given = parser.parse_args()
    if not 0 <= given.code <= 255:
        parser.error("--code must be from 0 to 255")
    return given


def main():
    given = parameters()
    for target in (give_back, leave, leave_with_text, fail, be_killed):
        child = multiprocessing.Process(target=target, args=(given.code,), name=target.__name__)
        child.start()
        child.join()
        print(f"{child.name}: exit code {child.exitcode}", flush=True)


if __name__ == "__main__":
    main()
