"""A barrier

Nobody goes on before all have arrived: each phase begins for all at the same time, the last one who arrives runs the
barrier's action, and wait() gives each a number of its own.

What to look at: parties against arrived; the slowest of a phase lets the others go.
"""

import argparse
import multiprocessing
import time


def all_here():
    print("action: all have arrived", flush=True)


def walk(barrier, number, phases, pause):
    for phase in range(1, phases + 1):
        # Another one is the slowest in each phase.
        time.sleep(pause * ((number + phase) % barrier.parties))
        place = barrier.wait()
        if place == 0:
            print(f"walker {number}: phase {phase} is over, I tell it for all", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walkers", type=int, default=3, help="how many processes meet")
    parser.add_argument("--phases", type=int, default=3, help="how often they meet")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds that each is slower than the one before")
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
    print("parent: all walkers are home", flush=True)


if __name__ == "__main__":
    main()
