"""Wait for connections, sockets and sentinels

`multiprocessing.connection.wait` waits for several things at once: a message on a Connection, bytes on a socket, the
end of a process (its sentinel).

What to look at: one process waits in one call for three kinds of events, and wakes for whichever comes first.
"""

import argparse
import multiprocessing
import socket
import time
from multiprocessing.connection import wait


def send_messages(connection, count, seconds):
    for number in range(count):
        time.sleep(seconds)
        connection.send(f"message {number}")
    connection.close()


def send_bytes(ours, seconds):
    time.sleep(1.5 * seconds)
    ours.sendall(b"some bytes")
    ours.close()


def wait_for_all(receiver, here, processes):
    sentinels = {process.sentinel: process.name for process in processes}
    pending = [receiver, here, *sentinels]
    while pending:
        for ready in wait(pending):
            if ready is receiver:
                over = tell_message(receiver)
            elif ready is here:
                over = tell_bytes(here)
            else:
                over = tell_end(sentinels[ready])
            if over:
                pending.remove(ready)


def tell_message(receiver):
    try:
        print(f"connection: {receiver.recv()}", flush=True)
    except EOFError:
        print("connection: EOFError, the other end is closed", flush=True)
        return True
    return False


def tell_bytes(here):
    data = here.recv(100)
    print(f"socket: {data!r}" if data else "socket: the other end is closed", flush=True)
    return not data


def tell_end(name):
    print(f"sentinel: {name} has ended", flush=True)
    return True


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3, help="how many messages")
    parser.add_argument("--seconds", type=float, default=0.6, help="pause before each")
    given = parser.parse_args()
    if not 1 <= given.count <= 100:
        parser.error("--count must be from 1 to 100")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    here, there = socket.socketpair()
    processes = [
        multiprocessing.Process(target=send_messages, args=(sender, given.count, given.seconds), name="talker"),
        multiprocessing.Process(target=send_bytes, args=(there, given.seconds), name="other"),
    ]
    for process in processes:
        process.start()
    # The children have the other ends now. A read reaches end-of-file only when every copy of the other end is closed.
    sender.close()
    there.close()
    wait_for_all(receiver, here, processes)
    for process in processes:
        process.join()
        print(f"{process.name}: exit code {process.exitcode}", flush=True)


if __name__ == "__main__":
    main()
