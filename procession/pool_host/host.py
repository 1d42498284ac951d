"""The host: reads requests, performs and answers them, none holding up another.

The main thread only reads, and blocks nowhere else.  Requests that change the pool (submit, resize, close) run in order
in a thread of their own, because a submit imports the user's module; each request that waits for an end has its own
thread; all others are answered at once.
"""

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

from procession import limits
from procession.pool import Pool, PoolBroken

from . import requests, wording
from .answers import Answers
from .book import Book
from .refusals import Refused, not_possible
from .reporter import Reporter
from .requests import ActOnWorker, Close, JoinPool, ReadJob, Request, Resize, Submit, Terminate
from .wire import TooLarge, Wake, Wire

MAX_WAITING = 64
_OF_WORKERS = ("procession.pool.worker_process.main", "procession.limits", "inspect", "typing")
_METHODS = ("forkserver", "spawn", "fork")
#: The pool terminates its workers with 2 s of grace.
_ENDS_WITHIN_S = 8.0
_LAST_ANSWERS_S = 1.0


class Host:
    """Owns the pool.  Raises ValueError for an invalid parameter, and whatever starting a worker raises."""

    def __init__(
        self, wire: Wire, processes: int | None, start_method: str, maxtasksperchild: int | None, retries: int
    ) -> None:
        if start_method not in _METHODS:
            raise ValueError(f"start_method must be one of {', '.join(_METHODS)}, not {start_method!r}")
        self._wire = wire
        self._wake = Wake()
        self._asked_to_stop = self._is_over = False
        self._stop_on_signals()
        # What workers need, and `inspect` and `typing`, which nearly every target imports: 23 ms of CPU in each.
        multiprocessing.set_forkserver_preload(list(_OF_WORKERS))
        self._pool = Pool(
            processes,
            initializer=limits.restore_file_limit,
            initargs=(limits.raise_file_limit(),),
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
        """Serve until the pool ends, a signal stops the host, or the supervisor has gone; raises `PoolBroken`."""
        threading.Thread(target=self._do_orders, name="orders", daemon=True).start()
        workers = wording.count(self._pool.statistics().processes, "worker")
        self._reporter.note("pool", f"Pool opened with {workers} ({self._started_by}).")
        self._reporter.start()
        poll = select.poll()
        poll.register(self._wire.fileno(), select.POLLIN)
        poll.register(self._wake.fileno(), select.POLLIN)
        try:
            while not (self._is_over or self._asked_to_stop):
                if any(fd == self._wire.fileno() for fd, _ in poll.poll()):
                    self._handle(self._wire.receive())
        except EOFError:
            sys.stderr.write("The supervisor has gone; ending the pool.\n")
        finally:
            self._end()
        if why := self._pool.statistics().error:
            raise PoolBroken(why)

    # Requests

    def _handle(self, message: dict[str, Any]) -> None:
        number = message.get("number")
        if not isinstance(number, int):
            sys.stderr.write("Ignored a message without a request number.\n")
            return
        try:
            request = requests.read(message.get("ask"))
        except Refused as refused:
            self._refuse(number, refused)
            return
        self._have_done(number, request)

    def _have_done(self, number: int, request: Request) -> None:
        """Answer the request in the thread where it holds up no other."""
        match request:
            case Submit() | Resize() | Close():
                self._orders.put(lambda: self._answer(number, request))
            case Terminate() | JoinPool() | ActOnWorker(verb="terminate" | "kill"):
                self._answer_in_a_thread(number, request)
            case ReadJob() | ActOnWorker():
                self._answer(number, request)

    def _do_orders(self) -> None:
        while True:
            self._orders.get()()

    def _answer_in_a_thread(self, number: int, request: Request) -> None:
        self._waiting = {thread for thread in self._waiting if thread.is_alive()}
        if len(self._waiting) >= MAX_WAITING and isinstance(request, JoinPool):  # only these wait for long
            self._refuse(number, not_possible(f"{MAX_WAITING} joins of this pool are already waiting"))
            return
        thread = threading.Thread(target=self._answer, args=(number, request), daemon=True)
        self._waiting.add(thread)
        thread.start()

    # Answering

    def _answer(self, number: int, request: Request) -> None:
        try:
            result = self._answers.to(request)
            if not isinstance(request, ReadJob):
                self._reporter.publish_and_wake()  # the effect must be visible before the answer is
            self._wire.send("reply", number=number, result=result)
        except Refused as refused:
            self._refuse(number, refused)
        except TooLarge as error:
            self._refuse(number, not_possible(f"the answer is too large: {error}"))
        except Exception as error:  # noqa: BLE001 - a bug of ours, shown in the log, fails only this request
            sys.excepthook(*sys.exc_info())
            self._refuse(number, not_possible(f"internal error of the pool host: {type(error).__name__}: {error}"))

    def _refuse(self, number: int, refused: Refused) -> None:
        detail = refused.detail
        self._wire.send("refused", number=number, reason=refused.reason, detail=detail, field=refused.field)

    # The end

    def _over(self) -> None:
        """Stop serving; called by the reporter."""
        self._is_over = True
        self._wake.set()

    def _stop_on_signals(self) -> None:
        owner = os.getpid()

        def stop(signum: int, _frame: FrameType | None) -> None:
            if os.getpid() != owner:  # a worker, just forked
                signal.signal(signum, signal.SIG_DFL)
                os.kill(os.getpid(), signum)
                return
            self._asked_to_stop = True
            self._wake.set()

        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, stop)

    def _end(self) -> None:
        """End the workers; send the last answers, the last state and the details of the jobs."""
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
