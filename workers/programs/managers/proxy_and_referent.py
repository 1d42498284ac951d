"""Proxy and referent

A proxy is not the object: `repr` shows the proxy, `str` the object behind it, its referent. Proxies of two equal lists
are not equal; `_getvalue()` returns copies, which are.

What to look at: a proxy that is passed to a child refers to the same object in the manager: one object, two users.
"""

import argparse
import multiprocessing
import time


def tell(numbers, seconds):
    print(f"child:  repr {numbers!r}", flush=True)
    print(f"child:  str  {numbers!s}", flush=True)
    numbers[0] = 99
    time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5, help="how many numbers")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the child stays")
    given = parser.parse_args()
    if not 1 <= given.count <= 1000:
        parser.error("--count must be from 1 to 1000")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    with multiprocessing.Manager() as manager:
        numbers = manager.list(range(given.count))
        print(f"parent: the type of the proxy is {type(numbers).__name__}", flush=True)
        print(f"parent: repr {numbers!r}", flush=True)
        print(f"parent: str  {numbers!s}", flush=True)
        child = multiprocessing.Process(target=tell, args=(numbers, given.seconds))
        child.start()
        child.join()
        print(f"parent: the child changed the referent: {numbers!s}", flush=True)
        again = manager.list(numbers)
        print(f"parent: two proxies of equal lists are equal: {numbers == again}", flush=True)
        behind = [proxy._getvalue() for proxy in (numbers, again)]  # noqa: SLF001 - documented under this name
        print(f"parent: the lists behind them are: {behind[0] == behind[1]}", flush=True)


if __name__ == "__main__":
    main()
