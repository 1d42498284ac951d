"""Polling before receiving

poll() returns whether there is something to receive, at once or after a timeout, so that the reader can do other work
in between.

What to look at: between messages the reader runs instead of waiting; meanwhile bytes stay unread in the pipe.
"""

import argparse
import multiprocessing
import time


def send(writer, messages, pause):
    for number in range(messages):
        time.sleep(pause)
        writer.send(number)
    writer.close()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=3, help="how many messages are sent")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds before each of them")
    parser.add_argument("--patience", type=float, default=0.3, help="how long poll() waits")
    given = parser.parse_args()
    if not 1 <= given.messages <= 1000:
        parser.error("--messages must be from 1 to 1000")
    if not 0 <= given.pause <= 60:
        parser.error("--pause must be from 0 to 60")
    if not 0.01 <= given.patience <= 60:
        parser.error("--patience must be from 0.01 to 60")
    return given


def main():
    given = parameters()
    reader, writer = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=send, args=(writer, given.messages, given.pause))
    child.start()
    writer.close()
    print(f"poll(): {reader.poll()}", flush=True)
    received = 0
    while received < given.messages:
        if reader.poll(given.patience):
            print(f"poll({given.patience:g}): True, received {reader.recv()}", flush=True)
            received += 1
        else:
            print(f"poll({given.patience:g}): False, time for other work", flush=True)
    child.join()
    # End-of-file counts as something to receive: recv() would raise EOFError.
    print(f"poll() at the end: {reader.poll()}", flush=True)


if __name__ == "__main__":
    main()
