"""mpire: a map over a pool of workers that has queues, events and shared values of its own."""

import argparse
import time

from mpire import WorkerPool


def double(number: int) -> int:
    time.sleep(0.02)
    return 2 * number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--count", type=int, default=200)
    given = parser.parse_args()
    with WorkerPool(n_jobs=given.jobs) as pool:
        print(f"sum {sum(pool.map(double, range(given.count)))}")


if __name__ == "__main__":
    main()
