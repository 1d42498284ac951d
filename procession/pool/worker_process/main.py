"""The main loop of a worker: read tasks, run each, answer.

::

    socket ─frames─▶ BATCH    [function, args, function, args, …]   arguments are small scalars: one pickle for all
                     FUNCTION (number, module, name)                sent once, before its first task
                     TASK     (function or its number, args, kwargs)
                     TASK_IN_RING  the same, with large arguments in shared memory
                     LIMITED  tasks with a time limit will come: be ready to write the stack
    result ─▶ ring in shared memory; where it does not fit ─▶ socket

Kept small and light of imports: how fast a pool starts depends on it.  More than 250 lines in one file, as each file
more would take every worker 0.1 ms to load.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from itertools import starmap
from mmap import mmap
from struct import Struct
from time import monotonic_ns

from procession import descriptors, lifeline

from .link import Hangup, Link
from .pickling import PROTOCOL, SCALARS, dumps, loads
from .results import Unimportable, dumps_error, dumps_value, line_of
from .ring import (
    ARGUMENTS,
    ASLEEP,
    CURRENT,
    HEADER,
    LIMIT,
    NONE,
    NOT_BOOTED,
    NOTHING,
    RAISED,
    READY,
    RESULTS,
    SCALAR,
    SKIPPED,
    STACK,
    STARTED,
    WAITED,
    WAITING,
    Fence,
    RingReader,
    RingWriter,
    words_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .results import Dumps

BATCH, FUNCTION, TASK, TASK_IN_RING, LIMITED = 0, 1, 2, 3, 4
#: The signal upon which a worker writes its stack; few programs use it.
STACK_SIGNAL = signal.SIGRTMAX - 5
FRAME = Struct("<QQ")  # length, kind
CHUNK = 64 * 1024
_NO_PAYLOAD = b""


class Handles:
    """The file descriptors of a worker: its socket, its shared memory, a pidfd of the pool's process, and the read end
    of the `procession.lifeline`.  A fork inherits them; the other start methods pass them."""

    def __init__(self, socket: int, memory: int, parent: int, lifeline: int) -> None:
        self.socket, self.memory, self.parent, self.lifeline = socket, memory, parent, lifeline

    def __reduce__(self) -> tuple[Callable[..., Handles], tuple[Any, ...]]:
        from multiprocessing.reduction import DupFd

        return _received, tuple(DupFd(fd) for fd in (self.socket, self.memory, self.parent, self.lifeline))


def _received(*passed: Any) -> Handles:
    return Handles(*(one.detach() for one in passed))


def run_chunk(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Run a chunk of map, as one task."""
    return list(map(function, items))


def run_starred_chunk(function: Callable[..., Any], items: Iterable[Iterable[Any]]) -> list[Any]:
    """Run a chunk of starmap, as one task."""
    return list(starmap(function, items))


def main(
    ends: Handles,
    initializer: Callable[..., object] | None,
    initargs: Iterable[Any],
    max_tasks: int | None,
    outqueue: Any = None,
) -> None:
    """Run tasks until the pool hangs up, or ``max_tasks`` are done; results are pickled as ``outqueue`` would."""
    if callable(signal.getsignal(signal.SIGTERM)):
        signal.signal(
            signal.SIGTERM, signal.SIG_DFL
        )  # the parent's handler, inherited by a fork, would ignore terminate()
    try:
        lifeline.hold(ends.lifeline)
    except OSError:
        # Without /proc, or where the program has changed its user, a task that runs when the program dies goes on.
        os.close(ends.lifeline)
    link = Link(descriptors.move_high(ends.socket), descriptors.move_high(ends.parent))
    memory = mmap(ends.memory, 0)
    os.close(ends.memory)
    worker = Worker(link, memory, max_tasks)
    if outqueue is not None:
        from .queue_pickling import dumps_of

        worker.dumps = dumps_of(outqueue, outqueue.put)
    os.register_at_fork(after_in_child=worker.forked)
    try:
        if initializer is not None:
            initializer(*initargs)
    except Exception as error:
        link.send(HEADER.pack(0, 0, NOT_BOOTED), line_of(error).encode())
        raise
    try:
        worker.serve()
    except (KeyboardInterrupt, Hangup):
        if worker.executing:
            raise


