"""A silent client

A Listener with an authkey authenticates each client within accept(), without a time limit. Here one client connects
with a plain socket and sends nothing: no other client is accepted until it disconnects, after --seconds.

What to look at: the listening process is in accept() and waits for the silent client; the honest client waits to be
accepted.

Finds: silent-client
"""

import argparse
import multiprocessing
import socket
import time
from multiprocessing.connection import Client, Listener


def stay_silent(address, seconds, connected):
    with socket.create_connection(address):
        connected.set()
        time.sleep(seconds)
    print("silent: disconnected", flush=True)


def greet(address, authkey):
    with Client(address, authkey=authkey) as connection:
        print(f"honest: got {connection.recv()!r}", flush=True)


def accept(listener):
    while True:
        try:
            return listener.accept()
        except (EOFError, ConnectionResetError):
            print("listener: a client disconnected without authenticating", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the silent client stays connected")
    given = parser.parse_args()
    if not 0.1 <= given.seconds <= 3600:
        parser.error("--seconds must be from 0.1 to 3600")
    return given


def main():
    given = parameters()
    connected = multiprocessing.Event()
    with Listener(("127.0.0.1", 0), backlog=2, authkey=b"open sesame") as listener:
        silent = multiprocessing.Process(
            target=stay_silent, args=(listener.address, given.seconds, connected), name="silent"
        )
        silent.start()
        connected.wait()
        honest = multiprocessing.Process(target=greet, args=(listener.address, b"open sesame"), name="honest")
        honest.start()
        with accept(listener) as connection:
            connection.send("welcome")
        silent.join()
        honest.join()


if __name__ == "__main__":
    main()
