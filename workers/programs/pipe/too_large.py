"""A message larger than the pipe

Sends more than a pipe can buffer: send() blocks until the other side reads. A reader that limits recv_bytes(maxlength)
gets an OSError for a longer message, and cannot read from that end any more.

What to look at: the child blocks in send() while the pipe is full of unread bytes, until the parent starts to read.
"""

import argparse
import multiprocessing
import time


def send(connection, other, size):
    # If this process kept the other end too, its send() would wait for itself.
    other.close()
    started = time.monotonic()
    connection.send_bytes(bytes(size))
    print(f"child: send_bytes() of {size} bytes returned after {time.monotonic() - started:.1f} s", flush=True)
    try:
        connection.send_bytes(bytes(size))
    except OSError as error:
        print(f"child: second send_bytes(): {type(error).__name__}", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=700_000, help="size of the message in bytes")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the parent waits before it reads")
    given = parser.parse_args()
    if not 300_000 <= given.size <= 900_000:
        parser.error("--size must be from 300000 to 900000")
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=send, args=(theirs, ours, given.size))
    child.start()
    theirs.close()
    time.sleep(given.seconds)
    print(f"parent: received {len(ours.recv_bytes())} bytes", flush=True)
    try:
        ours.recv_bytes(given.size // 2)
    except OSError as error:
        print(f"parent: recv_bytes({given.size // 2}): OSError: {error}", flush=True)
    print(f"parent: readable {ours.readable}, closed {ours.closed}", flush=True)
    ours.close()
    child.join()


if __name__ == "__main__":
    main()