class Worker:
    """Runs the tasks in the order of arrival; ``executing`` says that one is under way."""

    def __init__(self, link: Link, memory: mmap, max_tasks: int | None) -> None:
        self.executing = False
        self.dumps: Dumps = dumps
        self._link = link
        self._words = words_of(memory)
        self._results = RingWriter(memory, self._words, RESULTS)
        self._arguments = RingReader(memory, self._words, ARGUMENTS)
        self._fence = Fence()
        self._left = -1 if max_tasks is None else max_tasks
        self._position = 0
        self._functions: dict[int, tuple[Any, str]] = {}
        self._is_copy = False

    def forked(self) -> None:
        """Close the socket in a child that a task forked: the child may finish the task, but not serve the pool."""
        if not self._is_copy:
            self._is_copy = True
            self._link.close()

    def serve(self) -> None:
        """Run tasks until the pool hangs up or the last one is done."""
        self._words[READY] = 1
        for kind, payload in self._frames():
            if kind == BATCH:
                words = iter(pickle.loads(payload))
                for number, args in zip(words, words):  # noqa: B905 - pairs of one flat list
                    if self._begin():
                        self._execute(self._function(number), args, None)
                    if not self._left:
                        return
            elif kind == FUNCTION:
                self._learn(payload)
            elif kind == LIMITED:
                self._words[STACK] = _stack_on_signal()
            else:
                self._load_and_execute(payload if kind == TASK else self._arguments.take())
                if not self._left:
                    return
            del payload  # may be large, and the next frame may take long to arrive

    def _frames(self) -> Iterator[tuple[int, memoryview]]:
        """Yield (kind, payload) of each frame."""
        link, unpack, words = self._link, FRAME.unpack_from, self._words
        buffer = b""
        while True:
            words[WAITING] = before = monotonic_ns()
            link.wait()
            words[WAITING] = 0
            words[WAITED] += monotonic_ns() - before
            buffer = buffer + link.read(CHUNK) if buffer else link.read(CHUNK)
            at, end = 0, len(buffer)
            view = memoryview(buffer)
            while end - at >= 16:
                length, kind = unpack(buffer, at)
                at += 16
                if length <= end - at:
                    yield kind, view[at : at + length]
                    at += length
                elif length > CHUNK:
                    yield kind, self._large(view[at:], length)
                    at = end
                else:
                    at -= 16
                    break
            buffer = buffer[at:] if at < end else b""

    def _large(self, begun: memoryview, length: int) -> memoryview:
        self._publish(self._position)  # if receiving it ends the worker, this task is lost
        try:
            payload = memoryview(bytearray(length))
        except MemoryError as error:
            self._link.skip(length - len(begun))
            return memoryview(pickle.dumps((Unimportable(error), (), None), PROTOCOL))
        payload[: len(begun)] = begun
        self._link.read_into(payload[len(begun) :])
        return payload

    def _learn(self, payload: memoryview) -> None:
        self._publish(self._position)  # if importing the module ends the worker, the next task is lost
        number, module, name = pickle.loads(payload)
        found: Any
        try:
            __import__(module)
            found = sys.modules[module]
        except Exception as error:  # noqa: BLE001 - importing runs the program's code; the tasks raise this error
            found = Unimportable(error)
            name = "__call__"
        self._functions[number] = found, name
        self._words[CURRENT] = (self._position - 1) % 2**64  # until that task arrives, it may still be taken away

    def _function(self, number: int) -> Callable[..., Any]:
        """Return the function: what its module has under that name now."""
        module, name = self._functions[number]
        try:
            function: Callable[..., Any] = getattr(module, name)
        except AttributeError:
            return Unimportable(AttributeError(f"Can't get attribute {name!r} on {module!r}"))
        return function

    def _load_and_execute(self, payload: memoryview) -> None:
        """Unpickle a task as a part of it: that runs the user's code, and may end the worker."""
        if not self._begin():
            self._arguments.release()
            return
        try:
            function, args, kwargs = loads(payload)
        except Exception as error:  # noqa: BLE001 - as above
            function, args, kwargs = Unimportable(error), (), None
        del payload
        self._arguments.release()
        self._execute(self._function(function) if type(function) is int else function, args, kwargs)

    def _begin(self) -> bool:
        """Publish that the next task is being executed; return False, and skip it, where it lies behind the limit."""
        position, words, fence = self._position, self._words, self._fence
        self._publish(position)
        fence.acquire()
        fence.release()
        self._position = position + 1
        if position >= words[LIMIT]:
            self._answer(position, SKIPPED, _NO_PAYLOAD)
            return False
        self._left -= 1
        self.executing = True
        return True

    def _publish(self, position: int) -> None:
        """Publish the task that is being prepared or executed; it has not started yet, which others must not miss."""
        self._words[STARTED] = NONE
        self._words[CURRENT] = position

    def _execute(self, function: Callable[..., Any], args: Iterable[Any], kwargs: dict[str, Any] | None) -> None:
        kind: int
        payload: bytes | memoryview
        self._words[STARTED] = monotonic_ns()
        try:
            value = function(*args, **kwargs) if kwargs else function(*args)
        except Exception as error:  # noqa: BLE001 - the error is the result
            kind, payload = RAISED, dumps_error(error, self.dumps)
        else:
            if value is None:
                kind, payload = NOTHING, _NO_PAYLOAD
            elif type(value) in SCALARS:
                kind, payload = SCALAR, pickle.dumps(value, PROTOCOL)
            else:
                kind, payload = dumps_value(value, self.dumps)
        self.executing = False
        if self._is_copy:
            _exit_forked()
        self._answer(self._position - 1, kind, payload)

    def _answer(self, position: int, kind: int, payload: bytes | memoryview) -> None:
        if not self._results.write(position, kind, payload):
            self._link.send(HEADER.pack(0, position, kind), payload)
            return
        self._fence.acquire()
        self._fence.release()
        if self._words[ASLEEP]:
            self._words[ASLEEP] = 0
            self._link.wake()


def _stack_on_signal() -> int:
    """Write the stack of all threads into a file in memory upon `STACK_SIGNAL`, and return its descriptor.

    Also while the worker is busy in C code.
    """
    import faulthandler

    file = descriptors.move_high(os.memfd_create("procession-stack", os.MFD_CLOEXEC))
    faulthandler.register(STACK_SIGNAL, file, all_threads=True, chain=False)
    return file


def _exit_forked() -> None:
    """Exit a child that a task forked and that has returned from it: the worker itself answers."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass
    os._exit(0)
