"""Small programs for tests of the inventory: started as supervised processes are, they tell a line when ready."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

#: What every program starts with; ``daemon`` double-forks one in a session of its own, and returns when it is ours.
PROLOGUE = """
import os, signal, subprocess, sys, threading, time

def tell(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def daemon(work):
    read, write = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, str(os.getpid()).encode())
            work()
        os._exit(0)
    os.waitpid(middle, 0)
    return int(os.read(read, 20))
"""


class Program:
    """A Python program that leads a session of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.pid = process.pid

    def told(self) -> list[str]:
        """The next line that it tells, as words."""
        assert self.process.stdout
        return self.process.stdout.readline().decode().split()

    def ask(self) -> None:
        """Send it a line."""
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Kill it, reap it and close its pipes."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()


@contextlib.contextmanager
def running(
    code: str,
    environment: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    pass_fds: tuple[int, ...] = (),
) -> Iterator[Program]:
    """A program, until the end of the block."""
    command = (sys.executable, "-c", PROLOGUE + code, *arguments)
    program = Program(
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            pass_fds=pass_fds,
        )
    )
    try:
        yield program
    finally:
        program.end()
