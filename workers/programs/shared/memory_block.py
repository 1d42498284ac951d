"""shared_memory

A named block of memory to which any process that knows the name can attach. `close()` detaches one process, `unlink()`
removes the block for all. A ShareableList is a block with a list of numbers or short strings in it.

What to look at: two blocks of shared memory with their names and sizes, used by two processes and then gone.
"""

# mypy: disable-error-code="index,call-overload"

import argparse
import multiprocessing
import time
from multiprocessing.shared_memory import ShareableList, SharedMemory


def turn_to_capitals(name, length, seconds):
    block = SharedMemory(name=name)
    print(f"child: attached to a block that says {bytes(block.buf[:length]).decode()!r}", flush=True)
    block.buf[:length] = bytes(block.buf[:length]).upper()
    time.sleep(seconds)
    block.close()


def change_list(values, seconds):
    values[0] += 1
    values[2] *= 2
    time.sleep(seconds)
    values.shm.close()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long the child keeps each block")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    text = b"hello from the parent"
    block = SharedMemory(create=True, size=len(text))
    block.buf[: len(text)] = text
    print(f"parent: a block of {len(text)} bytes", flush=True)
    child = multiprocessing.Process(target=turn_to_capitals, args=(block.name, len(text), given.seconds))
    child.start()
    child.join()
    print(f"parent: now it says {bytes(block.buf[: len(text)]).decode()!r}", flush=True)
    block.close()
    block.unlink()

    values = ShareableList([41, 2.5, 3])
    child = multiprocessing.Process(target=change_list, args=(values, given.seconds))
    child.start()
    child.join()
    print(f"parent: the list is {list(values)}", flush=True)
    values.shm.close()
    values.shm.unlink()
    try:
        SharedMemory(name=block.name)
    except FileNotFoundError:
        print("parent: after unlink() the block does not exist", flush=True)


if __name__ == "__main__":
    main()
