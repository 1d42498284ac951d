"""Names of processes

Starts a child that starts children of its own. By default a name shows the place in the family: Process-1:2 is the
second child of the first. You can set any other name.

What to look at: the tree of names; two processes may have the same name, only the pid is unique.
"""

import argparse
import multiprocessing
import time


def say_name(depth, seconds):
    me = multiprocessing.current_process()
    print(f"{me.name}: child of {multiprocessing.parent_process().name}", flush=True)
    if depth > 1:
        run_children(depth - 1, seconds, ["Process"] * 2)
    else:
        time.sleep(seconds)


def run_children(depth, seconds, names):
    children = []
    for name in names:
        child = multiprocessing.Process(target=say_name, args=(depth, seconds))
        if name != "Process":
            child.name = name
        child.start()
        children.append(child)
    for child in children:
        child.join()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depth", type=int, default=2, help="how many generations of children")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the youngest live")
    given = parser.parse_args()
    if not 1 <= given.depth <= 4:
        parser.error("--depth must be from 1 to 4")
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    print(f"{multiprocessing.current_process().name}: the main process", flush=True)
    run_children(given.depth, given.seconds, ["Process", "twin", "twin"])


if __name__ == "__main__":
    main()
