"""Starts children through `procession.child` as the supervisor does, without the supervisor."""

import contextlib
import multiprocessing
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from app.protocol import reports
from procession.child import main as child
from tests.waiting import wait_until

METHODS = ("forkserver", "spawn", "fork")
PRELOAD = ["procession.child.preload"]


@dataclass
class Started:
    """One child: its Process, our end of its report socket, and its files."""

    process: BaseProcess
    socket: socket.socket
    log: Path
    stack: Path
    reports: list[Any] = field(default_factory=list)

    @property
    def pid(self) -> int:
        assert self.process.pid
        return self.process.pid

    def read_reports(self) -> list[Any]:
        """All reports so far; what is none fails here, where the supervisor would pass over it."""
        with contextlib.suppress(BlockingIOError):
            while datagram := self.socket.recv(2 * reports.MAX_REPORT):
                assert len(datagram) <= reports.MAX_REPORT
                report = reports.decode_report(datagram)
                assert report is not None, datagram
                self.reports.append(report)
        return self.reports

    def of_kind(self, kind: type) -> list[Any]:
        return [report for report in self.read_reports() if isinstance(report, kind)]

    def wait_for(self, kind: type, is_it: Callable[[Any], bool] = lambda _report: True) -> Any:
        """The first report of this kind for which `is_it` is true."""
        found = wait_until(
            lambda: [report for report in self.of_kind(kind) if is_it(report)],
            message=f"{kind.__name__}; there are {self.reports}, and the log has {self.log_text()}",
        )
        return found[0]

    def log_text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def wait_for_log(self, text: str) -> str:
        """The log, once `text` is in it and its last line is complete."""

        def written() -> str:
            log = self.log_text()
            return log if text in log and log.endswith("\n") else ""

        return wait_until(written, message=f"{text!r} in the log")

    def end(self) -> int | None:
        """Its exit code, once it has ended by itself."""
        self.process.join(30)
        self.read_reports()
        return self.process.exitcode

    def clean_up(self) -> None:
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        self.process.close()
        self.socket.close()


class BareSupervisor:
    """Starts children whose code lies in `folder`, and ends them all on the way out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[Started] = []
        self.lifeline, self._held = multiprocessing.Pipe(duplex=False)

    def write(self, name: str, code: str) -> None:
        """Make a file of the user's."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)

    def start(self, method: str, target: str, **options: Any) -> Started:
        """Start `module:function`; `options` are entries of the job, and `daemon`, `name` and `pool_socket`."""
        number = len(self.started)
        pool_socket = options.pop("pool_socket", None)
        log, stack = self.folder / f"{number}.log", self.folder / f"{number}.stack"
        process_options = {name: options.pop(name) for name in ("daemon", "name") if name in options}
        module, _, qualname = target.partition(":")
        job = {
            "id": f"p{number}",
            "module": module,
            "qualname": qualname,
            "log": str(log),
            "stack": str(stack),
            "nofile": 1024,
        }
        job |= {"path": str(self.folder), "root": None, "args": [], "kwargs": {}} | options
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        context: Any = multiprocessing.get_context(method)
        process = context.Process(target=child.main, args=(job, theirs, self.lifeline, pool_socket), **process_options)
        with theirs:
            process.start()
        self.started.append(Started(process, ours, log, stack))
        return self.started[-1]

    def close(self) -> None:
        for started in self.started:
            started.clean_up()
        self.lifeline.close()
        self._held.close()


@contextlib.contextmanager
def bare_supervisor(folder: Path) -> Iterator[BareSupervisor]:
    """A bare supervisor, with a forkserver that has the preload whatever was tested before."""
    multiprocessing.set_forkserver_preload(PRELOAD)
    if forkserver._forkserver._forkserver_pid and getattr(forkserver, "_started_with", None) != PRELOAD:
        forkserver._forkserver._stop()
    forkserver._started_with = PRELOAD
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    supervisor = BareSupervisor(folder)
    try:
        yield supervisor
    finally:
        supervisor.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)
