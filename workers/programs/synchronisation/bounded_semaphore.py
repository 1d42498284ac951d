"""A bounded semaphore

Releases once more than it acquired: the value of a Semaphore then exceeds its initial value, usually a mistake; a
BoundedSemaphore raises ValueError.

What to look at: the Semaphore's value is above its initial value, the BoundedSemaphore's is not.
"""

import argparse
import multiprocessing
import time


def use(places, name, seconds):
    with places:
        print(f"{name}: value inside {places.get_value()}", flush=True)
    print(f"{name}: value outside {places.get_value()}", flush=True)
    try:
        places.release()
        print(f"{name}: value after one release() too many {places.get_value()}", flush=True)
    except ValueError as error:
        print(f"{name}: one release() too many: ValueError: {error}", flush=True)
    time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=2, help="the initial value of both")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each keeps its value")
    given = parser.parse_args()
    if not 1 <= given.places <= 1000:
        parser.error("--places must be from 1 to 1000")
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    for kind in (multiprocessing.Semaphore, multiprocessing.BoundedSemaphore):
        places = kind(given.places)
        child = multiprocessing.Process(target=use, args=(places, kind.__name__, given.seconds))
        child.start()
        child.join()


if __name__ == "__main__":
    main()
