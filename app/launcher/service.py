"""One of the launcher's two long-running processes: start it, and restart it with a growing delay."""

import os
import signal
import subprocess
import sys

from app.linux.heartbeat import FROZEN_S, Heartbeat, Silence
from app.standard_error import say

#: A process that was killed before it had run this long counts as a failure.
STABLE_S = 5.0
#: The same for a process that exited, as one that cannot start does: on a busy machine that took 6 s.
STABLE_UNTIL_EXIT_S = 60.0
#: One that has not responded for so long since its start is replaced; on a busy machine a start takes many seconds.
START_WITHIN_S = 60.0
FIRST_DELAY_S, MAX_DELAY_S = 0.1, 5.0


class Service:
    """A process that should run: ``pid`` while it does, ``start_at`` (monotonic) when it may start again.

    If it ends before `STABLE_S`, or `STABLE_UNTIL_EXIT_S`, that is a failure; each failure in a row doubles the delay
    before the next start.
    """

    def __init__(
        self,
        name: str,
        module: str,
        environment: dict[str, str],
        *,
        pass_fds: tuple[int, ...] = (),
        give_up_after: int | None = None,
        heartbeat: Heartbeat,
        replace_after_s: float,
    ) -> None:
        self._silence, self._replace_after_s = Silence(heartbeat), replace_after_s
        self._is_frozen = False
        self.name = name
        self.pid: int | None = None
        self.start_at = 0.0
        self.failures = 0
        # -P: do not import a package `app` from the current folder, which would be the user's.
        self._command = (sys.executable, "-P", "-m", module)
        self._environment = environment
        self._pass_fds = pass_fds
        self._give_up_after = give_up_after
        self._started_at = 0.0

    @property
    def has_given_up(self) -> bool:
        """Whether it has failed so often in a row that it is not started again."""
        return self._give_up_after is not None and self.failures >= self._give_up_after

    def start(self, now: float) -> None:
        """Start it in a session of its own, so that Ctrl-C in the terminal reaches only the launcher."""
        self._started_at = now
        self._silence.begin(now)
        self._is_frozen = False
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=2,
                env=os.environ | self._environment,
                pass_fds=self._pass_fds,
                start_new_session=True,
            )
        except OSError as error:
            self._failed(f"could not be started: {error}", now, STABLE_S)
            return
        self.pid = process.pid
        process.returncode = 0  # The launcher reaps it itself, by waitpid(-1)

    def ended(self, exitcode: int, now: float, *, expected: bool) -> None:
        """Note the end; unless it was ``expected``, write a line and plan the next start."""
        pid, self.pid = self.pid, None
        if not expected:
            killed = f"was killed by {signal.Signals(-exitcode).name}" if exitcode < 0 else None
            stable_s = STABLE_S if killed else STABLE_UNTIL_EXIT_S
            self._failed(f"(pid {pid}) {killed or f'exited with code {exitcode}'}", now, stable_s)

    def check_heartbeat(self, now: float) -> None:
        """Report that it does not respond, and kill it after a while: it is then replaced as after a crash."""
        if self.pid is None:
            return
        silent_s, who = self._silence.look(now), f"the {self.name} (pid {self.pid})"
        replace_after_s = self._replace_after_s if self._silence.began else START_WITHIN_S
        if silent_s < (FROZEN_S if self._silence.began else START_WITHIN_S):
            if self._is_frozen:
                say(f"{who} is responding again")
            self._is_frozen = False
            return
        if not self._is_frozen and silent_s < replace_after_s:
            self._is_frozen = True
            left_s = replace_after_s - silent_s
            say(f"{who} has not responded for {silent_s:.0f} s; replacing it in {left_s:.0f} s")
        if silent_s >= replace_after_s:
            say(f"{who} has not responded for {silent_s:.0f} s: killing it")
            self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Signal it if it runs; its pid cannot be reused before the launcher has reaped it."""
        if self.pid is not None:
            os.kill(self.pid, number)

    def _failed(self, what: str, now: float, stable_s: float) -> None:
        self.failures = self.failures + 1 if now - self._started_at < stable_s else 0
        delay_s = min(FIRST_DELAY_S * 2**self.failures, MAX_DELAY_S) if self.failures else 0.0
        self.start_at = now + delay_s
        if not self.has_given_up:
            say(f"the {self.name} {what}; restarting in {delay_s:.1f} s")
