"""concurrent.futures: primes counted by a ProcessPoolExecutor, results taken as they come."""

import argparse
from concurrent.futures import ProcessPoolExecutor, as_completed


def count_primes(first: int, end: int) -> int:
    return sum(all(number % divisor for divisor in range(2, int(number**0.5) + 1)) for number in range(first, end))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slices", type=int, default=20)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.workers) as executor:
        slices = [executor.submit(count_primes, 2 + 20_000 * n, 2 + 20_000 * (n + 1)) for n in range(given.slices)]
        print(f"{sum(found.result() for found in as_completed(slices))} primes")


if __name__ == "__main__":
    main()
