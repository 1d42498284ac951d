"""Which resources the code of a function can use: by its arguments, the variables that it names, and theirs."""

from __future__ import annotations

import collections
import contextlib
import functools
import importlib
import logging
import logging.handlers
import multiprocessing
import multiprocessing.pool
import multiprocessing.queues
import os
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.core.resources import reach as supervisors
from procession.observer import SITE


class Thing:
    """A resource that the observer has reported under a key."""

    __module__ = "multiprocessing.queues"

    def __init__(self, key: str) -> None:
        self._procession_key = key

    def put(self, item: object = None) -> None:
        raise AssertionError


a, b, c = Thing("a"), Thing("b"), Thing("c")
held = {"deep": [(b,)]}


@pytest.fixture
def reached() -> Iterator[Callable[..., list[str] | None]]:
    sys.path.insert(0, SITE)
    yield importlib.import_module("_procession_observer.reach").reached
    sys.path.remove(SITE)


def sleeps(*_: object, **__: object) -> None:
    time.sleep(1)


def names_a() -> object:
    return a


def calls() -> object:
    return names_a()


def names_a_container() -> object:
    return held


def writes(descriptor: int = 1) -> None:
    os.write(descriptor, b"x")


def calls_what_writes() -> None:
    writes()


def has_a_default(thing: object = c) -> object:
    return thing


def makes_an_object() -> object:
    return Worker(None)


def stops_an_object() -> object:
    return Worker(None).stop()


def runs_text() -> object:
    return eval("a")


class Worker:
    """Has a resource, and names another in a method."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def run(self) -> None:
        sleeps()

    def stop(self) -> object:
        return a


class Thread(threading.Thread):
    """Of the standard library, which calls its methods."""

    def run(self) -> None:
        sleeps()

    def join(self, timeout: float | None = None) -> None:
        names_a()


class Store:
    """Calls a method of its queue in a method with another name."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue

    def store(self, item: object) -> None:
        self.queue.put(item)


class Filled:
    """Puts into its queue when it is made."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue
        if type(queue) is not Thing:
            queue.put(1)


class Derived(Filled):
    """Calls its base's."""

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)

    def run(self) -> None:
        type(self).__init__(self, self.queue)


class Properties:
    """Puts into its queue when a property is set."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue

    @property
    def last(self) -> object:
        return None

    @last.setter
    def last(self, item: object) -> None:
        self.queue.put(item)


class Writer:
    """A file for print() that puts what it gets into a queue."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue

    def write(self, text: str) -> None:
        self.queue.put(text)


def runs_what_it_gets(tasks: Any) -> None:
    for function in iter(tasks.get, None):
        function(tasks)


@contextlib.contextmanager
def closing(queue: Any) -> Iterator[None]:
    try:
        yield
    finally:
        queue.put(None)


def manages(queue: Any) -> None:
    with closing(queue):
        sleeps()


def sets_a_property(thing: Properties) -> None:
    thing.last = 1


class Guarded:
    """Puts a last item at the end of a with statement."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.queue.put(None)


def enters(guarded: Guarded) -> None:
    with guarded:
        pass


def prints(file: Any) -> None:
    print("x", file=file)


class Jobs(Thing):
    """A queue of the program's own class, in which methods may have any name."""

    __module__ = __name__


def puts(queue: Any) -> None:
    queue.put(1)


def stores(store: Store, item: object) -> None:
    store.store(item)


def starts(thread: threading.Thread) -> None:
    thread.start()


def makes_another(_: Filled) -> None:
    Filled(a)


def calls_by_name(thing: object, name: str) -> None:
    getattr(thing, name)()


def imports_later(queue: object) -> None:
    from not_loaded_yet import fill  # type: ignore[import-not-found]

    fill(queue)


class Slots:
    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing


class Dict(dict[str, object]):
    """A dict of another class."""


def hands_on(mine: Any, other: Any) -> None:
    mine.acquire()
    other.release()


def releases_its_own(lock: Any) -> None:
    lock.acquire()
    lock.release()


def releases_a_capture() -> None:
    capture: Any = open  # a local variable
    capture.release()


class Guard:
    """Acquires in one method and releases in another."""

    def __init__(self, lock: Any) -> None:
        self.lock = lock

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()

    def run(self) -> None:
        with self:
            pass


def closure() -> Callable[[], object]:
    mine = b
    return lambda: mine


