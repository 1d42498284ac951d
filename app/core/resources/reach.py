"""What the code of processes, of their threads and of their signal handlers can use, as they report it.  Pure.

By keys of things; what is not known may use anything.
"""

from collections.abc import Collection, Iterator
from signal import SIGINT
from typing import TypeVar

from msgspec import Struct, field

from app.protocol.observer import Handling, Started, Threaded
from app.records.waits import FEEDER, HANDLER, MAIN, Node

#: Processes, and threads of a process, that are remembered, of each the newest.
_MAX_REMEMBERED = 1000
_LONGEST_NAME = 100
#: What the observer puts before the name of a method that code calls on something, and before the key of a resource of
#: which code may call any method; alone it is for all resources.
CALLS, ANY = ".", "*"
#: What the observer calls the descriptors, known only by number, that code writes to.
DESCRIPTORS = "fd"
#: What it calls the locks that code releases without having acquired them; which of those it can use, it does not say.
RELEASES = "release"
#: What it calls the processes that code ends or interrupts.
ENDS = "end"
_Keys = frozenset[str]
V = TypeVar("V")


class Reach(Struct):
    """By pid; of threads also by tid, of handlers by signal, where None is for anything.  ``names`` are of threads.

    ``alarms``: when a timer ends what the main thread waits for (monotonic).
    """

    processes: dict[int, _Keys] = field(default_factory=dict)
    threads: dict[int, dict[int, _Keys]] = field(default_factory=dict)
    handlers: dict[int, dict[int, _Keys | None]] = field(default_factory=dict)
    names: dict[int, dict[int, str]] = field(default_factory=dict)
    alarms: dict[int, float] = field(default_factory=dict)

    def started(self, word: Started) -> None:
        """Note what a child can use."""
        if word.reaches is not None:
            self.processes[word.child] = frozenset(word.reaches)
            _forget_oldest(self.processes)

    def threaded(self, pid: int, word: Threaded) -> None:
        """Note what a thread can use, and what it is called."""
        names = self.names.setdefault(pid, {})
        names[word.tid] = word.name[:_LONGEST_NAME]
        _forget_oldest(names)
        threads = self.threads.setdefault(pid, {})
        threads.pop(word.tid, None)
        if word.reaches is not None:
            threads[word.tid] = frozenset(word.reaches)
            _forget_oldest(threads)

    def handling(self, pid: int, word: Handling) -> None:
        """Note what the handler of a signal can use, or that there is none any more."""
        handlers = self.handlers.setdefault(pid, {})
        handlers.pop(word.signal, None)
        if not word.over:
            handlers[word.signal] = None if word.reaches is None else frozenset(word.reaches)
            _forget_oldest(handlers)

    def forked(self, parent: int, child: int) -> None:
        """Let a child have the handlers of its parent."""
        if handlers := self.handlers.get(parent):
            self.handlers[child] = {**handlers, **self.handlers.get(child, {})}

    def gone(self, pid: int) -> None:
        """Forget a process that has ended."""
        for known in (self.processes, self.threads, self.handlers, self.names, self.alarms):
            known.pop(pid, None)

    def of_process(self, pid: int, keys: Collection[str], methods: Collection[str] = ()) -> bool:
        """Return whether its code can use what has one of these keys, and calls one of the methods if any are given."""
        return _calls(self.processes.get(pid), keys, methods)

    def of_thread(self, pid: int, tid: int, keys: Collection[str], methods: Collection[str] = ()) -> bool:
        """Return the same of one of its threads."""
        return _calls(self.threads.get(pid, {}).get(tid), keys, methods)

    def releases(self, pid: int, tid: int, keys: Collection[str], *, if_unknown: bool) -> bool:
        """Return whether a thread, or a process for tid 0, releases one of these locks that somebody else acquired.

        ``if_unknown``: what to return where its code is unknown.
        """
        reach = self.threads.get(pid, {}).get(tid) if tid else self.processes.get(pid)
        return if_unknown if reach is None else RELEASES in reach and _includes(reach, keys)

    def of_feeder(self, pid: int, tid: int) -> Collection[str]:
        """Return what the feeder thread of a queue was given; nothing for another thread, or if that is unknown."""
        known = self.threads.get(pid, {}).get(tid) if self.names.get(pid, {}).get(tid) == FEEDER else None
        return known or ()

    def of_handlers(self, pid: int, keys: Collection[str]) -> bool:
        """Return the same of its signal handlers; False if it has none."""
        return any(_includes(reach, keys) for reach in self.handlers.get(pid, {}).values())

    def enders(self) -> Iterator[Node]:
        """Yield the threads and handlers whose code ends or interrupts processes."""
        yield from ((pid, MAIN) for pid, reach in self.processes.items() if ENDS in reach)
        for pid, threads in self.threads.items():
            yield from ((pid, tid) for tid, reach in threads.items() if ENDS in reach)
        for pid, handlers in self.handlers.items():
            if any(reach and ENDS in reach for number, reach in handlers.items() if number != SIGINT):
                yield pid, HANDLER

    def interruptible(self) -> frozenset[int]:
        """Return the processes that expect Ctrl-C and then end processes or put something."""
        return frozenset(pid for pid, handlers in self.handlers.items() if ENDS in (handlers.get(SIGINT) or ()))

    def handles(self, pid: int) -> bool:
        """Return whether it has handlers of signals."""
        return bool(self.handlers.get(pid))


def _includes(reach: _Keys | None, keys: Collection[str]) -> bool:
    return reach is None or not reach.isdisjoint(keys)


def _calls(reach: _Keys | None, keys: Collection[str], methods: Collection[str]) -> bool:
    if reach is None:
        return True
    any_ = {ANY, *(ANY + key for key in keys)}
    called = {CALLS + method for method in methods}
    return not reach.isdisjoint(keys) and (not methods or not reach.isdisjoint(any_ | called))


def _forget_oldest(known: dict[int, V]) -> None:
    if len(known) > _MAX_REMEMBERED:
        del known[next(iter(known))]
