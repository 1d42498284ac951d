"""A subclass of Process

A subclass does its work in run(). Attributes that the child changes on self stay in the child.

What to look at: the class is shown as the target; after the run, count differs between child and parent.
"""

import argparse
import multiprocessing
import time


class Counter(multiprocessing.Process):
    def __init__(self, limit, pause):
        super().__init__(name=f"counter-to-{limit}")
        self.limit = limit
        self.pause = pause
        self.count = 0

    def run(self):
        while self.count < self.limit:
            self.count += 1
            print(f"{self.name}: {self.count}", flush=True)
            time.sleep(self.pause)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=5, help="the number to count to")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds after each number")
    given = parser.parse_args()
    if not 1 <= given.limit <= 1000:
        parser.error("--limit must be from 1 to 1000")
    if not 0 <= given.pause <= 60:
        parser.error("--pause must be from 0 to 60")
    return given


def main():
    given = parameters()
    counter = Counter(given.limit, given.pause)
    counter.start()
    counter.join()
    print(f"parent: exit code {counter.exitcode}, and count is still {counter.count} here", flush=True)


if __name__ == "__main__":
    main()
