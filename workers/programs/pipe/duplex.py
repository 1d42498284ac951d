"""A two-way pipe

Pipe() connects parent and child: each has one end, and can send and receive any object that can be pickled.

What to look at: one pipe with two ends, each held by one process, and who waits for the next message.
"""

import argparse
import multiprocessing
import time


def answer(connection, pause):
    while (question := connection.recv()) is not None:
        time.sleep(pause)
        connection.send({"question": question, "answer": question**2})
    print("child: asked to stop", flush=True)
    connection.close()


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=5, help="how many times parent and child exchange messages")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds before each answer")
    given = parser.parse_args()
    if not 1 <= given.questions <= 1000:
        parser.error("--questions must be from 1 to 1000")
    if not 0 <= given.pause <= 60:
        parser.error("--pause must be from 0 to 60")
    return given


def main():
    given = parameters()
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=answer, args=(theirs, given.pause))
    child.start()
    theirs.close()
    for question in range(given.questions):
        ours.send(question)
        print(f"parent: received {ours.recv()}", flush=True)
    ours.send(None)
    child.join()


if __name__ == "__main__":
    main()
