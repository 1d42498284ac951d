"""An event

Several processes wait for an event; set() releases all of them at once, and later ones do not wait at all. clear()
makes them wait again, and wait(timeout) returns whether the event was set.

What to look at: the flag, and how many processes sleep until it is set.
"""

import argparse
import multiprocessing


def run(start, number):
    print(f"runner {number}: ready", flush=True)
    start.wait()
    print(f"runner {number}: go", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runners", type=int, default=4, help="how many processes wait")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long they wait")
    given = parser.parse_args()
    if not 1 <= given.runners <= 32:
        parser.error("--runners must be from 1 to 32")
    if not 0.05 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0.05 to 3600")
    return given


def main():
    given = parameters()
    start = multiprocessing.Event()
    runners = [multiprocessing.Process(target=run, args=(start, number)) for number in range(1, given.runners + 1)]
    for runner in runners:
        runner.start()
    print(f"parent: wait({given.seconds:g}): {start.wait(given.seconds)}", flush=True)
    start.set()
    print(f"parent: set, wait({given.seconds:g}): {start.wait(given.seconds)}", flush=True)
    for runner in runners:
        runner.join()
    start.clear()
    print(f"parent: cleared, is_set(): {start.is_set()}", flush=True)


if __name__ == "__main__":
    main()
