"""Nested proxies and lost changes

An object read from a shared dict is a copy, unless it is a proxy. Changes of the copy are lost: put it back, or make
the inner list a list of the manager, too.

What to look at: the manager has one more object for each inner list that is a proxy, and none for a plain one.
"""

import argparse
import multiprocessing
import time


def change(shared, seconds):
    shared["plain"].append("lost")
    print(f"child: appended to the plain list, it is {shared['plain']}: only a copy was changed", flush=True)
    copy = shared["put back"]
    copy.append("seen")
    shared["put back"] = copy
    print(f"child: appended to a copy and put it back, it is {shared['put back']}", flush=True)
    shared["proxy"].append("seen")
    print(f"child: appended to the proxy, it is {list(shared['proxy'])}", flush=True)
    time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the child stays")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    with multiprocessing.Manager() as manager:
        shared = manager.dict({"plain": [], "put back": [], "proxy": manager.list()})
        child = multiprocessing.Process(target=change, args=(shared, given.seconds))
        child.start()
        child.join()
        for name, values in shared.items():
            print(f"parent: {name} is {list(values)}", flush=True)


if __name__ == "__main__":
    main()
