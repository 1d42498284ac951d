"""A subclass of Process

Inherits from Process and puts the work into run(): what the child changes in self stays in the child.

What to look at: the class is shown as the target; the two attributes of the same object differ between the processes.
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
    parser.add_argument("--limit", type=int, default=5, help="where the child counts to")
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
    print(f"parent: exit code {counter.exitcode}, and here count is still {counter.count}", flush=True)


if __name__ == "__main__":
    main()
