"""The tasks that workers run in these tests; imports only the standard library, as each worker loads it.

What happened is told by a log that all append to: ``S`` at the start of a task, ``E`` at its end, its number, the pid.
"""

import contextlib
import faulthandler
import itertools
import multiprocessing
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

METHODS = ("fork", "forkserver", "spawn")
MIB = 1 << 20

#: The log's descriptor in this process, per file: opening it anew for each of 5,000 tasks is what would be tested.
_logs: dict[str, int] = {}


def note(log: str, what: str, number: int) -> None:
    """One write of a few bytes to a file opened to append is never torn or lost, whoever is killed."""
    if log not in _logs:
        _logs[log] = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(_logs[log], f"{what} {number} {os.getpid()}\n".encode())


class Logged(NamedTuple):
    """What the tasks told until now: how often each started and ended, and in which workers."""

    started: Counter[int]
    ended: Counter[int]
    pids: dict[int, list[int]]

    def pid_of(self, number: int) -> int:
        """The worker that started it last; 0 while it has not started."""
        return self.pids.get(number, [0])[-1]


def read(log: str) -> Logged:
    told = Logged(Counter(), Counter(), {})
    text = Path(log).read_text() if Path(log).exists() else ""
    # A line that is just being written has no end yet.
    for line in text[: text.rfind("\n") + 1].splitlines():
        what, number, pid = line.split()
        if what == "S":
            told.started[int(number)] += 1
            told.pids.setdefault(int(number), []).append(int(pid))
        else:
            told.ended[int(number)] += 1
    return told


# --- Plain ones


def square(number: int) -> int:
    return number * number


def add(one: int, other: int) -> int:
    return one + other


def brief(number: int) -> int:
    """Long enough that a minute of them fills no memory."""
    time.sleep(0.001)
    return number


def own_pid(_: object = None) -> int:
    return os.getpid()


def logged(log: str, number: int, seconds: float = 0) -> int:
    """The number, after its start and end were told."""
    note(log, "S", number)
    if seconds:
        time.sleep(seconds)
    note(log, "E", number)
    return number


def logged_number(given: tuple[str, int]) -> int:
    return logged(*given)


def echo(data: bytes) -> bytes:
    return data


def uneven(log: str, number: int) -> int:
    """Every seventh takes a while, so that kills fall into tasks as well as between them."""
    return logged(log, number, 0 if number % 7 else 0.003)


def held(log: str, number: int, gate: str) -> int:
    """Ends when the file `gate` is there."""
    note(log, "S", number)
    while not os.path.exists(gate):  # noqa: PTH110 - pathlib would be half of what it does
        time.sleep(0.002)
    note(log, "E", number)
    return number


def held_once(log: str, number: int, gate: str) -> int:
    """As `held`, the first time; at once when it is tried again."""
    if read(log).started[number]:
        return logged(log, number)
    return held(log, number, gate)


def forever(log: str, number: int) -> NoReturn:
    """Busy in Python code."""
    note(log, "S", number)
    for _ in itertools.count():
        pass
    raise AssertionError


def deaf(log: str, number: int) -> NoReturn:
    """Neither SIGTERM nor SIGINT ends it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    note(log, "S", number)
    while True:
        time.sleep(60)


# --- Ends of the worker


def leave_hard(code: int) -> NoReturn:
    os._exit(code)


def leave_hard_once(log: str, number: int) -> int:
    """Ends its worker the first time."""
    note(log, "S", number)
    if read(log).started[number] == 1:
        os._exit(3)
    return number


def leave_hard_at(log: str, bad: int, number: int) -> int:
    note(log, "S", number)
    if number == bad:
        os._exit(3)
    note(log, "E", number)
    return number


def logged_or_left(given: tuple[str, int, int]) -> int:
    return leave_hard_at(*given)


def leave(code: object) -> NoReturn:
    sys.exit(code)  # type: ignore[arg-type]


def kill_self(number: int) -> NoReturn:
    faulthandler.disable()  # a fork has pytest's, which would write stacks
    os.kill(os.getpid(), number)
    time.sleep(60)
    raise AssertionError


def interrupt() -> NoReturn:
    raise KeyboardInterrupt


class LeavesWhenUnpickled:
    """An argument that ends whoever loads it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return leave_hard, (4,)


