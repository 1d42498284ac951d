"""The log of multiprocessing itself

`log_to_stderr` makes multiprocessing log what it does: processes that start, run and end, finalizers, managers.
`get_logger` returns its logger, which a program can also use.

What to look at: the lines on stderr, from parent and children, each with the name of its process.
"""

import argparse
import logging
import multiprocessing
import time


def work(seconds):
    multiprocessing.get_logger().info("the child's own line")
    time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--level", choices=("DEBUG", "INFO", "WARNING"), default="INFO", help="which records to log")
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each lives")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    logger = multiprocessing.log_to_stderr()
    logger.setLevel(given.level)
    logger.info("the parent's own line, level %s", logging.getLevelName(logger.level))
    processes = [multiprocessing.Process(target=work, args=(given.seconds,)) for _ in range(given.workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(f"{given.workers} children logged to stderr through the logger {logger.name!r}", flush=True)


if __name__ == "__main__":
    main()
