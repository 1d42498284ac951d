"""Orphans

A process that has started children is terminated. It cannot end them: they keep running without their parent, and
nobody joins them.

What to look at: the process is gone, its children are still running, with another parent. To end them, the whole tree
has to be ended.

Finds: orphan
"""

import argparse
import multiprocessing
import os
import time


def live_on(number, seconds, parent_is_dead, sender):
    sender.send(os.getpid())
    parent_is_dead.wait()
    print(f"grandchild {number}: my parent is dead, I keep running for {seconds:g} s", flush=True)
    time.sleep(seconds)
    print(f"grandchild {number}: done", flush=True)


def start_grandchildren(count, seconds, parent_is_dead, sender):
    grandchildren = [
        multiprocessing.Process(target=live_on, args=(number, seconds, parent_is_dead, sender))
        for number in range(count)
    ]
    for process in grandchildren:
        process.start()
    for process in grandchildren:
        process.join()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2, help="how many grandchildren")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long they keep running")
    given = parser.parse_args()
    if not 1 <= given.count <= 32:
        parser.error("--count must be from 1 to 32")
    if not 0 <= given.seconds <= 600:
        parser.error("--seconds must be from 0 to 600")
    return given


def main():
    given = parameters()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    parent_is_dead = multiprocessing.Event()
    child = multiprocessing.Process(
        target=start_grandchildren, args=(given.count, given.seconds, parent_is_dead, sender)
    )
    child.start()
    sender.close()
    pids = [receiver.recv() for _ in range(given.count)]
    child.terminate()
    child.join()
    parent_is_dead.set()
    print(f"parent: terminated child {child.pid}, exit code {child.exitcode}", flush=True)
    print(f"parent: pids {pids} are not my children, those are {multiprocessing.active_children()}", flush=True)
    try:
        receiver.recv()
    except EOFError:
        print("parent: the last orphan has ended, the pipe has no writer left", flush=True)


if __name__ == "__main__":
    main()