# --- Initializers


def no_initializer() -> NoReturn:
    raise RuntimeError("no way to start")


def initializer_that_leaves(code: int) -> NoReturn:
    os._exit(code)


def initializer_with_luck(directory: str, failures: int) -> None:
    """Ends the first `failures` workers of all; each takes a number by creating a file."""
    for number in itertools.count():
        try:
            os.close(os.open(f"{directory}/{number}", os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            continue
        if number < failures:
            os._exit(5)
        return


def initializer_for_the_first(directory: str, count: int) -> None:
    """Works for so many workers, and ends all that come later."""
    for number in itertools.count():
        try:
            os.close(os.open(f"{directory}/{number}", os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            continue
        if number >= count:
            os._exit(6)
        return


def initializer_that_waits(directory: str, held_ones: int) -> None:
    """Tells its pid in a file; the first `held_ones` wait to be killed."""
    for number in itertools.count():
        try:
            told = os.open(f"{directory}/{number}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        os.write(told, f"{os.getpid()}\n".encode())
        os.close(told)
        while number < held_ones:
            time.sleep(60)
        return


def limit_memory(more: int) -> None:
    """Nothing above `more` bytes beyond what is mapped now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


# --- What fills memory, pipes and the screen


def allocate(size: int) -> int:
    return len(bytearray(size))


def give(size: int) -> bytes:
    return b"x" * size


def take(data: bytes) -> int:
    return len(data)


class Big:
    """Tells that its pickling begins, and is a result of 50 MiB."""

    def __init__(self, log: str, number: int) -> None:
        self.log, self.number = log, number

    def __reduce__(self) -> tuple[Any, ...]:
        note(self.log, "S", self.number)
        return bytes, (b"y" * (50 * MIB),)


def give_big(log: str, number: int) -> Big:
    return Big(log, number)


def redirect_output(path: str) -> None:
    """An initializer: standard output and standard error go to one file."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    sys.stdout = sys.stderr = open(fd, "a")  # noqa: PTH123, SIM115 - a fork has what pytest put there


def speak(text: str) -> str:
    print(text, flush=True)  # noqa: T201
    print(text, file=sys.stderr, flush=True)  # noqa: T201
    os.write(1, text.encode())
    return text


# --- Forks, descriptors


def fork_and_leave(number: int) -> int:
    """A child that ends by itself, reaped."""
    if (pid := os.fork()) == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return number


def fork_and_return(log: str, number: int) -> int:
    """Returns in the child too: what comes back there must reach nobody."""
    note(log, "S", number)
    if (pid := os.fork()) == 0:
        return -1
    os.waitpid(pid, 0)
    note(log, "E", number)
    return number


def fork_and_raise(number: int) -> int:
    if (pid := os.fork()) == 0:
        raise ValueError("in the child")
    os.waitpid(pid, 0)
    return number


def start_grandchild(log: str, number: int, gate: str) -> int:
    """A child with all the descriptors of the worker lives on; its pid is logged as the number's start."""
    if os.fork() == 0:
        os.closerange(0, 3)
        note(log, "S", number)
        while not os.path.exists(gate):  # noqa: PTH110
            time.sleep(0.01)
        os._exit(0)
    return held(log, number + 1, gate)


def run_program() -> str:
    return subprocess.run([sys.executable, "-c", "print('out')"], check=True, capture_output=True, text=True).stdout


def close_everything(number: int) -> int:
    os.closerange(3, 4096)
    return number


def nested_map(method: str, numbers: list[int]) -> list[int]:
    """A pool inside a process that is no daemon."""
    from procession import Pool

    with Pool(2, context=multiprocessing.get_context(method)) as pool:  # type: ignore[arg-type]
        return pool.map(square, numbers)


def nested_into(path: str, method: str, numbers: list[int]) -> None:
    Path(path).write_bytes(pickle.dumps(nested_map(method, numbers)))


# --- What cannot be pickled


class FailsToPickle:
    def __reduce__(self) -> NoReturn:
        raise RuntimeError("not picklable")


class Nameless:
    """Has no name that could be asked for; fails where it is called."""

    def __getattr__(self, name: str) -> NoReturn:
        raise KeyError(name)

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return Nameless, ()

    def __call__(self, *_: object) -> NoReturn:
        raise ValueError("called")


class FailsToUnpickle:
    """Raises `error` where it is loaded."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __reduce__(self) -> tuple[Any, ...]:
        return raise_it, (self.error,)


def raise_it(error: type[BaseException]) -> NoReturn:
    raise error("on purpose")


def raise_value_error(text: str) -> NoReturn:
    raise ValueError(text)


def raise_at(bad: int, number: int) -> int:
    if number == bad:
        raise ValueError(number)
    return number


class TwoArguments(Exception):
    """As many are written: it pickles, and cannot be loaded."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} {other}")


def raise_two() -> NoReturn:
    raise TwoArguments(1, 2)


class HoldsALock(Exception):
    """Cannot even be pickled."""

    def __init__(self) -> None:
        import threading

        super().__init__("has a lock")
        self.lock = threading.Lock()


def raise_lock() -> NoReturn:
    raise HoldsALock


def give_unpicklable() -> FailsToPickle:
    return FailsToPickle()


def give_lambda(_: object = None) -> object:
    return lambda: None


def give_fails_to_unpickle(error: type[BaseException]) -> FailsToUnpickle:
    return FailsToUnpickle(error)


def take_any(value: object) -> str:
    return type(value).__name__


#: What `remember` was called with, in this worker.
_remembered: list[int] = []


def remember(number: int) -> list[int]:
    _remembered.append(number)
    return list(_remembered)


def first_value(data: dict[str, list[int]]) -> int:
    return data["values"][0]


def replaced() -> str:
    return "original"


def _replacement() -> str:
    return "replacement"


def replace() -> None:
    """Bind the function anew in this worker, as a program that is configured at run time does."""
    global replaced  # noqa: PLW0603
    replaced = _replacement


class Unspeakable:
    """Can neither be pickled nor shown."""

    def __reduce__(self) -> NoReturn:
        raise ValueError("no pickle")

    def __repr__(self) -> NoReturn:
        raise ValueError("no repr")


def unspeakable() -> Unspeakable:
    return Unspeakable()


class SlowRepr:
    """Its repr blocks until the gate is opened."""

    asked, gate = threading.Event(), threading.Event()

    def __repr__(self) -> str:
        self.asked.set()
        self.gate.wait()
        return "slow"


def hold_while(_: object, path: str) -> None:
    """Run until the file, which it makes, is deleted."""
    Path(path).touch()
    while Path(path).exists():
        time.sleep(0.01)


def print_line(number: int) -> None:
    """Print, and leave the other workers time for their share."""
    print("line", number)  # noqa: T201
    time.sleep(0.005)


def told(call: tuple[str, int]) -> None:
    """Note the start and the end of the task."""
    log, number = call
    note(log, "S", number)
    note(log, "E", number)


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def spin() -> NoReturn:
    while True:
        pass


def spin_in_c() -> int:
    """One call of C code that holds the interpreter's lock for hours."""
    return sum(range(10**12))


def ignore_signals() -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    spin()


def told_and_spin(log: str) -> NoReturn:
    note(log, "S", 0)
    spin()


def open_links() -> list[str]:
    """What the descriptors of this process lead to."""
    found = []
    for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{fd}"))  # noqa: PTH115
    return found
