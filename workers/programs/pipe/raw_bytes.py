"""Bytes over a pipe

Sends bytes without pickling: send_bytes() with part of a buffer, recv_bytes(), and recv_bytes_into() with your own
buffer. If the message does not fit, that raises BufferTooShort, which carries the whole message.

What to look at: nothing is lost; a message that was too long for the buffer is no longer in the pipe.
"""

import argparse
import multiprocessing


def send(connection):
    connection.send_bytes(b"all of it")
    connection.send_bytes(b"only the middle of it", 9, 6)
    connection.send_bytes(b"fits")
    connection.send_bytes(b"is too long for it")
    connection.send_bytes(b"the last one")
    connection.close()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buffer", type=int, default=8, help="size of the buffer in bytes")
    given = parser.parse_args()
    if not 4 <= given.buffer <= 1000:
        parser.error("--buffer must be from 4 to 1000")
    return given


def main():
    given = parameters()
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=send, args=(theirs,))
    child.start()
    print(f"recv_bytes(): {ours.recv_bytes()!r}", flush=True)
    print(f"recv_bytes(): {ours.recv_bytes()!r}", flush=True)
    buffer = bytearray(given.buffer)
    for _ in range(2):
        try:
            length = ours.recv_bytes_into(buffer)
            print(f"recv_bytes_into(): {length} bytes, {bytes(buffer[:length])!r}", flush=True)
        except multiprocessing.BufferTooShort as error:
            print(f"recv_bytes_into(): BufferTooShort with {error.args[0]!r}", flush=True)
    print(f"recv_bytes(): {ours.recv_bytes()!r}", flush=True)
    child.join()


if __name__ == "__main__":
    main()
