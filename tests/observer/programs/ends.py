"""Children that end in different ways, and then the program itself, by an exception; argument: the start method."""

import json
import multiprocessing
import multiprocessing.util
import sys
import time
from typing import Any


def raises() -> None:
    raise MemoryError("out of\n memory")


def in_library() -> None:
    json.loads("{")


def exits() -> None:
    sys.exit(1)


def succeeds() -> None:
    sys.exit(0)


def returns() -> None:
    pass


def leaves_a_child() -> None:
    multiprocessing.Process(target=time.sleep, args=(0.1,)).start()


def leaves_items(queue: Any, exits: Any) -> None:
    multiprocessing.util.Finalize(None, exits.set, exitpriority=1)
    queue.put(bytes(1_000_000))


def main() -> None:
    context = multiprocessing.get_context(sys.argv[1])
    queue, is_exiting = context.Queue(), context.Event()
    for target in (raises, in_library, exits, succeeds, returns, leaves_a_child, leaves_items):
        arguments = (queue, is_exiting) if target is leaves_items else ()
        child = context.Process(target=target, args=arguments, name=target.__name__)  # type: ignore[attr-defined]
        child.start()
        if arguments:
            is_exiting.wait()
            queue.get()
        child.join()
    raise ValueError("the last")


if __name__ == "__main__":
    main()
