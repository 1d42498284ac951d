"""Structures

A Value or an Array can hold C structures with named fields: here points with x and y, moved by one process and read by
the other, without pickling.

What to look at: an Array of 16 bytes per point; its lock is held for every move, so that no point is seen half moved.
"""

import argparse
import multiprocessing
import time
from ctypes import Structure, c_double


class Point(Structure):
    _fields_ = [("x", c_double), ("y", c_double)]


def move(points, centre, steps, seconds):
    for _ in range(steps):
        with points.get_lock():
            for point in points:
                point.x += 1
                point.y += 2
        time.sleep(seconds)
    with centre.get_lock():
        centre.x = sum(point.x for point in points) / len(points)
        centre.y = sum(point.y for point in points) / len(points)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5, help="how often the points are moved")
    parser.add_argument("--seconds", type=float, default=0.4, help="pause after each")
    given = parser.parse_args()
    if not 1 <= given.steps <= 1000:
        parser.error("--steps must be from 1 to 1000")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    points = multiprocessing.Array(Point, [(0, 0), (1, 10), (2, 20)])
    centre = multiprocessing.Value(Point, 0, 0)
    mover = multiprocessing.Process(target=move, args=(points, centre, given.steps, given.seconds))
    mover.start()
    while mover.is_alive():
        with points.get_lock():
            print("points", " ".join(f"({point.x:g}, {point.y:g})" for point in points), flush=True)
        mover.join(timeout=max(given.seconds, 0.05))
    print("finally", " ".join(f"({point.x:g}, {point.y:g})" for point in points), flush=True)
    print(f"centre ({centre.get_obj().x:g}, {centre.get_obj().y:g})", flush=True)


if __name__ == "__main__":
    main()
