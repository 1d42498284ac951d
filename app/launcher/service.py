"""One of the launcher's two long-running processes: how it is started, and when again after it died."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

STABLE_S = 5.0
#: The same for one that ended by itself, as one that cannot start does; that took 6 s on a machine with too much to do.
STABLE_UNTIL_AN_ERROR_S = 60.0
MAX_DELAY_S = 5.0


def say(text: str) -> None:
    """One line of the launcher's own on standard error; standard output is kept for the address."""
    # The terminal may be gone; what there is to stop must be stopped all the same.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"procession: {text}\n")
        sys.stderr.flush()


class Service:
    """A process that should run: ``pid`` while it does, ``start_at`` (monotonic) when it may start again.

    A life shorter than `STABLE_S`, or `STABLE_UNTIL_AN_ERROR_S`, is a failure; failures in a row double the delay
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
    ) -> None:
        self.name = name
        self.pid: int | None = None
        self.start_at = 0.0
        self.failures = 0
        # -P: a package `app` in the folder from which we were called is the user's, not ours.
        self._command = (sys.executable, "-P", "-m", module)
        self._environment = environment
        self._pass_fds = pass_fds
        self._give_up_after = give_up_after
        self._started_at = 0.0

    @property
    def hopeless(self) -> bool:
        """Whether it failed so often in a row that another try would be in vain."""
        return self._give_up_after is not None and self.failures >= self._give_up_after

    def start(self, now: float) -> None:
        """Start it, in a session of its own: Ctrl-C in the terminal is the launcher's to answer."""
        self._started_at = now
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
            self._failed(f"cannot be started: {error}", now, STABLE_S)
            return
        self.pid = process.pid
        process.returncode = 0  # Disowned: the launcher reaps everything itself, by waitpid(-1)

    def ended(self, exitcode: int, now: float, *, expected: bool) -> None:
        """Note the end; where it was not asked for, say so and plan the next start."""
        pid, self.pid = self.pid, None
        if not expected:
            killed = f"was killed by {signal.Signals(-exitcode).name}" if exitcode < 0 else None
            stable_s = STABLE_S if killed else STABLE_UNTIL_AN_ERROR_S
            self._failed(f"(pid {pid}) {killed or f'ended with exit code {exitcode}'}", now, stable_s)

    def signal(self, number: signal.Signals) -> None:
        """Signal it, if it runs; its pid cannot be anybody else's before the launcher has reaped it."""
        if self.pid is not None:
            os.kill(self.pid, number)

    def _failed(self, what: str, now: float, stable_s: float) -> None:
        self.failures = self.failures + 1 if now - self._started_at < stable_s else 0
        delay_s = min(0.1 * 2**self.failures, MAX_DELAY_S) if self.failures else 0.0
        self.start_at = now + delay_s
        if not self.hopeless:
            say(f"the {self.name} {what}; starting it again in {delay_s:.1f} s")
