"""Somebody ends one worker of a pool, then the pool ends the others; likewise of an executor.  Says who was ended."""

import os
import signal
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import sleep


def work(folder):
    Path(folder, str(os.getpid())).touch()
    sleep(600)


def end_one(folder):
    """One of two, when both are at work: who waits for a task has a lock that all need."""
    while len(files := list(Path(folder).iterdir())) < 2:
        sleep(0.01)
    pid = int(files[0].name)
    os.kill(pid, signal.SIGTERM)
    return pid


def main():
    context = get_context(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, context.Pool(2) as pool:
        pool.map_async(work, [folder] * 2, chunksize=1)
        first = end_one(folder)
        while first in [worker.pid for worker in pool._pool]:  # until it has another one instead
            sleep(0.01)
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2, mp_context=context) as executor:
        jobs = [executor.submit(work, folder) for _ in range(2)]
        second = end_one(folder)
        errors = {type(job.exception()).__name__ for job in jobs}
    sys.stdout.write(" ".join(map(str, [first, second, *errors])))


if __name__ == "__main__":
    main()
