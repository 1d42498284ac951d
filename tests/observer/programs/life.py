"""One process, with an exit code of its own; argument: the start method."""

import multiprocessing
import sys


def leave() -> None:
    sys.exit(3)


if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    process = context.Process(target=leave, name="worker-one", daemon=True)  # type: ignore[attr-defined]
    process.start()
    process.join()
