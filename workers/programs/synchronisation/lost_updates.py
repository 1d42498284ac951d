"""Lost updates, and a lock

Several processes count in shared memory. Reading, adding and writing are three steps, between which another process may
write a value that is then overwritten; under a lock nothing is lost.

What to look at: the value grows more slowly than it should at first; then the lock has one holder and some waiters.
"""

import argparse
import multiprocessing


def count(start, counter, times):
    start.wait()
    for _ in range(times):
        counter.value += 1


def count_under_lock(start, counter, times, lock):
    start.wait()
    for _ in range(times):
        with lock:
            counter.value += 1


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=3, help="how many processes count")
    parser.add_argument("--times", type=int, default=100_000, help="how often each of them adds one")
    given = parser.parse_args()
    if not 2 <= given.children <= 16:
        parser.error("--children must be from 2 to 16")
    if not 1 <= given.times <= 900_000:
        parser.error("--times must be from 1 to 900000")
    return given


def run(target, children, counter, *args):
    counter.value = 0
    start = multiprocessing.Barrier(children)
    processes = [multiprocessing.Process(target=target, args=(start, counter, *args)) for _ in range(children)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return counter.value


def main():
    given = parameters()
    counter = multiprocessing.RawValue("q")
    expected = given.children * given.times
    counted = run(count, given.children, counter, given.times)
    print(f"without the lock: {counted} of {expected}, {expected - counted} lost", flush=True)
    counted = run(count_under_lock, given.children, counter, given.times, multiprocessing.Lock())
    print(f"with the lock: {counted} of {expected}, {expected - counted} lost", flush=True)


if __name__ == "__main__":
    main()
