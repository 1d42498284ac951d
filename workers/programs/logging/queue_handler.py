"""Logging through a queue

Each process puts its log records into one queue; a QueueListener in the parent writes them one after the other. No two
lines are ever mixed, and one place decides where they go.

What to look at: the queue of log records, filled by all workers and read by one thread of the parent.
"""

import argparse
import logging
import logging.handlers
import multiprocessing
import sys
import time


class Counted(logging.StreamHandler):  # type: ignore[type-arg]
    count = 0

    def emit(self, record):
        self.count += 1
        super().emit(record)


def work(records, lines, seconds):
    logger = logging.getLogger("work")
    logger.handlers = [logging.handlers.QueueHandler(records)]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    for number in range(lines):
        logger.info("line %d", number)
        time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3, help="how many processes")
    parser.add_argument("--lines", type=int, default=8, help="how many lines each logs")
    parser.add_argument("--seconds", type=float, default=0.2, help="pause after each")
    given = parser.parse_args()
    if not 1 <= given.workers <= 32:
        parser.error("--workers must be from 1 to 32")
    if not 1 <= given.lines <= 10_000:
        parser.error("--lines must be from 1 to 10000")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    records = multiprocessing.Queue()
    handler = Counted(sys.stdout)
    handler.setFormatter(logging.Formatter("%(processName)s: %(message)s"))
    listener = logging.handlers.QueueListener(records, handler)
    processes = [
        multiprocessing.Process(target=work, args=(records, given.lines, given.seconds), name=f"worker {number}")
        for number in range(given.workers)
    ]
    for process in processes:
        process.start()
    # This starts a thread: fork before, while there is only the main thread.
    listener.start()
    for process in processes:
        process.join()
    listener.stop()
    print(f"the parent wrote {handler.count} of {given.workers * given.lines} lines, none is mixed", flush=True)


if __name__ == "__main__":
    main()
