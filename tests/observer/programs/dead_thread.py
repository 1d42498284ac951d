"""Threads that end in different ways, two of them of a pool's; without arguments."""

import contextlib
import multiprocessing
import sys
import threading


class Refused(Exception):
    def __init__(self, details: object) -> None:
        super().__init__(details.code)  # type: ignore[attr-defined]


class Loader(threading.Thread):
    def run(self) -> None:
        raise KeyError(self.name)


def work(number: int) -> None:
    class Details:
        code = number

    raise Refused(Details())


def main() -> None:
    for thread in (Loader(name="loader"), threading.Thread(target=sys.exit), threading.Timer(0, len, (1,))):
        thread.start()
        thread.join()
    pool = multiprocessing.get_context("fork").Pool(1)
    pool.apply_async(work, (1,))
    next(one for one in threading.enumerate() if one is pool._result_handler).join()  # type: ignore[attr-defined]
    with contextlib.suppress(AssertionError):  # without that thread, it does not end well
        pool.terminate()


if __name__ == "__main__":
    main()
