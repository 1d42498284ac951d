"""Shutdown of a manager

`shutdown()` ends the manager's process with all its objects; calls of remaining proxies then fail. A `with` block calls
it at its end; a manager that is never shut down ends with its parent.

What to look at: the manager's process ends while the program keeps running, and its next call fails.
"""

import argparse
import multiprocessing
import time


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each manager lives")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    manager = multiprocessing.Manager()
    settings = manager.dict(colour="green")
    (server,) = multiprocessing.active_children()
    print(f"{server.name} is alive: {server.is_alive()}, and answers: {settings.copy()}", flush=True)
    time.sleep(given.seconds)
    manager.shutdown()
    server.join()
    print(f"after shutdown() it is alive: {server.is_alive()}, exit code {server.exitcode}", flush=True)
    try:
        print(settings.copy(), flush=True)
    except (OSError, EOFError) as error:
        print(f"the proxy: {type(error).__name__}", flush=True)

    with multiprocessing.Manager() as second:
        numbers = second.list([1, 2, 3])
        print(f"inside the with block: {list(numbers)}", flush=True)
        time.sleep(given.seconds)
    print(f"children after the with block: {len(multiprocessing.active_children())}", flush=True)


if __name__ == "__main__":
    main()
