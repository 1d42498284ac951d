"""Mixed log lines

Processes that write lines to one file in several pieces get their lines mixed. A line stays whole only if it is written
at once, or under a lock.

What to look at: the torn lines in the first round, and none in the second.
"""

import argparse
import contextlib
import multiprocessing
import tempfile
from pathlib import Path

WORDS = ["one ", "line ", "in ", "five ", "pieces"]


def write(path, letter, lines, lock):
    with path.open("ab", buffering=0) as log:
        for _ in range(lines):
            with lock or contextlib.nullcontext():
                for word in WORDS:
                    log.write(f"{letter}:{word}".encode())
                log.write(b"\n")


def is_torn(line, letters):
    return line not in ["".join(f"{letter}:{word}" for word in WORDS) for letter in letters]


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4, help="how many processes")
    parser.add_argument("--lines", type=int, default=5000, help="how many lines each writes")
    given = parser.parse_args()
    if not 1 <= given.workers <= 26:
        parser.error("--workers must be from 1 to 26")
    if not 1 <= given.lines <= 100_000:
        parser.error("--lines must be from 1 to 100000")
    return given


def main():
    given = parameters()
    letters = [chr(ord("a") + number) for number in range(given.workers)]
    for way, lock in (("without a lock", None), ("with a lock", multiprocessing.Lock())):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "log"
            processes = [
                multiprocessing.Process(target=write, args=(path, letter, given.lines, lock)) for letter in letters
            ]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            torn = [line for line in path.read_text().splitlines() if is_torn(line, letters)]
        for line in torn[:3]:
            print(f"torn: {line}", flush=True)
        print(f"{way}: {len(torn)} torn lines, {given.workers * given.lines} were written", flush=True)


if __name__ == "__main__":
    main()
