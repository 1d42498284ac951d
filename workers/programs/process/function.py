"""A function as a process

Runs one function in several processes. Its arguments, from args and kwargs, are copies in each child.

What to look at: one row per child with its name, its target function, and exit code 0 once it has ended.
"""

import argparse
import multiprocessing
import os
import time


def greet(whom, seconds, *, greeting="Hello", seen=None):
    seen.append(whom)
    print(f"{multiprocessing.current_process().name}: {greeting}, {whom}! I have seen {seen}", flush=True)
    time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=3, help="how many processes to start")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each of them lives")
    given = parser.parse_args()
    if not 1 <= given.children <= 32:
        parser.error("--children must be from 1 to 32")
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    seen = []
    children = []
    for number in range(given.children):
        child = multiprocessing.Process(
            target=greet,
            args=(f"child {number}", given.seconds),
            kwargs={"greeting": "Good morning", "seen": seen},
        )
        child.start()
        children.append(child)
    for child in children:
        child.join()
        print(f"parent {os.getpid()}: {child.name} (pid {child.pid}) ended with exit code {child.exitcode}", flush=True)
    print(f"parent: my own list is still {seen}", flush=True)


if __name__ == "__main__":
    main()
