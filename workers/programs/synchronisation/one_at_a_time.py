"""One at a time

Lets only one process at a time into a section, in three ways: a Lock, a Semaphore(1), or a shared flag, which has to be
tested and set in one step and which waiting processes poll. Without any of them, several are inside.

What to look at: with a lock or semaphore, one process holds it and the others wait at no cost; with the flag, the
others look busy, because they poll.
"""

import argparse
import contextlib
import multiprocessing
import time


class Flag:
    """A lock made of a shared flag: who finds it set tries again a moment later."""

    def __init__(self):
        self.raised = multiprocessing.Value("b", False)

    def __enter__(self):
        while not self.try_to_raise():
            time.sleep(0.001)

    def try_to_raise(self):
        with self.raised.get_lock():
            if self.raised.value:
                return False
            self.raised.value = True
            return True

    def __exit__(self, *exception):
        self.raised.value = False


def work(guard, inside, most, seconds):
    name = multiprocessing.current_process().name
    with guard:
        with inside.get_lock():
            inside.value += 1
            most.value = max(most.value, inside.value)
        print(f"{name}: in", flush=True)
        time.sleep(seconds)
        print(f"{name}: out", flush=True)
        with inside.get_lock():
            inside.value -= 1


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--guard", choices=("lock", "semaphore", "flag", "none"), default="lock", help="what keeps the others out"
    )
    parser.add_argument("--children", type=int, default=4, help="how many processes want to enter")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each of them stays inside")
    given = parser.parse_args()
    if not 2 <= given.children <= 32:
        parser.error("--children must be from 2 to 32")
    if not 0 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0 to 3600")
    return given


def main():
    given = parameters()
    guards = {
        "lock": multiprocessing.Lock,
        "semaphore": lambda: multiprocessing.Semaphore(1),
        "flag": Flag,
        "none": contextlib.nullcontext,
    }
    guard = guards[given.guard]()
    inside, most = multiprocessing.Value("i", 0), multiprocessing.RawValue("i", 0)
    children = [
        multiprocessing.Process(target=work, args=(guard, inside, most, given.seconds)) for _ in range(given.children)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    print(f"parent: by {given.guard}, at most {most.value} inside at a time", flush=True)


if __name__ == "__main__":
    main()
