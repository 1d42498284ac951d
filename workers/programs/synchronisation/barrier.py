"""A barrier

Nobody continues before all have arrived: each phase starts for all at the same time. The last one to arrive runs the
barrier's action, and wait() returns a different number to each.

What to look at: parties and arrived; the slowest one of a phase releases the others.
"""

import argparse
import multiprocessing
import time


def all_here():
    print("action: all have arrived", flush=True)


def walk(barrier, number, phases, pause):
    for phase in range(1, phases + 1):
        # A different one is the slowest in each phase.
        time.sleep(pause * ((number + phase) % barrier.parties))
        place = barrier.wait()
        if place == 0:
            print(f"walker {number}: phase {phase} is complete", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walkers", type=int, default=3, help="how many processes meet")
    parser.add_argument("--phases", type=int, default=3, help="how often they meet")
    parser.add_argument(
        "--pause", type=float, default=0.5, help="how many seconds each is slower than the previous one"
    )
    given = parser.parse_args()
    if not 1 <= given.walkers <= 16:
        parser.error("--walkers must be from 1 to 16")
    if not 1 <= given.phases <= 100:
        parser.error("--phases must be from 1 to 100")
    if not 0 <= given.pause <= 60:
        parser.error("--pause must be from 0 to 60")
    return given


def main():
    given = parameters()
    barrier = multiprocessing.Barrier(given.walkers, action=all_here)
    walkers = [
        multiprocessing.Process(target=walk, args=(barrier, number, given.phases, given.pause))
        for number in range(1, given.walkers + 1)
    ]
    for walker in walkers:
        walker.start()
    for walker in walkers:
        walker.join()
    print("parent: all walkers have finished", flush=True)


if __name__ == "__main__":
    main()
