"""Shutdown of a manager

`shutdown()` ends the manager's process, and with it all that it kept: the proxies that are left over lead nowhere.
The `with` block does it by itself; a manager that nobody shuts down is ended at the exit of its parent.

What to look at: the manager's process ends while its user lives on, and the user's next call fails.
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
        print(f"inside of the with block: {list(numbers)}", flush=True)
        time.sleep(given.seconds)
    print(f"after the with block {len(multiprocessing.active_children())} children are left", flush=True)


if __name__ == "__main__":
    main()
