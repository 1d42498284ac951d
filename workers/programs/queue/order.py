"""Order with several producers

Several producers number their items. The items of one producer come out in its order; between producers no order is
guaranteed, not even that what was put first comes out first.

What to look at: one queue and its producers, whose numbers come out interleaved.
"""

import argparse
import multiprocessing


def produce(jobs, name, count, go):
    go.wait()
    for number in range(count):
        jobs.put((name, number))


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--producers", type=int, default=3, help="how many processes put")
    parser.add_argument("--items", type=int, default=1000, help="how many items each of them puts")
    given = parser.parse_args()
    if not 1 <= given.producers <= 16:
        parser.error("--producers must be from 1 to 16")
    if not 1 <= given.items <= 100_000:
        parser.error("--items must be from 1 to 100000")
    return given


def main():
    given = parameters()
    jobs = multiprocessing.Queue()
    go = multiprocessing.Event()
    names = [f"producer-{number}" for number in range(1, given.producers + 1)]
    producers = [
        multiprocessing.Process(target=produce, args=(jobs, name, given.items, go), name=name) for name in names
    ]
    for producer in producers:
        producer.start()
    go.set()
    came = [jobs.get() for _ in range(given.producers * given.items)]
    for producer in producers:
        producer.join()
    for name in names:
        numbers = [number for sender, number in came if sender == name]
        print(f"{name}: {len(numbers)} items, in order: {numbers == sorted(numbers)}", flush=True)
    changes = sum(came[place - 1][0] != came[place][0] for place in range(1, len(came)))
    print(f"all: the sender changed {changes} times", flush=True)


if __name__ == "__main__":
    main()
