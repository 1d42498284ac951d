"""Ends one child by terminate(), one by kill(), one that is dead already, and one daemon by its own end."""

import os
import signal
import sys
from multiprocessing import get_context
from multiprocessing.connection import wait
from time import sleep


def main():
    context = get_context(sys.argv[1])
    children = [
        context.Process(target=sleep, args=(600,), name=name, daemon=True)
        for name in ("terminated", "killed", "dead", "left")
    ]
    for child in children:
        child.start()
    terminated, killed, dead, _ = children
    terminated.terminate()
    killed.kill()
    os.kill(dead.pid, signal.SIGTERM)
    wait([dead.sentinel])
    dead.terminate()


if __name__ == "__main__":
    main()
