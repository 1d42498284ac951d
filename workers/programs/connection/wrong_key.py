"""AuthenticationError

Client and Listener prove to each other that they know the authkey, without sending it. With a wrong key both get an
AuthenticationError, and the Listener can go on with the next client.

What to look at: one listener, one connection that is refused, and one that stays open for a while.
"""

import argparse
import multiprocessing
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener

RIGHT = "open sesame"
WRONG = "open barley"


def knock(address, authkey, seconds):
    try:
        with Client(address, authkey=authkey.encode()) as connection:
            connection.send(f"I know the key: {authkey}")
            time.sleep(seconds)
    except AuthenticationError as error:
        print(f"client with {authkey!r}: AuthenticationError: {error}", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the second client stays connected")
    given = parser.parse_args()
    if not 0 <= given.seconds <= 60:
        parser.error("--seconds must be from 0 to 60")
    return given


def main():
    given = parameters()
    with Listener(("127.0.0.1", 0), authkey=RIGHT.encode()) as listener:
        for key in (WRONG, RIGHT):
            client = multiprocessing.Process(target=knock, args=(listener.address, key, given.seconds))
            client.start()
            try:
                with listener.accept() as connection:
                    print(f"listener: heard {connection.recv()!r}", flush=True)
                    client.join()
            except AuthenticationError as error:
                print(f"listener: AuthenticationError: {error}", flush=True)
            client.join()


if __name__ == "__main__":
    main()
