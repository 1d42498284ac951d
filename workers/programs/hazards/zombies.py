"""Zombies

An ended process stays in the kernel's process table until its parent asks for its exit code, by `join()` or another
call that does so implicitly. Until then it is a zombie: it takes no memory, but a pid.

What to look at: processes that have exited and are not joined, in state Z; after join they are gone. A few that are
joined late are no finding; a set that grows is one.
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
    """Return the state, one letter, from the kernel's process table (Linux)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3, help="how many processes")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long they stay unjoined")
    given = parser.parse_args()
    if not 1 <= given.count <= 100:
        parser.error("--count must be from 1 to 100")
    if not 0.1 <= given.seconds <= 600:
        parser.error("--seconds must be from 0.1 to 600")
    return given


def main():
    given = parameters()
    # The forkserver itself reaps what it has started.
    fork = multiprocessing.get_context("fork")
    # start() joins every child that has ended already.
    all_started = fork.Event()
    processes = [fork.Process(target=end, args=(all_started, number)) for number in range(given.count)]
    for process in processes:
        process.start()
    all_started.set()
    for process in processes:
        connection.wait([process.sentinel])
    time.sleep(given.seconds)
    for process in processes:
        print(f"{process.name} has ended, state {state(process.pid)}", flush=True)
    for process in processes:
        process.join()
        gone = not Path(f"/proc/{process.pid}").exists()
        print(f"{process.name} is joined, exit code {process.exitcode}, gone: {gone}", flush=True)


if __name__ == "__main__":
    main()
