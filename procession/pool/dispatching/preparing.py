"""Threads that run the program's code before tasks can be sent: they iterate its iterables and pickle its arguments.

Usually there is one.  An iterable may block for any time, also on results of the same pool: the thread that waits for
it is then relieved (`relieve`), which means that it stays with this iterable, and another one does everything else.
They hold no lock while they run code of the program.
"""

from __future__ import annotations

import threading
import time
from _thread import allocate_lock
from collections import deque

from procession.pool.tasks.ledger import Ledger
from procession.pool.tasks.sources import Source
from procession.pool.tasks.task import described
from procession.pool.tasks.waiting import Hand
from procession.pool.workers.encoding import Encoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from procession.pool.tasks.task import Task

    class Owner(Protocol):
        """What they need of the dispatcher."""

        lock: threading.RLock

        def hand_out(self) -> None:
            """Send prepared tasks to workers that want some; with the lock held."""

        def wake_if_asleep(self) -> None:
            """Have the dispatcher's thread send prepared tasks."""

        def fail(self, error: BaseException) -> None:
            """End the pool: a thread of it has failed."""


#: How many tasks are taken at once.
_MOST = 16
#: What is prepared so soon after the task before it is left to the dispatcher, which sends all that there is.
_OFTEN_S = 0.0002
#: How long an iterable may block before the thread that iterates it is relieved.
STUCK_S = 0.05


class Preparing:
    """Starts and wakes the threads."""

    def __init__(self, owner: Owner, ledger: Ledger, encoder: Encoder) -> None:
        self._owner, self._ledger, self._encoder = owner, ledger, encoder
        self._preparers: list[_Preparer] = []
        self._current: _Preparer | None = None
        self.has_ended = False

    def start(self) -> None:
        """Start a thread, which takes the place of the current one; raises RuntimeError where that is impossible."""
        preparer = _Preparer(self, self._owner, self._ledger, self._encoder)
        self._preparers.append(preparer)
        try:
            preparer.thread.start()
        except BaseException:
            self._preparers.remove(preparer)
            raise
        self._current = preparer

    def ring(self) -> None:
        """Wake all threads; any thread may call it, without the lock."""
        for preparer in tuple(self._preparers):
            preparer.ring()

    def is_iterating(self) -> bool:
        """Whether the current thread may be waiting for an iterable: others may have to take turns with it."""
        return self._current is not None and self._current.iterating_since is not None

    def relieve(self, now: float) -> None:
        """Start another thread where the current one is stuck in an iterable while others wait; with the lock held."""
        current = self._current
        since = current.iterating_since if current else None
        if since is not None and now - since >= STUCK_S and self._ledger.queue:
            try:
                self.start()
            except RuntimeError:
                return  # no thread can be started: the others wait, as in the stdlib
            current.is_relieved = True  # type: ignore[union-attr]

    def is_pickling_here(self) -> bool:
        """Whether the calling thread is one of them, and pickles: what waits behind would wait for it."""
        me = threading.current_thread()
        return any(preparer.is_pickling for preparer in self._preparers if preparer.thread is me)

    def end(self) -> None:
        """Let the threads end; one that is blocked by the program's code ends when that returns."""
        self.has_ended = True
        self.ring()

    def remove(self, preparer: _Preparer) -> None:
        self._preparers.remove(preparer)

    def disown(self) -> None:
        """Forget the threads in a forked child, where they do not exist."""
        self.has_ended = True
        self._preparers.clear()
        self._current = None


class _Preparer:
    """One thread.  ``iterating_since`` is when it asked an iterable for an item that has not come, monotonic."""

    def __init__(self, preparing: Preparing, owner: Owner, ledger: Ledger, encoder: Encoder) -> None:
        self._preparing, self._owner, self._ledger, self._encoder = preparing, owner, ledger, encoder
        self._hand = Hand()
        self._bell = allocate_lock()
        self._bell.acquire()
        self._sent_at = 0.0
        self.iterating_since: float | None = None
        self.is_pickling = False
        self.is_relieved = False
        self.thread = threading.Thread(target=self._run, daemon=True, name="procession-pool-preparer")

    def ring(self) -> None:
        try:
            self._bell.release()
        except RuntimeError:
            pass  # it is ringing

    def _run(self) -> None:
        try:
            with self._owner.lock:
                self._ledger.hands.append(self._hand)
            while self._turn():
                pass
        except BaseException as error:  # noqa: BLE001 - a bug of ours must not leave callers waiting for ever
            self._owner.fail(error)
        finally:
            with self._owner.lock:
                if self._hand in self._ledger.hands:
                    self._ledger.hands.remove(self._hand)
                self._preparing.remove(self)

    def _turn(self) -> bool:
        with self._owner.lock:
            if self._preparing.has_ended:
                return False
            self._take()
        hand = self._hand
        if not hand.tasks and not hand.source:
            if self.is_relieved:
                return False
            self._bell.acquire()
            return True
        if hand.source:
            self._iterate(hand.source)
        while hand.tasks:
            self._prepare(hand.tasks)
        if hand.source and not self._ledger.has_room():  # only a relieved one keeps its source
            self._bell.acquire()
        return True

    def _take(self) -> None:
        """Take into the hand what is to be prepared next."""
        ledger, hand = self._ledger, self._hand
        if hand.source or self.is_relieved or not ledger.has_room():
            return
        if not ledger.queue:
            ledger.preparing = False
            return
        first = ledger.queue[0]
        if not ledger.preparing and not first.needs_preparing:
            return  # the dispatcher sends it as it is
        ledger.preparing = True
        if isinstance(first, Source) and not first.is_plain:
            hand.source = ledger.queue.popleft()  # type: ignore[assignment]
            return
        hand.tasks.extend(ledger.take_queued(1 if isinstance(first, Source) and first.are_large else _MOST))

    def _iterate(self, source: Source) -> None:
        """Take a few tasks, each of which may block; then put the source back, or keep it if this thread was relieved.

        Each is sent before the next one is asked for, which may come only when this one has been answered.
        """
        for _ in range(_MOST):
            if not self._ledger.has_room() or source.over or not source.room():
                break
            self.iterating_since = time.monotonic()
            made = source.take(1)
            self.iterating_since = None
            with self._owner.lock:
                if source.abandoned_with:  # meanwhile
                    for task in made:
                        task.settle(False, source.abandoned_with)
                    break
                self._hand.tasks.extend(made)
            if not made:
                break
            self._prepare(self._hand.tasks)
        with self._owner.lock:
            source.conclude()
            if source.over:
                self._hand.source = None
            elif not self.is_relieved or not source.room():
                self._hand.source = None
                self._ledger.give_way(source)

    def _prepare(self, tasks: deque[Task]) -> None:
        """Pickle the first task of the hand, and pass it on."""
        try:
            task, failure = tasks[0], None
        except IndexError:  # it was cancelled meanwhile, or the pool has ended
            return
        self.is_pickling = True
        try:
            self._encoder.prepare(task)
        except BaseException as error:  # noqa: BLE001 - the program's code raised it; the task fails with it
            failure = error.with_traceback(None), described(task)
        self.is_pickling = False
        with self._owner.lock:
            if not tasks or tasks[0] is not task:  # the pool has ended meanwhile, or the call was cancelled
                return
            tasks.popleft()
            if failure:
                self._ledger.failed += 1
                task.settle(False, *failure)
            else:
                self._ledger.add_prepared(task)
            if (now := time.monotonic()) - self._sent_at > _OFTEN_S:
                self._sent_at = now
                self._owner.hand_out()
            else:  # several at once cost less
                self._owner.wake_if_asleep()
