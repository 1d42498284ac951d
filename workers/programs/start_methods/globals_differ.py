"""Globals that differ

Changes a global variable and starts a child by each method: a forked child sees what the parent had at that moment, a
spawned one what this file says; and what a child changes, no parent ever sees.

What to look at: three children of one program that do not agree about a global; what they must know goes into args.
"""

import argparse
import multiprocessing

setting = "as the file says"


def look(method):
    global setting  # noqa: PLW0603 - what this is about
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
    global setting  # noqa: PLW0603 - what this is about
    given = parameters()
    setting = "as main() changed it"
    for method in ("fork", "spawn", "forkserver") if given.method == "all" else (given.method,):
        child = multiprocessing.get_context(method).Process(target=look, args=(method,), name=f"by-{method}")
        child.start()
        child.join()
        print(f"parent: the setting is {setting!r}", flush=True)


if __name__ == "__main__":
    main()
