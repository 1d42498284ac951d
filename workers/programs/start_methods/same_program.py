"""One program, three start methods

Starts the same child by fork, spawn and forkserver, and lets it report whether this file was run again, which process
is its parent, and how long the start took.

What to look at: a forked child is there at once; a spawned one is a new interpreter that runs this file again as
__mp_main__; the third one's parent is the forkserver, not this program.
"""

import argparse
import multiprocessing
import os
import time


def tell(method, started, parent, seconds):
    print(f"{method}: running after {1000 * (time.time() - started):.0f} ms", flush=True)
    print(f"{method}: this file is {__name__} here", flush=True)
    print(f"{method}: started by its parent: {os.getppid() == parent}", flush=True)
    time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--method",
        choices=("all", "fork", "spawn", "forkserver"),
        default="all",
        help="one start method, or all in turn",
    )
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each child lives")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    methods = ("fork", "spawn", "forkserver") if given.method == "all" else (given.method,)
    for method in methods:
        context = multiprocessing.get_context(method)
        child = context.Process(
            target=tell, args=(method, time.time(), os.getpid(), given.seconds), name=f"by-{method}"
        )
        child.start()
        child.join()
        print(f"{method}: exit code {child.exitcode}", flush=True)


if __name__ == "__main__":
    main()
