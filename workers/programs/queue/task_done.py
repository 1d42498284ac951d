"""task_done() once too often

Says more often that something was done than something was put: ValueError. And says it too seldom: join() would wait
for ever, so that a process that does is given some time and then terminated.

What to look at: one unfinished task in an empty queue, and a process that waits for it.
"""

import argparse
import multiprocessing


def wait_for_all(jobs, all_put):
    all_put.wait()
    print("child: join() of the queue", flush=True)
    jobs.join()
    print("child: this is never said", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long the child may wait")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    jobs = multiprocessing.JoinableQueue()
    all_put = multiprocessing.Event()
    # Before the first put(), which starts a thread: who forks should have one only.
    child = multiprocessing.Process(target=wait_for_all, args=(jobs, all_put))
    child.start()
    jobs.put("a job")
    print(f"parent: took {jobs.get()}", flush=True)
    jobs.task_done()
    try:
        jobs.task_done()
    except ValueError as error:
        print(f"parent: task_done() once too often: ValueError: {error}", flush=True)
    jobs.put("another job")
    print(f"parent: took {jobs.get()}, and do not say when it is done", flush=True)
    all_put.set()
    child.join(given.seconds)
    print(f"parent: after {given.seconds:g} s the child still waits: {child.is_alive()}", flush=True)
    child.terminate()
    child.join()


if __name__ == "__main__":
    main()
