"""What is not shared

A global variable is copied into the child, or created again by importing the program, but never shared: changes in the
child stay there. Results have to be sent, or written to shared memory.

What to look at: of the program's objects only the Value and the queue are shown; the global list is not a resource.
"""

import argparse
import multiprocessing
import time

seen = []


def work(number, count, results, seconds):
    seen.append(number)
    with count.get_lock():
        count.value += 1
    results.put(number)
    print(f"child {number}: seen is {seen} here, at {hex(id(seen))}", flush=True)
    time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3, help="how many processes")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each stays")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    count = multiprocessing.Value("i", 0)
    results = multiprocessing.SimpleQueue()
    print(f"parent: seen is {seen}, at {hex(id(seen))}", flush=True)
    processes = [
        multiprocessing.Process(target=work, args=(number, count, results, given.seconds))
        for number in range(given.workers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(f"parent: seen is {seen}, it is not shared", flush=True)
    print(f"parent: the Value is shared, it is {count.value}", flush=True)
    print(f"parent: the queue returned {sorted(results.get() for _ in processes)}", flush=True)


if __name__ == "__main__":
    main()
