"""Shared memory that is never unlinked

A child creates a block of shared memory and ends without `unlink()`. The block outlives it and takes memory until the
resource tracker of multiprocessing removes it, with a warning, after the whole program has ended.

What to look at: a block of shared memory without users, and the resource tracker's warning at the end of the log.

Finds: leak
"""

import argparse
import multiprocessing
import time
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory


def leave_block(kib, sender):
    block = SharedMemory(create=True, size=kib * 1024)
    sender.send(block.name)
    block.close()
    print(f"child: created a block of {kib} KiB, closed it, and did not unlink it", flush=True)


def exists(name):
    try:
        block = SharedMemory(name=name)
    except FileNotFoundError:
        return False
    block.close()
    return True


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kib", type=int, default=1024, help="size of the block")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long the program keeps running")
    given = parser.parse_args()
    if not 1 <= given.kib <= 65_536:
        parser.error("--kib must be from 1 to 65536")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    # A tracker shared with the child outlives it; one of the child's own would remove the block at once.
    resource_tracker.ensure_running()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=leave_block, args=(given.kib, sender))
    child.start()
    name = receiver.recv()
    child.join()
    print(f"parent: the child has ended with exit code {child.exitcode}", flush=True)
    print(f"parent: its block {name} is still there: {exists(name)}", flush=True)
    time.sleep(given.seconds)
    print("parent: I end without unlink(), too; the resource tracker will warn", flush=True)


if __name__ == "__main__":
    main()
