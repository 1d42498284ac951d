"""Two of ten at a time

A Semaphore(2) lets two of ten processes run a section at the same time; the others wait for their turn.

What to look at: the semaphore's value goes from 2 to 0 and stays there; eight processes wait, then seven, then six.
"""

import argparse
import multiprocessing
import time


def work(places, inside, seconds):
    name = multiprocessing.current_process().name
    with places:
        with inside.get_lock():
            inside.value += 1
            print(f"{name}: in, {inside.value} inside", flush=True)
        time.sleep(seconds)
        with inside.get_lock():
            inside.value -= 1
            print(f"{name}: out", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=2, help="how many may be inside at a time")
    parser.add_argument("--children", type=int, default=10, help="how many processes want to enter")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each of them stays inside")
    given = parser.parse_args()
    if not 1 <= given.places <= 32:
        parser.error("--places must be from 1 to 32")
    if not 1 <= given.children <= 32:
        parser.error("--children must be from 1 to 32")
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    places = multiprocessing.Semaphore(given.places)
    inside = multiprocessing.Value("i", 0)
    children = [
        multiprocessing.Process(target=work, args=(places, inside, given.seconds)) for _ in range(given.children)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    print(f"free places at the end: {places.get_value()}", flush=True)


if __name__ == "__main__":
    main()
