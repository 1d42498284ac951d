"""`procession serve`: keeps the supervisor and the web process alive, and is the last to leave.

    terminal, init ──SIGTERM, SIGINT, SIGHUP──▶ launcher ──starts, SIGTERM, SIGKILL──▶ supervisor, web
    kernel ─────────SIGCHLD, orphans to adopt──▶    │
    web ◀────GET /readyz until it says 200──────────┘──▶ one line on standard output

Tiny on purpose: what never imports Flask and never runs a user's code hardly ever dies.  It holds the
listening socket, so that a web process that died is replaced without one refused connection; it holds a
socket pair in which a supervisor leaves descriptors to the one after it, and never looks into it; it is a
subreaper, so that nothing which a killed supervisor leaves behind gets away; and it reaps with waitpid(-1),
so that it may be process 1 of a container.  One blocking point: every signal, SIGCHLD too, writes one byte
into a pipe that is in the wait.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import time
from collections import deque
from dataclasses import replace
from enum import Enum, auto
from urllib.parse import quote

from app import settings
from app.linux import lifeline
from app.settings import Settings, SettingsError

from .home_lock import AlreadyServed, HomeLock
from .probe import Probe
from .service import Service, say
from .sweep import Broom
from .wakeup import Wakeup

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WEB_GRACE_S = 5.0
FAREWELL_S = 1.0
SWEEP_PAUSE_S = 0.02
# The kernel and a shell may both send SIGHUP when a terminal closes: one wish.
SAME_WISH_S = 0.5


class CannotListen(Exception):
    """The address cannot be bound; the text is one line for people."""


class Phase(Enum):
    """Where the launcher is; it only ever moves on to the next."""

    SERVING = auto()
    STOPPING = auto()
    CLOSING = auto()
    SWEEPING = auto()
    DONE = auto()


def serve(*, as_json: bool = False) -> int:
    """Serve until asked to stop; the exit code of `procession serve`."""
    try:
        chosen = settings.load()
        lock = HomeLock(chosen.home)
        listener = _listen(chosen.host, chosen.port)
    except (SettingsError, AlreadyServed, CannotListen, OSError) as error:
        say(str(error))
        return 1
    with listener:
        return Launcher(chosen, lock, listener, as_json=as_json).run()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        advice = "; set PROCESSION_PORT to another port, or to 0 for any" if error.errno == errno.EADDRINUSE else ""
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}{advice}") from None
    listener.listen(1024)
    return listener


class Launcher:
    """The loop: wait, take signals, reap, reconcile what should run with what runs."""

    def __init__(self, chosen: Settings, lock: HomeLock, listener: socket.socket, *, as_json: bool) -> None:
        lifeline.adopt_orphans()
        address = listener.getsockname()[:2]
        chosen = replace(chosen, port=address[1], launcher_pid=os.getpid(), listen_fd=-1)
        for_web = replace(chosen, listen_fd=listener.fileno())
        # See app.supervisor.handover.descriptors.
        self._parking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ends = [end.fileno() for end in self._parking]
        for_supervisor = replace(chosen, token="none", viewer_token="", park_fd=ends[0], unpark_fd=ends[1])  # noqa: S106
        # Six short lives in a row end it: without a supervisor there is nothing to serve.
        # A fork child can read the supervisor's first environment: the tokens are not in it.
        self._supervisor = Service(
            "supervisor", "app.supervisor", for_supervisor.environment(), pass_fds=tuple(ends), give_up_after=6
        )
        self._web = Service("web", "app.web", for_web.environment(), pass_fds=(listener.fileno(),))
        self._lock = lock
        self._line = _line(chosen, as_json=as_json)
        self._probe: Probe | None = Probe(address, chosen.allowed_hosts[0])
        self._asked: deque[signal.Signals] = deque()
        self._wakeup = Wakeup(STOP_SIGNALS, self._asked.append)
        self._broom = Broom()
        self._phase = Phase.SERVING
        self._phase_at = time.monotonic()
        self._exit_code = 0

    def run(self) -> int:
        """Turn the loop until everything is stopped and nothing is left."""
        while True:
            self._reconcile(time.monotonic())
            if self._phase is Phase.DONE:
                break
            self._wakeup.wait(self._timeout_s(time.monotonic()), self._probe.fd if self._probe else None)
            self._reap(time.monotonic())
            while self._asked:
                self._stop(self._asked.popleft(), time.monotonic())
        self._wakeup.deafen()
        self._lock.close()
        return self._exit_code

    def _timeout_s(self, now: float) -> float | None:
        deadlines: list[float] = []
        if self._broom.left:
            deadlines = [now + SWEEP_PAUSE_S]
        elif self._phase is Phase.SERVING:
            deadlines = [service.start_at for service in (self._supervisor, self._web) if service.pid is None]
            deadlines += [self._probe.next_at] if self._probe and self._web.pid else []
        elif self._phase is Phase.CLOSING:
            deadlines = [self._phase_at + WEB_GRACE_S]
        return max(0.0, min(deadlines) - now) if deadlines else None

    def _reap(self, now: float) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for service in (self._supervisor, self._web):
                if service.pid == pid:
                    self._ended(service, os.waitstatus_to_exitcode(status), now)

    def _ended(self, service: Service, exitcode: int, now: float) -> None:
        service.ended(exitcode, now, expected=self._phase is not Phase.SERVING)
        if service is self._supervisor:
            # After an orderly stop its forkserver and resource tracker are about to go by themselves.
            self._broom.begin(now, FAREWELL_S if exitcode == 0 else 0.0)

    def _reconcile(self, now: float) -> None:
        if self._broom.busy:
            self._broom.round(now, self._web.pid if self._phase is not Phase.SWEEPING else None)
        if self._broom.busy:
            return
        if self._phase is Phase.SERVING:
            self._keep_alive(now)
        if self._phase is Phase.STOPPING and self._supervisor.pid is None:
            self._enter(Phase.CLOSING, now)
            self._web.signal(signal.SIGTERM)
        if self._phase is Phase.CLOSING and (self._web.pid is None or now >= self._phase_at + WEB_GRACE_S):
            self._enter(Phase.SWEEPING, now)
            self._broom.begin(now)
            self._broom.round(now)
        if self._phase is Phase.SWEEPING and not self._broom.busy:
            self._enter(Phase.DONE, now)

    def _enter(self, phase: Phase, now: float) -> None:
        self._phase, self._phase_at = phase, now

    def _keep_alive(self, now: float) -> None:
        if self._supervisor.hopeless:
            failures = self._supervisor.failures
            say(f"giving up: the supervisor ended {failures} times in a row right after its start")
            self._exit_code = 1
            self._enter(Phase.STOPPING, now)
            return
        due = [each for each in (self._supervisor, self._web) if each.pid is None and now >= each.start_at]
        for service in due:
            service.start(now)
        if due:
            self._lock.note((os.getpid(), self._supervisor.pid, self._web.pid))
        if self._probe and self._web.pid and self._probe.step(now):
            self._probe = None
            with contextlib.suppress(OSError):
                print(self._line, flush=True)

    def _stop(self, number: signal.Signals, now: float) -> None:
        if self._phase is Phase.SERVING:
            say(f"{number.name}: stopping in order; once more to kill everything at once")
            self._enter(Phase.STOPPING, now)
            self._probe = None
            self._supervisor.signal(signal.SIGTERM)
        elif now >= self._phase_at + SAME_WISH_S:
            say(f"{number.name}: killing everything at once")
            self._supervisor.signal(signal.SIGKILL)
            self._web.signal(signal.SIGKILL)


def _line(chosen: Settings, *, as_json: bool) -> str:
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    url = f"http://{host}:{chosen.port}/?token={quote(chosen.token)}"
    return json.dumps({"url": url}) if as_json else f"Procession is running at {url}"
