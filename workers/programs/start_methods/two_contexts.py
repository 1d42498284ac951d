"""Two contexts in one program

Uses fork and spawn side by side, each with its own context. A queue or lock belongs to the context that made it:
processes of the other context refuse the lock.

What to look at: two children with different start methods; a spawned one with a lock of the fork context never starts.

Finds: start-refused
"""

import argparse
import multiprocessing
import time


def answer(method, lock, answers, seconds):
    with lock:
        time.sleep(seconds)
        answers.put(f"{method}: done by {multiprocessing.current_process().name}")


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each child works")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        # Keep references to both: a spawned child opens them by name, which is gone with the object.
        lock = context.Lock()
        answers = context.SimpleQueue()
        child = context.Process(target=answer, args=(method, lock, answers, given.seconds))
        child.start()
        print(answers.get(), flush=True)
        child.join()
    lock = multiprocessing.get_context("fork").Lock()
    mixed = multiprocessing.get_context("spawn").Process(target=answer, args=("mixed", lock, answers, given.seconds))
    try:
        mixed.start()
    except RuntimeError as error:
        print(f"mixed: RuntimeError: {error}", flush=True)


if __name__ == "__main__":
    main()
