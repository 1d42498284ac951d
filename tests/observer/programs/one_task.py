"""A pool with one task, which waits for a line on standard input."""

import multiprocessing
import os


def wait_for_a_line(fd):
    return os.read(fd, 100)


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    standard_input = os.dup(0)  # multiprocessing closes that of its children
    with context.Pool(1) as pool:
        pool.apply(wait_for_a_line, (standard_input,))
        pool.close()
        pool.join()
