"""Listener and Client

A Listener waits at an address, a TCP port or a path, for Clients that know its authkey. Both ends then have a
Connection, which sends and receives any picklable object.

What to look at: the listener with its address, and its connections, which come and go.
"""

import argparse
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Client, Listener
from pathlib import Path


def ask(address, family, authkey, number, seconds):
    with Client(address, family, authkey) as connection:
        connection.send({"number": number, "seconds": seconds})
        print(f"client {number}: the answer is {connection.recv()}", flush=True)


def serve(listener, clients):
    for _ in range(clients):
        with listener.accept() as connection:
            question = connection.recv()
            time.sleep(question["seconds"])
            connection.send(question["number"] ** 2)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--family", choices=("AF_INET", "AF_UNIX"), default="AF_INET", help="kind of address: TCP or a path"
    )
    parser.add_argument("--clients", type=int, default=3, help="how many clients")
    parser.add_argument("--seconds", type=float, default=0.8, help="how long each answer takes")
    given = parser.parse_args()
    if not 1 <= given.clients <= 32:
        parser.error("--clients must be from 1 to 32")
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    with tempfile.TemporaryDirectory() as folder:
        place = ("127.0.0.1", 0) if given.family == "AF_INET" else str(Path(folder) / "listener")
        with Listener(place, given.family, backlog=given.clients, authkey=b"open sesame") as listener:
            print(
                f"listener: {given.family}, at {'a free port' if given.family == 'AF_INET' else 'a path'}", flush=True
            )
            processes = [
                multiprocessing.Process(
                    target=ask, args=(listener.address, given.family, b"open sesame", number, given.seconds)
                )
                for number in range(given.clients)
            ]
            for process in processes:
                process.start()
            serve(listener, given.clients)
            for process in processes:
                process.join()
    print(f"listener: served {given.clients} clients", flush=True)


if __name__ == "__main__":
    main()