@pytest.mark.parametrize(
    ("function", "given", "keys"),
    [
        (sleeps, (), []),
        (names_a, (), ["a"]),
        (calls, (), ["a"]),
        (names_a_container, (), ["b"]),
        (has_a_default, (), ["c"]),
        (writes, (), ["fd"]),
        (calls_what_writes, (), ["fd"]),
        (closure(), (), ["b"]),
        (makes_an_object, (), []),
        (stops_an_object, (), ["a"]),
        (Worker(b).run, (), ["b"]),
        (Thread().run, (), ["a"]),
        (puts, (a,), [".put", "a"]),
        (stores, (Store(a), 1), [".put", "a"]),
        (sleeps, (Store(a),), ["a"]),
        (sleeps, (a.put,), ["*a", "a"]),
        (sleeps, (Jobs("a"),), ["*a", "a"]),
        (runs_what_it_gets, (a,), ["*", ".get", "a"]),
        (manages, (a,), [".put", "a"]),
        (sets_a_property, (Properties(a),), [".put", "a"]),
        (prints, (Writer(a),), [".put", "a"]),
        (sleeps, (types.SimpleNamespace(queue=a),), ["*a", "a"]),
        (calls_by_name, (a, "put"), ["*", "a"]),
        (imports_later, (a,), ["*", "a"]),
        (sleeps, (Guarded(a),), ["a"]),
        (enters, (Guarded(a),), [".put", "a"]),
        (sleeps, (Writer(a),), ["a"]),
        (sleeps, ((a for _ in range(1)),), ["*", "a"]),
        (functools.partial(sleeps, b), (), ["b"]),
        (sleeps, ({"x": [a, (b, {c})]},), ["a", "b", "c"]),
        (sleeps, (Slots(a), Dict(x=b), collections.deque([c])), ["a", "b", "c"]),
        (sleeps, (functools.partial(sleeps, a), iter([b])), ["a", "b"]),
        (sleeps, (threading.Thread(target=sleeps, args=(a,)),), ["a"]),
        (sleeps, (threading.Thread(target=puts),), []),
        (starts, (threading.Thread(target=puts),), [".put"]),
        (makes_another, (Filled(a),), [".put", "a"]),
        (sleeps, (Filled(a),), ["a"]),
        (Derived(a).run, (), [".put", "a"]),
        (hands_on, (a, b), ["a", "b", "release"]),
        (lambda: [a.release() for _ in range(1)], (), ["a", "release"]),
        (releases_its_own, (a,), ["a"]),
        (releases_a_capture, (), []),
        (Guard(a).run, (), ["a"]),
    ],
)
def test_what_a_function_reaches(
    reached: Callable[..., list[str] | None], function: Callable[..., Any], given: tuple[Any, ...], keys: list[str]
) -> None:
    assert reached(function, *given) == keys


class Resource(Thing):
    """Has a method of the library, like a queue."""

    put = threading.Timer.cancel


@pytest.mark.parametrize(
    ("thread", "keys"),
    [
        (threading.Timer(1, sleeps), []),
        (threading.Timer(1, sleeps, (a,)), ["a"]),
        (threading.Timer(1, names_a), ["a"]),
        (threading.Timer(1, Resource("b").put), ["*b", "b"]),
        (threading.Timer(1, os.kill, (1, 1)), None),
        (threading.Timer(1, threading.Event().set), None),
    ],
)
def test_a_timer_uses_what_its_function_uses(
    reached: Callable[..., list[str] | None], thread: threading.Timer, keys: list[str] | None
) -> None:
    """A function of the library may do anything, such as to send a signal; the method of a resource uses that."""
    assert reached(thread.run) == keys


def test_threads_of_the_library_use_what_they_were_given(reached: Callable[..., list[str] | None]) -> None:
    """A feeder its queue, a log listener its queue and handlers, the threads of a pool its queues."""
    listener = logging.handlers.QueueListener(a, Slots(b))  # type: ignore[arg-type]
    assert reached(listener._monitor) == ["*", "*a", "a", "b"]
    feed = multiprocessing.queues.Queue._feed  # type: ignore[attr-defined]
    assert reached(feed, (collections.deque(), a)) == ["*", "a"]
    results = multiprocessing.pool.Pool._handle_results  # type: ignore[attr-defined]
    assert reached(results, (a, b, {})) == ["*", "a", "b"]


@pytest.mark.parametrize("function", [runs_text, time.sleep, threading.Event().wait, None])
def test_code_that_may_use_anything(reached: Callable[..., list[str] | None], function: Callable[..., Any]) -> None:
    """It runs text, or is of the standard library and does what it is told to."""
    assert reached(function) is None


def test_too_much_to_look_at(reached: Callable[..., list[str] | None]) -> None:
    assert reached(sleeps, [Slots(number) for number in range(5000)]) is None


def test_ends_of_pipes(reached: Callable[..., list[str] | None]) -> None:
    """They are known by their files."""
    for duplex, prefix in ((False, "pipe"), (True, "sock")):
        with multiprocessing.Pipe(duplex)[0] as end:
            assert reached(sleeps, end) == [f"{prefix}:{os.fstat(end.fileno()).st_ino}"]


def test_what_is_used_without_being_named(reached: Callable[..., list[str] | None]) -> None:
    """The handlers of logging: whoever writes a message uses them."""
    handler = logging.Handler()
    handler.queue = a  # type: ignore[attr-defined]
    assert reached(sleeps) == ["*a", "a"]
    handler.close()
    del handler


def test_no_code_of_the_program_runs(reached: Callable[..., list[str] | None]) -> None:
    class Trap:
        def __getattr__(self, name: str) -> object:
            raise AssertionError(name)

        def __iter__(self) -> Iterator[object]:
            raise AssertionError

        @property
        def value(self) -> object:
            raise AssertionError

        def __eq__(self, other: object) -> bool:
            raise AssertionError

        __hash__ = None  # type: ignore[assignment]

    trap = Trap()
    vars(trap)["thing"] = a
    assert reached(sleeps, trap) == ["a"]


@pytest.mark.parametrize("name", ["ANY", "CALLS", "DESCRIPTORS", "RELEASES", "ENDS"])
def test_marks_are_those_that_the_supervisor_knows(name: str) -> None:
    """They stand in two files: the observer imports nothing of the application."""
    assert getattr(importlib.import_module("_procession_observer.code_names"), name) == getattr(supervisors, name)


def test_code_that_runs_text_is_unknown_after_an_interruption() -> None:
    """It may use anything, which says nothing of one resource."""

    def runs() -> Any:
        exec("pass")
        return sys._getframe()

    assert importlib.import_module("_procession_observer.reach").used_after(runs()) == []
