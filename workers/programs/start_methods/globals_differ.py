"""Globals that differ

Changes a global variable and starts a child by each method. A forked child sees the parent's value at that moment, a
spawned one the value in this file. No parent ever sees a child's change.

What to look at: three children of one program that disagree about a global; pass what they need in args.
"""

import argparse
import multiprocessing

setting = "as in the file"


def look(method):
    global setting  # noqa: PLW0603 - the point of this program
    print(f"{method}: the setting is {setting!r}", flush=True)
    setting = f"changed by {method}"


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--method",
        choices=("all", "fork", "spawn", "forkserver"),
        default="all",
        help="one start method, or all in turn",
    )
    return parser.parse_args()


def main():
    global setting  # noqa: PLW0603 - the point of this program
    given = parameters()
    setting = "changed by main()"
    for method in ("fork", "spawn", "forkserver") if given.method == "all" else (given.method,):
        child = multiprocessing.get_context(method).Process(target=look, args=(method,), name=f"by-{method}")
        child.start()
        child.join()
        print(f"parent: the setting is {setting!r}", flush=True)


if __name__ == "__main__":
    main()
