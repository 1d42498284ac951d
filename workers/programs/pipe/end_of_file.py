"""The end of a pipe

recv() raises EOFError once everything sent was received and nobody holds the other end. If the reader itself holds it,
by inheritance, it waits for ever unless it calls poll() first.

What to look at: who holds the writing end; with --keep-open the reader does too, and end-of-file never comes.
"""

import argparse
import multiprocessing
import time


def read(reader, writer, keep_open, seconds):
    if not keep_open:
        writer.close()
    try:
        while reader.poll(seconds):
            print(f"child: received {reader.recv()!r}", flush=True)
        print(f"child: nothing within {seconds:g} s, and no end-of-file: I hold the other end myself", flush=True)
    except EOFError:
        print("child: EOFError, all writing ends are closed", flush=True)
    reader.close()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=3, help="how many messages are sent")
    parser.add_argument("--keep-open", action="store_true", help="the reader does not close its writing end")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long the reader waits for a message")
    parser.add_argument(
        "--pause", type=float, default=2.0, help="how long the writer stays open after the last message"
    )
    given = parser.parse_args()
    if not 0 <= given.messages <= 1000:
        parser.error("--messages must be from 0 to 1000")
    if not 0.1 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0.1 to 3600")
    if not 0 <= given.pause <= 60:
        parser.error("--pause must be from 0 to 60")
    return given


def main():
    given = parameters()
    reader, writer = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=read, args=(reader, writer, given.keep_open, given.seconds))
    child.start()
    reader.close()
    for number in range(given.messages):
        writer.send(number)
    if given.keep_open:
        child.join()
    else:
        # Close before the reader times out.
        time.sleep(min(given.pause, given.seconds / 2))
        writer.close()
        child.join()
    print("parent: the reader has ended", flush=True)
    reader, writer = multiprocessing.Pipe(duplex=False)
    reader.close()
    try:
        writer.send("to nobody")
    except BrokenPipeError as error:
        print(f"parent: send() without a reader: BrokenPipeError: {error}", flush=True)


if __name__ == "__main__":
    main()
