"""Parent, children and CPUs

What a program can find out: its living children, its parent, and how many CPUs the machine has and this process may
use.

What to look at: active_children() shrinks as children end, and joins those that have ended as a side effect.
"""

import argparse
import multiprocessing
import os
import time


def work(seconds):
    parent = multiprocessing.parent_process()
    name = multiprocessing.current_process().name
    print(f"{name}: my parent is {parent.name}, alive: {parent.is_alive()}", flush=True)
    time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=3, help="how many processes to start")
    parser.add_argument(
        "--step", type=float, default=0.5, help="how many seconds longer each child lives than the previous one"
    )
    given = parser.parse_args()
    if not 1 <= given.children <= 32:
        parser.error("--children must be from 1 to 32")
    if not 0.05 <= given.step <= 60:
        parser.error("--step must be from 0.05 to 60")
    return given


def main():
    given = parameters()
    print(f"cpu_count() says {multiprocessing.cpu_count()}", flush=True)
    print(f"this process may use {len(os.sched_getaffinity(0))}", flush=True)
    print(f"parent_process() of the main process is {multiprocessing.parent_process()}", flush=True)
    children = [
        multiprocessing.Process(target=work, args=(number * given.step,)) for number in range(1, given.children + 1)
    ]
    for child in children:
        child.start()
    for child in children:
        print(f"alive: {sorted(one.name for one in multiprocessing.active_children())}", flush=True)
        child.join()
    print(f"alive: {multiprocessing.active_children() or 'none'}", flush=True)


if __name__ == "__main__":
    main()
