"""A broken barrier

One party does not come: when the first waiting one times out, the barrier breaks, and every wait() raises
BrokenBarrierError, at once and until reset() is called.

What to look at: the barrier is shown as broken, with fewer arrived than parties.

Finds: broken-barrier
"""

import argparse
import multiprocessing
import threading
import time


def come(barrier, number, patience):
    try:
        print(f"walker {number}: waiting", flush=True)
        barrier.wait(patience)
        print(f"walker {number}: through", flush=True)
    except threading.BrokenBarrierError:
        print(f"walker {number}: BrokenBarrierError", flush=True)


def meet(barrier, walkers, patience):
    children = [
        multiprocessing.Process(target=come, args=(barrier, number, patience)) for number in range(1, walkers + 1)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    print(f"parent: broken: {barrier.broken}", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parties", type=int, default=3, help="how many the barrier waits for")
    parser.add_argument("--patience", type=float, default=1.0, help="how long each of them waits")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the barrier stays broken")
    given = parser.parse_args()
    if not 2 <= given.parties <= 16:
        parser.error("--parties must be from 2 to 16")
    if not 0.1 <= given.patience <= 60:
        parser.error("--patience must be from 0.1 to 60")
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    barrier = multiprocessing.Barrier(given.parties)
    meet(barrier, given.parties - 1, given.patience)
    time.sleep(given.seconds)
    barrier.reset()
    print(f"parent: reset, broken: {barrier.broken}", flush=True)
    meet(barrier, given.parties, 60)


if __name__ == "__main__":
    main()
