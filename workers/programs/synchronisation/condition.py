"""A condition

Lets processes sleep until another one changes something: notify() wakes one of them, notify_all() all, and each checks
with wait_for() whether there is something for it.

What to look at: the number of sleepers falls by one with each notify(), and to zero with notify_all().
"""

import argparse
import multiprocessing
import time


def eat(table, plates, closed):
    name = multiprocessing.current_process().name
    with table:
        while table.wait_for(lambda: plates.value > 0 or closed.value):
            if not plates.value:
                break
            plates.value -= 1
            print(f"{name}: took a plate, {plates.value} left", flush=True)
    print(f"{name}: the kitchen is closed", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guests", type=int, default=3, help="how many processes wait for a plate")
    parser.add_argument("--plates", type=int, default=5, help="how many plates there will be")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds before each plate")
    given = parser.parse_args()
    if not 1 <= given.guests <= 16:
        parser.error("--guests must be from 1 to 16")
    if not 0 <= given.plates <= 1000:
        parser.error("--plates must be from 0 to 1000")
    if not 0 <= given.pause <= 60:
        parser.error("--pause must be from 0 to 60")
    return given


def main():
    given = parameters()
    table = multiprocessing.Condition()
    # The condition's lock protects both.
    plates = multiprocessing.RawValue("i", 0)
    closed = multiprocessing.RawValue("b", False)
    guests = [
        multiprocessing.Process(target=eat, args=(table, plates, closed), name=f"guest-{number}")
        for number in range(1, given.guests + 1)
    ]
    for guest in guests:
        guest.start()
    for _ in range(given.plates):
        time.sleep(given.pause)
        with table:
            plates.value += 1
            print("cook: a plate is ready", flush=True)
            table.notify()
    time.sleep(given.pause)
    with table:
        closed.value = True
        print("cook: closing", flush=True)
        table.notify_all()
    for guest in guests:
        guest.join()


if __name__ == "__main__":
    main()
