"""A daemon that tries to have a child."""

import multiprocessing


def have_a_child() -> None:
    try:
        multiprocessing.Process(target=print).start()
    except AssertionError:
        return


if __name__ == "__main__":
    process = multiprocessing.Process(target=have_a_child, daemon=True)
    process.start()
    process.join()
