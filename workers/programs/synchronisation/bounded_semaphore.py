"""A semaphore with a bound

Releases once more than was acquired: a Semaphore then has a place more than it was made with, which is most often a
mistake; a BoundedSemaphore raises ValueError.

What to look at: the value of the one is above what it began with, that of the other is not.
"""

import argparse
import multiprocessing


def use(places, name):
    with places:
        print(f"{name}: value inside {places.get_value()}", flush=True)
    print(f"{name}: value outside {places.get_value()}", flush=True)
    try:
        places.release()
        print(f"{name}: value after one release() too many {places.get_value()}", flush=True)
    except ValueError as error:
        print(f"{name}: one release() too many: ValueError: {error}", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=2, help="the value that both begin with")
    given = parser.parse_args()
    if not 1 <= given.places <= 1000:
        parser.error("--places must be from 1 to 1000")
    return given


def main():
    given = parameters()
    for kind in (multiprocessing.Semaphore, multiprocessing.BoundedSemaphore):
        places = kind(given.places)
        child = multiprocessing.Process(target=use, args=(places, kind.__name__))
        child.start()
        child.join()


if __name__ == "__main__":
    main()
