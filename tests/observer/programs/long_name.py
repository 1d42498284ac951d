"""A child with a name that is longer than a word."""

import multiprocessing


def leave() -> None:
    """It has nothing to do."""


if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=leave, name="n" * 10_000)
    process.start()
    process.join()
