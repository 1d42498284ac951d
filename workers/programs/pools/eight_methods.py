"""The eight methods of a Pool

`apply`, `map` and `starmap` wait for their results. Their `_async` forms return an AsyncResult at once, to be asked
later. `imap` and `imap_unordered` yield results one by one, in the order of the tasks or as they finish.

What to look at: the pool's workers and their tasks, while the methods are called one after the other.
"""

import argparse
import multiprocessing
import time


def square(number, seconds):
    """Of three tasks the first takes longest, so that results arrive in another order than tasks."""
    time.sleep(seconds * (3 - number % 3))
    return number * number


def square_pair(pair):
    return square(*pair)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3, help="how many processes")
    parser.add_argument("--count", type=int, default=6, help="how many numbers")
    parser.add_argument(
        "--seconds",
        type=float,
        default=0.1,
        help="duration of the fastest tasks; others take two or three times as long",
    )
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.count <= 100:
        parser.error("--count must be from 1 to 100")
    if not 0.01 <= given.seconds <= 10:
        parser.error("--seconds must be from 0.01 to 10")
    return given


def main():
    given = parameters()
    pairs = [(number, given.seconds) for number in range(given.count)]
    with multiprocessing.Pool(given.workers) as pool:
        print(f"apply: {pool.apply(square, (given.count, given.seconds))}", flush=True)
        single = pool.apply_async(square, (given.count, given.seconds))
        print(f"apply_async: ready {single.ready()}, then {single.get()}", flush=True)

        print(f"map: {pool.map(square_pair, pairs)}", flush=True)
        squares = pool.map_async(square_pair, pairs)
        print(f"map_async: ready {squares.ready()}, then {squares.get()}", flush=True)

        print(f"starmap: {pool.starmap(square, pairs)}", flush=True)
        several = pool.starmap_async(square, pairs)
        print(f"starmap_async: ready {several.ready()}, then {several.get()}", flush=True)

        for result in pool.imap(square_pair, pairs):
            print(f"imap: {result}", flush=True)
        for result in pool.imap_unordered(square_pair, pairs):
            print(f"imap_unordered: {result}", flush=True)


if __name__ == "__main__":
    main()
