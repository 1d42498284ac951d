"""Two readers on one end

Two processes receive from the same end of a pipe. Without a lock each takes pieces of the other's messages, and sooner
or later reads the middle of a message as the length of the next. With a lock every message arrives whole.

What to look at: both processes hold the reading end; with the lock, who holds it and who waits for it.
"""

import argparse
import contextlib
import multiprocessing


def read(reader, writer, size, lock, ready, counts):
    # While any process has a writing end open, end-of-file does not come.
    writer.close()
    ready.wait()
    whole = torn = 0
    try:
        while True:
            with lock or contextlib.nullcontext():
                message = reader.recv_bytes()
            if len(message) == size:
                whole += 1
            else:
                torn += 1
    except EOFError:
        pass
    except OSError:  # end-of-file in the middle of a message
        torn += 1
    counts.put((multiprocessing.current_process().name, whole, torn))


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000, help="how many messages are sent")
    parser.add_argument("--size", type=int, default=40_000, help="size of each message in bytes")
    parser.add_argument("--lock", action="store_true", help="receive under a lock")
    given = parser.parse_args()
    if not 1 <= given.messages <= 100_000:
        parser.error("--messages must be from 1 to 100000")
    if not 1 <= given.size <= 500_000:
        parser.error("--size must be from 1 to 500000")
    return given


def main():
    given = parameters()
    reader, writer = multiprocessing.Pipe(duplex=False)
    lock = multiprocessing.Lock() if given.lock else None
    ready = multiprocessing.Barrier(3)
    counts = multiprocessing.SimpleQueue()
    readers = [
        multiprocessing.Process(
            target=read, args=(reader, writer, given.size, lock, ready, counts), name=f"reader-{number}"
        )
        for number in (1, 2)
    ]
    for process in readers:
        process.start()
    reader.close()
    ready.wait()
    # Zeros: read as a length, they mean an empty message.
    message = bytes(given.size)
    sent = 0
    with contextlib.suppress(BrokenPipeError):  # both readers have given up
        while sent < given.messages:
            writer.send_bytes(message)
            sent += 1
    writer.close()
    print(f"sent: {sent} messages", flush=True)
    for _ in readers:
        name, whole, torn = counts.get()
        print(f"{name}: {whole} whole, {torn} torn", flush=True)
    for process in readers:
        process.join()


if __name__ == "__main__":
    main()
