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


def at_work(folder):
    """Both workers, when both are at work: who waits for a task has a lock that all need."""
    while len(files := list(Path(folder).iterdir())) < 2:
        sleep(0.01)
    return [int(file.name) for file in files]


def main():
    context = get_context(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, context.Pool(2) as pool:
        pool.map_async(work, [folder] * 2, chunksize=1)
        first = at_work(folder)[0]
        os.kill(first, signal.SIGTERM)
        while first in (pids := [worker.pid for worker in pool._pool]) or len(pids) < 2:  # until it has another instead
            sleep(0.01)
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2, mp_context=context) as executor:
        jobs = [executor.submit(work, folder) for _ in range(2)]
        second = at_work(folder)[0]
        # A worker that was started after the last job but one is watched only after the next.
        jobs.append(executor.submit(work, folder))
        os.kill(second, signal.SIGTERM)
        errors = {type(job.exception()).__name__ for job in jobs}
    sys.stdout.write(" ".join(map(str, [first, second, *errors])))


if __name__ == "__main__":
    main()
