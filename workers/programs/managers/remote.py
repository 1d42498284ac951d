"""A remote manager, over TCP

A server process keeps a queue for every client that knows its address and authkey; clients on this or another machine
connect and get a proxy. A client with a wrong key is refused with an AuthenticationError.

What to look at: a listener with a TCP address, one connection per thread of a client, and the one that was refused.
"""

import argparse
import multiprocessing
import queue
import time
from multiprocessing import AuthenticationError
from multiprocessing.managers import BaseManager

jobs = queue.Queue()


class QueueServer(BaseManager):
    pass


class QueueClient(BaseManager):
    pass


QueueServer.register("jobs", callable=lambda: jobs)
QueueClient.register("jobs")


def serve(port, authkey, ready):
    server = QueueServer(("127.0.0.1", port), authkey).get_server()
    ready.send(server.address)
    server.serve_forever()


def put_jobs(address, authkey, count, seconds):
    client = QueueClient(address, authkey)
    client.connect()
    for number in range(count):
        client.jobs().put(f"job {number}")
        time.sleep(seconds)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 chooses a free one")
    parser.add_argument("--count", type=int, default=5, help="how many jobs")
    parser.add_argument("--seconds", type=float, default=0.4, help="pause after each")
    given = parser.parse_args()
    if not 0 <= given.port <= 65_535:
        parser.error("--port must be from 0 to 65535")
    if not 1 <= given.count <= 1000:
        parser.error("--count must be from 1 to 1000")
    if not 0 <= given.seconds <= 10:
        parser.error("--seconds must be from 0 to 10")
    return given


def main():
    given = parameters()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=serve, args=(given.port, b"open sesame", sender))
    server.start()
    sender.close()
    address = receiver.recv()
    print(f"server: listens at {address[0]}, port {address[1]}", flush=True)

    producer = multiprocessing.Process(target=put_jobs, args=(address, b"open sesame", given.count, given.seconds))
    producer.start()
    client = QueueClient(address, b"open sesame")
    client.connect()
    for _ in range(given.count):
        print(f"client: got {client.jobs().get()}", flush=True)
    producer.join()

    try:
        QueueClient(address, b"open barley").connect()
    except AuthenticationError as error:
        print(f"client with a wrong key: AuthenticationError: {error}", flush=True)
    server.terminate()
    server.join()
    print(f"server: terminated, exit code {server.exitcode}", flush=True)


if __name__ == "__main__":
    main()
