"""task_done() called too often

Calling task_done() more often than items were put raises ValueError. Calling it too seldom makes join() wait for ever:
a process that waits is terminated after some time.

What to look at: one unfinished task in an empty queue, and a process that waits for it.
"""

import argparse
import multiprocessing


def wait_for_all(jobs, all_put):
    all_put.wait()
    print("child: calls join() of the queue", flush=True)
    jobs.join()
    print("child: never printed", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to let the child wait")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    jobs = multiprocessing.JoinableQueue()
    all_put = multiprocessing.Event()
    # Start the child before the first put(), which starts a thread: fork while there is only one.
    child = multiprocessing.Process(target=wait_for_all, args=(jobs, all_put))
    child.start()
    jobs.put("a job")
    print(f"parent: got {jobs.get()}", flush=True)
    jobs.task_done()
    try:
        jobs.task_done()
    except ValueError as error:
        print(f"parent: task_done() too often: ValueError: {error}", flush=True)
    jobs.put("another job")
    print(f"parent: got {jobs.get()}, without calling task_done()", flush=True)
    all_put.set()
    child.join(given.seconds)
    print(f"parent: after {given.seconds:g} s the child still waits: {child.is_alive()}", flush=True)
    child.terminate()
    child.join()


if __name__ == "__main__":
    main()
