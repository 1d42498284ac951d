"""`procession serve`: keep the supervisor and the web process alive, and end last.

    terminal, init ──SIGTERM, SIGINT, SIGHUP──▶ launcher ──starts, SIGTERM, SIGKILL──▶ supervisor, web
    kernel ─────────SIGCHLD, orphans to adopt──▶    │
    web ◀────GET /readyz until it answers 200───────┘──▶ one line on standard output

Small on purpose: it never imports Flask and never runs a user's code, so little can crash it.  It holds the listening
socket, so that a web process that died is replaced without a refused connection.  It holds, but never reads, a socket
pair in which a supervisor keeps descriptors for the next one.  It is a subreaper, so that nothing left by a killed
supervisor escapes.  It reaps with waitpid(-1), so that it can be process 1 of a container.  One blocking point: every
signal, SIGCHLD too, writes a byte into a pipe that it polls.
"""

import contextlib
import json
import os
import signal
import socket
import time
from collections import deque
from dataclasses import replace
from enum import Enum, auto
from urllib.parse import quote

from app import home, settings
from app.linux import heartbeat, lifeline, own_files, proc
from app.linux.heartbeat import Heartbeat
from app.settings import Settings, SettingsError
from app.standard_error import say

from .address import CannotListen, listen
from .cgroup import Cgroup
from .guardian import GUARDIAN_DIED, guarded
from .home_lock import AlreadyServed, HomeLock
from .probe import Probe
from .service import Service
from .sweep import Sweeper
from .wakeup import Wakeup

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
#: How long the supervisor may take to end everything once the guardian is dead.
UNGUARDED_GRACE_S = 3.0
WEB_GRACE_S = 5.0
HELPERS_GRACE_S = 1.0
SWEEP_PAUSE_S = 0.02
#: A second stop signal within this time is ignored: the kernel and a shell may both send SIGHUP for one terminal.
SAME_REQUEST_S = 0.5
#: Between two checks of the heartbeats.
HEARTBEAT_CHECK_S = 1.0
#: With the supervisor its processes end, so it gets more time; the web process holds nothing.
REPLACE_SUPERVISOR_AFTER_S = 60.0
REPLACE_WEB_AFTER_S = 15.0
#: Without a supervisor there is nothing to serve: after so many failed starts in a row the launcher ends.
MAX_SUPERVISOR_FAILURES = 6


class Phase(Enum):
    """The phases of the launcher, in the only order possible."""

    SERVING = auto()
    STOPPING = auto()
    CLOSING = auto()
    SWEEPING = auto()
    DONE = auto()


def serve(*, as_json: bool = False) -> int:
    """Serve until asked to stop; return the exit code of `procession serve`."""
    try:
        chosen = settings.load()
        lock = HomeLock(chosen.home)
        chosen = _with_token(chosen)
        listener = listen(chosen.host, chosen.port)
    except (SettingsError, AlreadyServed, CannotListen, OSError) as error:
        say(str(error))
        return 1
    with listener:
        return guarded(lambda group: Launcher(chosen, lock, listener, group, as_json=as_json).run(), listener.close)


def _with_token(chosen: Settings) -> Settings:
    """Return the settings with a token: a damaged token file is replaced, which only the holder of the lock may do."""
    if chosen.token:
        return chosen
    path = chosen.home / "token"
    say(f"{path} holds no token; moved it to {own_files.set_aside(path).name} and made a new one")
    return replace(chosen, token=home.token(chosen.home))


