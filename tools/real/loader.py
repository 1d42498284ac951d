"""A loader of training data, built as PyTorch's DataLoader is: a queue of indices for each worker, one for results.

With ``--stop-early`` it leaves the loop after the first batches and joins its workers while they still have batches to
write: they hang in the end of their queue, and it in join.  That is how it should *not* be written.
"""

import argparse
import multiprocessing
import time


def load(indices, batches):
    while (task := indices.get()) is not None:
        number, places = task
        time.sleep(0.05)
        batches.put((number, [bytes(100_000) for _ in places]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--stop-early", action="store_true")
    given = parser.parse_args()
    batches = multiprocessing.Queue()
    queues = [multiprocessing.Queue() for _ in range(given.workers)]
    workers = [multiprocessing.Process(target=load, args=(indices, batches)) for indices in queues]
    for worker in workers:
        worker.start()
    for number in range(given.batches):
        first = number * given.batch_size
        queues[number % given.workers].put((number, range(first, first + given.batch_size)))
    for indices in queues:
        indices.put(None)
    taken = 2 if given.stop_early else given.batches
    total = sum(len(batches.get()[1]) for _ in range(taken))
    print(f"{taken} batches with {total} samples")
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
