"""Lost updates

`counter.value += 1` reads, adds and writes: three steps. If another process runs in between, one of the two additions
is lost, although a Value has a lock of its own. With `get_lock()` around all three, nothing is lost.

What to look at: the Value ends below the sum of all additions in the first round, and at the sum in the second.
"""

import argparse
import multiprocessing


def add_carelessly(counter, times):
    for _ in range(times):
        counter.value += 1


def add_carefully(counter, times):
    for _ in range(times):
        with counter.get_lock():
            counter.value += 1


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4, help="how many processes")
    parser.add_argument("--times", type=int, default=300_000, help="how often each adds one")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.times <= 500_000:
        parser.error("--times must be from 1 to 500000")
    return given


def main():
    given = parameters()
    for way, add in (("without get_lock()", add_carelessly), ("with get_lock()", add_carefully)):
        counter = multiprocessing.Value("q", 0)
        processes = [multiprocessing.Process(target=add, args=(counter, given.times)) for _ in range(given.workers)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        expected = given.workers * given.times
        print(f"{way}: {counter.value} of {expected}, lost: {expected - counter.value}", flush=True)


if __name__ == "__main__":
    main()
