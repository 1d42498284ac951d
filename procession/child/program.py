"""Replace a supervised process with the program to observe.

::

    supervisor ──job──▶ procession.child.main.main: session, signals, log ──▶ run ──execvpe──▶ the user's program

Of Procession only environment variables remain; through them the Python processes below it are observed.
"""

import os
import signal

from procession import observer
from procession.failures import CannotRun


def run(command: list[str], cwd: str, env: dict[str, str], observe: dict[str, str]) -> None:
    """Replace this process with ``command``, run in ``cwd``; raises `CannotRun` where that fails.

    ``env`` is added to the environment, then ``observe``; its PYTHONPATH goes before an existing one.
    """
    environment = _environment(cwd, env, observe)
    # Python ignores these two signals; a shell starts programs with their defaults.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.chdir(cwd)
        os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise CannotRun(f"{command[0]}: {error.strerror} (in {cwd})") from None


def _environment(cwd: str, env: dict[str, str], observe: dict[str, str]) -> dict[str, str]:
    # Python buffers 8 KiB of output unless it writes to a terminal; the log should have each line at once.
    environment = {"PYTHONUNBUFFERED": "1", **os.environ, "PWD": cwd, **env}
    return observer.joined(environment, {**observe, observer.PROGRAM: os.environ["PROCESSION_PROCESS"]})
