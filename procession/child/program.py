"""A program as a supervised process: the target that becomes it.

::

    supervisor ──job──▶ procession.child.main.main: session, signals, log ──▶ run ──execvpe──▶ the user's program

Nothing of ours is left in the process but its environment, by which the Pythons below it are observed.
"""

from __future__ import annotations

import os
import signal

from procession.failures import CannotRun


def run(command: list[str], cwd: str, env: dict[str, str], observe: dict[str, str]) -> None:
    """Become ``command`` in ``cwd``; raises `CannotRun` where that is not possible.

    ``env`` is added to the environment, and ``observe`` to that, its PYTHONPATH in front of one that is there.
    """
    environment = _environment(cwd, env, observe)
    # As a shell would start it: Python ignores these two for itself.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.chdir(cwd)
        os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise CannotRun(f"{command[0]}: {error.strerror} (in {cwd})") from None


def _environment(cwd: str, env: dict[str, str], observe: dict[str, str]) -> dict[str, str]:
    # A log is no terminal to Python: it would keep what is printed until it has 8 KiB of it.
    environment = {"PYTHONUNBUFFERED": "1", **os.environ, "PWD": cwd, **env}
    theirs = environment.get("PYTHONPATH")
    environment |= observe
    environment["PROCESSION_PROGRAM"] = os.environ["PROCESSION_PROCESS"]
    if theirs and "PYTHONPATH" in observe:
        environment["PYTHONPATH"] = observe["PYTHONPATH"] + os.pathsep + theirs
    return environment
