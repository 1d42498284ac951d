"""What pytest-xdist runs: slow tests, some of which use processes themselves."""

import multiprocessing
import time

import pytest


def square(number):
    return number * number


@pytest.mark.parametrize("number", range(12))
def test_slow(number):
    time.sleep(0.2)
    assert number >= 0


@pytest.mark.parametrize("workers", [1, 2])
def test_pool(workers):
    with multiprocessing.Pool(workers) as pool:
        assert pool.map(square, range(4)) == [0, 1, 4, 9]
