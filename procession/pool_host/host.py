"""The host: reads what it is asked, has it done, and answers; nothing that is asked holds up anything else.

The main thread alone reads, and waits for nothing but the next word.  What changes the pool (submit, resize, close) is
done in its order by one thread of its own, because a submit imports the user's module; what waits for an end has a
thread for itself; the rest is done at once.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic
from types import FrameType
from typing import Any

from procession.pool import Pool, PoolBroken

from . import asks, limits, wording
from .answers import Answers
from .asks import ActOnWorker, Ask, Close, JoinPool, ReadJob, Resize, Submit, Terminate
from .book import Book
from .refusals import Refused, not_possible
from .reporter import Reporter
from .wire import TooLarge, Wake, Wire

MAX_WAITING = 64
_OF_WORKERS = ("procession.pool.worker.worker", "procession.pool_host.limits", "inspect", "typing")
_METHODS = ("forkserver", "spawn", "fork")
#: The pool's own grace for its workers is 2 s.
_ENDS_WITHIN_S = 8.0
_LAST_ANSWERS_S = 1.0


class Host:
    """Owns the pool.  Raises ValueError for a wrong parameter, and whatever starting a worker raises."""

    def __init__(
        self, wire: Wire, processes: int | None, start_method: str, maxtasksperchild: int | None, retries: int
    ) -> None:
        if start_method not in _METHODS:
            raise ValueError(f"start_method must be one of {', '.join(_METHODS)}, not {start_method!r}")
        self._wire = wire
        self._wake = Wake()
        self._asked_to_stop = self._is_over = False
        self._stop_on_signals()
        # What workers consist of, and `inspect` and `typing`, which nearly every target imports: 23 ms of CPU in each.
        multiprocessing.set_forkserver_preload(list(_OF_WORKERS))
        self._pool = Pool(
            processes,
            initializer=limits.restore_limit,
            initargs=(limits.raise_limit(),),
            maxtasksperchild=maxtasksperchild,
            context=multiprocessing.get_context(start_method),
            retries=retries,
        )
        book = Book()
        self._reporter = Reporter(wire, self._pool, book, self._over)
        self._answers = Answers(self._pool, book, self._reporter)
        self._orders: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._waiting: set[threading.Thread] = set()
        self._started_by = start_method

    def run(self) -> None:
        """Serve until the pool is over, we are asked to stop, or the supervisor has gone; raises `PoolBroken`."""
        threading.Thread(target=self._do_orders, name="orders", daemon=True).start()
        workers = wording.count(self._pool.statistics().processes, "worker")
        self._reporter.note("pool", f"The pool is open, with {workers} by {self._started_by}.")
        self._reporter.start()
        poll = select.poll()
        poll.register(self._wire.fileno(), select.POLLIN)
        poll.register(self._wake.fileno(), select.POLLIN)
        try:
            while not (self._is_over or self._asked_to_stop):
                if any(fd == self._wire.fileno() for fd, _ in poll.poll()):
                    self._hear(self._wire.receive())
        except EOFError:
            sys.stderr.write("The supervisor has gone: the pool ends.\n")
        finally:
            self._end()
        if why := self._pool.statistics().error:
            raise PoolBroken(why)

    # Hearing

    def _hear(self, word: dict[str, Any]) -> None:
        number = word.get("number")
        if not isinstance(number, int):
            sys.stderr.write("A word that is no ask was passed over.\n")
            return
        try:
            ask = asks.read(word.get("ask"))
        except Refused as refused:
            self._refuse(number, refused)
            return
        self._have_done(number, ask)

    def _have_done(self, number: int, ask: Ask) -> None:
        """Each in the way that lets it hold up nobody."""
        match ask:
            case Submit() | Resize() | Close():
                self._orders.put(lambda: self._answer(number, ask))
            case Terminate() | JoinPool() | ActOnWorker(verb="terminate" | "kill"):
                self._answer_in_a_thread(number, ask)
            case ReadJob() | ActOnWorker():
                self._answer(number, ask)

    def _do_orders(self) -> None:
        while True:
            self._orders.get()()

    def _answer_in_a_thread(self, number: int, ask: Ask) -> None:
        self._waiting = {thread for thread in self._waiting if thread.is_alive()}
        if len(self._waiting) >= MAX_WAITING and not isinstance(ask, Terminate):
            self._refuse(number, not_possible(f"{MAX_WAITING} requests to this pool are waiting already"))
            return
        thread = threading.Thread(target=self._answer, args=(number, ask), daemon=True)
        self._waiting.add(thread)
        thread.start()

    # Answering

    def _answer(self, number: int, ask: Ask) -> None:
        try:
            result = self._answers.to(ask)
            if not isinstance(ask, ReadJob):
                self._reporter.publish_and_go_on()  # whoever reads the pool after this answer sees its effect
            self._wire.send("reply", number=number, result=result)
        except Refused as refused:
            self._refuse(number, refused)
        except TooLarge as error:
            self._refuse(number, not_possible(f"the answer is too large: {error}"))
        except Exception as error:  # noqa: BLE001 - a bug of ours, shown in the log: one ask fails, the pool goes on
            sys.excepthook(*sys.exc_info())
            self._refuse(number, not_possible(f"the pool's host failed: {type(error).__name__}: {error}"))

    def _refuse(self, number: int, refused: Refused) -> None:
        detail = refused.detail
        self._wire.send("refused", number=number, reason=refused.reason, detail=detail, field=refused.field)

    # The end

    def _over(self) -> None:
        """Called by the reporter."""
        self._is_over = True
        self._wake.set()

    def _stop_on_signals(self) -> None:
        owner = os.getpid()

        def stop(signum: int, _frame: FrameType | None) -> None:
            if os.getpid() != owner:  # a worker that has just been forked
                signal.signal(signum, signal.SIG_DFL)
                os.kill(os.getpid(), signum)
                return
            self._asked_to_stop = True
            self._wake.set()

        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, stop)

    def _end(self) -> None:
        """Workers first; then the last answers, the last state, and what came of the jobs."""
        if self._pool.statistics().state not in ("closed", "terminated"):
            ending = threading.Thread(target=self._pool.terminate, daemon=True)
            ending.start()
            ending.join(_ENDS_WITHIN_S)
        self._pool.join(_ENDS_WITHIN_S)
        deadline = monotonic() + _LAST_ANSWERS_S
        for thread in self._waiting:
            thread.join(max(deadline - monotonic(), 0.0))
        self._reporter.stop()
        self._reporter.publish()
        for detail in self._answers.last_details():
            self._wire.send("detail", detail=detail)
