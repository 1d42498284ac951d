"""Orphans

A process that has started others is terminated. It has no chance to end them: they live on without their parent,
and nobody joins them.

What to look at: the child is gone, its children are still there, under another parent. Its whole tree would have to
be ended.

Finds: orphan
"""

import argparse
import multiprocessing
import os
import time


def live_on(number, seconds, parent_is_dead, sender):
    sender.send(os.getpid())
    parent_is_dead.wait()
    print(f"grandchild {number}: my parent is dead, I go on for {seconds:g} s", flush=True)
    time.sleep(seconds)
    print(f"grandchild {number}: I end by myself", flush=True)


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
    parser.add_argument("--seconds", type=float, default=4.0, help="how long they live on")
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
    print(f"parent: I do not know its children {pids}, mine are {multiprocessing.active_children()}", flush=True)
    try:
        receiver.recv()
    except EOFError:
        print("parent: the last orphan has ended, nobody holds the pipe any more", flush=True)


if __name__ == "__main__":
    main()