class Launcher:
    """The loop: wait, handle signals, reap, start what should run."""

    def __init__(
        self, chosen: Settings, lock: HomeLock, listener: socket.socket, group: Cgroup, *, as_json: bool
    ) -> None:
        lifeline.adopt_orphans()
        address = listener.getsockname()[:2]
        chosen = replace(chosen, port=address[1], listen_fd=-1, epoch=proc.booted_at())
        chosen = replace(chosen, launcher_pid=os.getpid(), guardian_pid=os.getppid())
        beats = {name: heartbeat.create() for name in ("supervisor", "web")}
        chosen = replace(chosen, supervisor_beat_fd=beats["supervisor"])
        for_web = replace(chosen, listen_fd=listener.fileno(), beat_fd=beats["web"])
        # Used by app.supervisor.handover.descriptors.
        self._descriptor_store = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ends = [end.fileno() for end in self._descriptor_store]
        for_supervisor = replace(
            chosen,
            token="none",  # noqa: S106
            viewer_token="",
            park_fd=ends[0],
            unpark_fd=ends[1],
            beat_fd=beats["supervisor"],
        )
        # A forked child can read the supervisor's initial environment, so the tokens are not in it.
        self._supervisor = Service(
            "supervisor",
            "app.supervisor",
            for_supervisor.environment(),
            pass_fds=(*ends, *beats.values()),
            give_up_after=MAX_SUPERVISOR_FAILURES,
            heartbeat=Heartbeat(beats["supervisor"]),
            replace_after_s=REPLACE_SUPERVISOR_AFTER_S,
        )
        self._web = Service(
            "web",
            "app.web",
            for_web.environment(),
            pass_fds=(listener.fileno(), *beats.values()),
            heartbeat=Heartbeat(beats["web"]),
            replace_after_s=REPLACE_WEB_AFTER_S,
        )
        self._lock = lock
        self._line = _line(chosen, as_json=as_json)
        self._probe: Probe | None = Probe(address, chosen.allowed_hosts[0])
        self._asked: deque[signal.Signals] = deque()
        self._wakeup = Wakeup((*STOP_SIGNALS, GUARDIAN_DIED), self._asked.append)
        self._supervisor_group = group.divided("supervisor")
        self._sweeper = Sweeper(self._supervisor_group.kill)
        self._phase = Phase.SERVING
        self._phase_at = time.monotonic()
        self._exit_code = 0
        self._kill_at: float | None = None

    def run(self) -> int:
        """Run until everything has stopped and no process is left."""
        while True:
            self._reconcile(time.monotonic())
            if self._phase is Phase.DONE:
                break
            self._wakeup.wait(self._timeout_s(time.monotonic()), self._probe.fd if self._probe else None)
            self._reap(time.monotonic())
            while self._asked:
                self._stop(self._asked.popleft(), time.monotonic())
        self._wakeup.ignore_signals()
        self._lock.close()
        return self._exit_code

    def _timeout_s(self, now: float) -> float | None:
        deadlines: list[float] = []
        if self._sweeper.left:
            deadlines = [now + SWEEP_PAUSE_S]
        elif self._phase is Phase.SERVING:
            deadlines = [now + HEARTBEAT_CHECK_S]
            deadlines += [service.start_at for service in (self._supervisor, self._web) if service.pid is None]
            deadlines += [self._probe.next_at] if self._probe and self._web.pid else []
        elif self._phase is Phase.CLOSING:
            deadlines = [self._phase_at + WEB_GRACE_S]
        elif self._phase is Phase.STOPPING:
            deadlines = [now + HEARTBEAT_CHECK_S]
            deadlines += [] if self._kill_at is None else [self._kill_at]
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
        if service is self._supervisor and exitcode == os.EX_CONFIG and self._probe:
            # It has reported why it cannot start.  Once it has served, the cause may pass: then it is restarted.
            self._exit_code, self._probe = 1, None
            self._enter(Phase.STOPPING, now)
        service.ended(exitcode, now, expected=self._phase is not Phase.SERVING)
        if service is self._supervisor:
            # When it has ended by itself, its forkserver and resource tracker are about to end, too.
            self._sweeper.begin(now, HELPERS_GRACE_S if exitcode in (os.EX_OK, os.EX_CONFIG) else 0.0)

    def _reconcile(self, now: float) -> None:
        if self._sweeper.busy:
            self._sweeper.round(now, self._web.pid if self._phase is not Phase.SWEEPING else None)
        if self._sweeper.busy:
            return
        if self._phase is Phase.SERVING:
            self._keep_alive(now)
        if self._phase in (Phase.SERVING, Phase.STOPPING):
            for service in (self._supervisor, self._web):
                service.check_heartbeat(now)
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            self._supervisor.signal(signal.SIGKILL)
        if self._phase is Phase.STOPPING and self._supervisor.pid is None:
            self._enter(Phase.CLOSING, now)
            self._web.signal(signal.SIGTERM)
        if self._phase is Phase.CLOSING and (self._web.pid is None or now >= self._phase_at + WEB_GRACE_S):
            self._enter(Phase.SWEEPING, now)
            self._sweeper.begin(now)
            self._sweeper.round(now)
        if self._phase is Phase.SWEEPING and not self._sweeper.busy:
            self._enter(Phase.DONE, now)

    def _enter(self, phase: Phase, now: float) -> None:
        self._phase, self._phase_at = phase, now

    def _keep_alive(self, now: float) -> None:
        if self._supervisor.has_given_up:
            failures = self._supervisor.failures
            say(f"giving up: the supervisor exited right after its start {failures} times in a row")
            self._exit_code = 1
            self._enter(Phase.STOPPING, now)
            return
        due = [each for each in (self._supervisor, self._web) if each.pid is None and now >= each.start_at]
        for service in due:
            service.start(now)
        if self._supervisor in due and self._supervisor.pid:
            self._supervisor_group.add(self._supervisor.pid)
        if due:
            self._lock.note((os.getppid(), self._supervisor.pid, self._web.pid, os.getpid()))
        if self._probe and self._web.pid and self._probe.step(now):
            self._probe = None
            with contextlib.suppress(OSError):
                print(self._line, flush=True)

    def _stop(self, number: signal.Signals, now: float) -> None:
        if number == GUARDIAN_DIED:
            # The supervisor has noticed it too, and ends everything quickly.
            say("the guardian was killed: ending all processes")
            self._kill_at = now + UNGUARDED_GRACE_S
            if self._phase is Phase.SERVING:
                self._enter(Phase.STOPPING, now)
            self._probe = None
        elif self._phase is Phase.SERVING:
            say(f"{number.name}: stopping; send it again to kill all processes at once")
            self._enter(Phase.STOPPING, now)
            self._probe = None
            self._supervisor.signal(signal.SIGTERM)
        elif now >= self._phase_at + SAME_REQUEST_S:
            say(f"{number.name}: killing all processes")
            self._supervisor.signal(signal.SIGKILL)
            self._web.signal(signal.SIGKILL)


def _line(chosen: Settings, *, as_json: bool) -> str:
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    url = f"http://{host}:{chosen.port}/?token={quote(chosen.token)}"
    return json.dumps({"url": url}) if as_json else f"Procession is running at {url}"
