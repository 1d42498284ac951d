"""Helper processes of multiprocessing

Shows two processes that multiprocessing itself starts: the resource tracker, which removes semaphores and shared memory
that a program leaves behind, and the forkserver, from which children are forked.

What to look at: both are children of this program although it did not start them, and end when it does.
"""

import argparse
import multiprocessing
import os
import time
from pathlib import Path


def children_of(parent):
    """Yield pid and command line of each child of ``parent`` in the process table."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The command is in brackets, and may contain spaces; state and parent's pid follow.
            ppid = int(folder.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            command = folder.joinpath("cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:  # the process has ended
            continue
        if ppid == parent:
            yield int(folder.name), command


def what_is(command):
    for helper in ("resource_tracker", "forkserver"):
        if f"from multiprocessing.{helper} import main" in command:
            return f"the {helper}"
    return "a child"


def show(when):
    ours = Path("/proc/self/cmdline").read_text(errors="replace").replace("\0", " ")
    children = dict(children_of(os.getpid()))
    # Until its exec, a helper is a copy of this program, with its command line.
    while {ours, ""} & set(children.values()):
        time.sleep(0.01)
        children = dict(children_of(os.getpid()))
    found = sorted((what_is(command), pid) for pid, command in children.items())
    print(f"{when}: {', '.join(f'{what} ({pid})' for what, pid in found) or 'no children'}", flush=True)


def work(seconds):
    print(f"child: my parent is {os.getppid()}", flush=True)
    time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the child lives")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    show("at first")
    spawning = multiprocessing.get_context("spawn")
    lock = spawning.Lock()
    show("with a lock")
    child = multiprocessing.get_context("forkserver").Process(target=work, args=(given.seconds,))
    child.start()
    show("with a child of the forkserver")
    child.join()
    show("after its end")
    del lock


if __name__ == "__main__":
    main()
