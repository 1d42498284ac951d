"""Notifying a dead sleeper

A process is killed while it sleeps in `Condition.wait()`. The next `notify_all()` wakes the sleepers and waits until
each confirms that it is awake. The dead one never does, so the notifying process hangs, holding the lock.

What to look at: the Condition counts a sleeper that is dead; then the notifier waits for it for ever and keeps the
lock.

Finds: dead-sleeper
"""

import argparse
import multiprocessing
import time


def sleep(condition, ready):
    with condition:
        ready.set()
        condition.wait()


def notify(condition):
    with condition:
        condition.notify_all()
    print("notifier: all sleepers are awake", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds",
        type=float,
        default=3.0,
        help="how long to wait, before and after notify_all",
    )
    given = parser.parse_args()
    if not 0.1 <= given.seconds <= 600:
        parser.error("--seconds must be from 0.1 to 600")
    return given


def main():
    given = parameters()
    condition = multiprocessing.Condition()
    ready = multiprocessing.Event()
    sleeper = multiprocessing.Process(target=sleep, args=(condition, ready))
    sleeper.start()
    ready.wait()
    with condition:
        # The parent gets the lock only after the sleeper has released it in wait().
        print(f"parent: process {sleeper.pid} sleeps", flush=True)
    sleeper.kill()
    sleeper.join()
    print(f"parent: killed it, exit code {sleeper.exitcode}; the condition still counts it", flush=True)
    time.sleep(given.seconds)

    notifier = multiprocessing.Process(target=notify, args=(condition,))
    notifier.start()
    notifier.join(timeout=given.seconds)
    print(f"parent: after {given.seconds:g} s notify_all has not returned: {notifier.is_alive()}", flush=True)
    notifier.kill()
    notifier.join()


if __name__ == "__main__":
    main()
