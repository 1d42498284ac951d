"""Zombies

A process that has ended stays in the kernel's table until its parent asks for its exit code, by `join()` or any of
the calls that do so on the side. Until then it is a zombie: it takes no memory, but a pid.

What to look at: processes that have exited and are not joined, with state Z; after join they are gone.

Finds: zombie
"""

import argparse
import multiprocessing
import time
from multiprocessing import connection
from pathlib import Path


def end(all_started, exitcode):
    all_started.wait()
    raise SystemExit(exitcode)


def state(pid):
    """One letter, from the table of the kernel (Linux)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3, help="how many processes")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long nobody joins them")
    given = parser.parse_args()
    if not 1 <= given.count <= 100:
        parser.error("--count must be from 1 to 100")
    if not 0.1 <= given.seconds <= 600:
        parser.error("--seconds must be from 0.1 to 600")
    return given


def main():
    given = parameters()
    # What the forkserver starts, the forkserver joins.
    fork = multiprocessing.get_context("fork")
    # start() would join whoever has ended by then.
    all_started = fork.Event()
    processes = [fork.Process(target=end, args=(all_started, number)) for number in range(given.count)]
    for process in processes:
        process.start()
    all_started.set()
    for process in processes:
        connection.wait([process.sentinel])
    time.sleep(given.seconds)
    for process in processes:
        print(f"{process.name} has ended, its state is {state(process.pid)}", flush=True)
    for process in processes:
        process.join()
        gone = not Path(f"/proc/{process.pid}").exists()
        print(f"{process.name} is joined, exit code {process.exitcode}, gone from the table: {gone}", flush=True)


if __name__ == "__main__":
    main()
