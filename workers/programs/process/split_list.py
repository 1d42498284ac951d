"""A list split evenly

Splits a list into parts whose lengths differ by at most one, sums each part in a process of its own, and adds up the
results.

What to look at: one row per part, running on different CPUs at the same time.
"""

import argparse
import multiprocessing
import time


def split(items, parts):
    """Yield the parts in order; if the length does not divide evenly, the first ones have one item more."""
    size, longer = divmod(len(items), parts)
    start = 0
    for number in range(parts):
        end = start + size + (number < longer)
        yield items[start:end]
        start = end


def add_squares(items, answers):
    total = sum(item * item for item in items)
    print(f"{multiprocessing.current_process().name}: {len(items)} items, sum {total}", flush=True)
    answers.put(total)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=500_003, help="how long the list is")
    parser.add_argument("--parts", type=int, default=4, help="how many processes share it")
    given = parser.parse_args()
    if not 0 <= given.items <= 900_000:
        parser.error("--items must be from 0 to 900000")
    if not 1 <= given.parts <= 32:
        parser.error("--parts must be from 1 to 32")
    return given


def main():
    given = parameters()
    items = list(range(given.items))
    answers = multiprocessing.SimpleQueue()
    children = [multiprocessing.Process(target=add_squares, args=(part, answers)) for part in split(items, given.parts)]
    started = time.monotonic()
    for child in children:
        child.start()
    total = sum(answers.get() for _ in children)
    for child in children:
        child.join()
    print(f"together: {total} after {time.monotonic() - started:.2f} s", flush=True)
    print(f"alone: {sum(item * item for item in items)}", flush=True)


if __name__ == "__main__":
    main()
