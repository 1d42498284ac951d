"""Both ends wait to receive

Two processes share a connection, and each waits for the other to send first: both block in recv() for ever. The parent
terminates them after --seconds and exits with code 1; with --polite one of them sends first.

What to look at: each process waits for a message that only the other can send, in a cycle.

Finds: deadlock
"""

import argparse
import multiprocessing
import sys
from multiprocessing.connection import Client, Listener


def listen(address, authkey, begins):
    with Client(address, authkey=authkey) as connection:
        if begins:
            connection.send("hello")
        print(f"guest: heard {connection.recv()!r}", flush=True)


def host(pipe, authkey):
    with Listener(("127.0.0.1", 0), authkey=authkey) as listener:
        pipe.send(listener.address)
        with listener.accept() as connection:
            print(f"host: heard {connection.recv()!r}", flush=True)
            connection.send("hello yourself")


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polite", action="store_true", help="the guest sends first")
    parser.add_argument("--seconds", type=float, default=60.0, help="when the parent gives up")
    given = parser.parse_args()
    if not 0.1 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0.1 to 3600")
    return given


def main():
    given = parameters()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    first = multiprocessing.Process(target=host, args=(sender, b"open sesame"), name="host")
    first.start()
    address = receiver.recv()
    second = multiprocessing.Process(target=listen, args=(address, b"open sesame", given.polite), name="guest")
    second.start()
    second.join(given.seconds)
    stuck = [process for process in (first, second) if process.is_alive() and second.is_alive()]
    for process in stuck:
        process.terminate()
    first.join()
    second.join()
    if stuck:
        sys.exit("parent: both wait to receive, terminated them")
    print("parent: both have sent a message", flush=True)


if __name__ == "__main__":
    main()
