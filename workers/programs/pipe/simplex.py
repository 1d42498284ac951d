"""A one-way pipe

Pipe(duplex=False) returns an end that only reads and an end that only writes. Using one the wrong way raises OSError,
and sends nothing.

What to look at: the two ends; the child holds the one for writing, the parent the one for reading.
"""

import argparse
import multiprocessing
import time


def write(writer, messages, pause):
    try:
        writer.recv()
    except OSError as error:
        print(f"child: recv() from the writing end: OSError: {error}", flush=True)
    for number in range(messages):
        writer.send(f"message {number}")
        time.sleep(pause)
    writer.close()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=5, help="how many messages the child sends")
    parser.add_argument("--pause", type=float, default=0.3, help="seconds after each message")
    given = parser.parse_args()
    if not 1 <= given.messages <= 1000:
        parser.error("--messages must be from 1 to 1000")
    if not 0 <= given.pause <= 60:
        parser.error("--pause must be from 0 to 60")
    return given


def main():
    given = parameters()
    reader, writer = multiprocessing.Pipe(duplex=False)
    print(f"reader: readable {reader.readable}, writable {reader.writable}", flush=True)
    child = multiprocessing.Process(target=write, args=(writer, given.messages, given.pause))
    child.start()
    writer.close()
    try:
        reader.send("back")
    except OSError as error:
        print(f"parent: send() to the reading end: OSError: {error}", flush=True)
    for _ in range(given.messages):
        print(f"parent: received {reader.recv()}", flush=True)
    child.join()


if __name__ == "__main__":
    main()
