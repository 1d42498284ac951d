"""Every Python since 3.8 that is found here is observed alike, whether older or newer than ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.protocol.observer import Hello, Leaving, Made
from procession.observer import SITE
from tests import interpreters
from tests.observer.collector import collecting, observed, run

PROGRAM = Path(__file__).with_name("programs") / "everything.py"
ENDS = PROGRAM.with_name("ends.py")
RAISING = PROGRAM.with_name("raising.py")
FROM_3_13 = {"3.13", "3.14", "3.15"}
OTHERS = interpreters.matrix("fork", "spawn", "forkserver", without=f"3.{sys.version_info.minor}")


@pytest.mark.parametrize(("version", "method"), OTHERS)
def test_everything_is_told(tmp_path: Path, version: str, method: str) -> None:
    """All kinds of resources, nothing dropped, no invalid message."""
    python = interpreters.need(version)
    with collecting(tmp_path) as collector:
        run(collector, PROGRAM, method, python=python)
        kinds = {word.resource for word in collector.words(Made) if word.here}
        assert len(kinds) == 17
        pids = {said.pid for said in collector.said if isinstance(said.word, Hello)}
        assert [collector.header(pid)[2] for pid in pids] == [0] * len(pids)
        assert collector.unread == []


@pytest.mark.parametrize(
    "version", [pytest.param(one, marks=() if one == "3.13" else pytest.mark.long) for one in interpreters.VERSIONS]
)
def test_the_exception_of_a_child_is_told(tmp_path: Path, version: str) -> None:
    """From Python 3.13 on, `_exit_function` is called too late for it, and where SystemExit was raised is unknown."""
    python = interpreters.need(version)
    with collecting(tmp_path) as collector:
        command = [python, ENDS, "fork"]
        program = subprocess.run(
            command, env=observed(collector), stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
        told = [word.error for word in collector.words(Leaving) if word.error]
        assert "MemoryError: out of memory" in told
        assert told[-1] == "ValueError: the last"
        assert ("sys.exit(1)" in told) == (version not in FROM_3_13)
        assert SITE not in program.stderr
        assert collector.unread == []


@pytest.mark.parametrize("owners", ["0", "1"])
@pytest.mark.parametrize(
    "version",
    [
        pytest.param(one, marks=() if one == "3.11" else pytest.mark.long)
        for one in interpreters.VERSIONS
        if one not in {"3.8", "3.9", "3.10"}
    ],
)
def test_no_traceback_and_no_warning_names_the_observer(tmp_path: Path, version: str, owners: str) -> None:
    """Before Python 3.11, a bare ``raise`` goes on with the traceback as it was caught."""
    python = interpreters.need(version)
    with collecting(tmp_path) as collector:
        environ = {**observed(collector), "PROCESSION_OBSERVE_OWNERS": owners}
        program = subprocess.run(
            [python, RAISING], env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert program.stdout.endswith("all raised\n"), program.stderr
        assert SITE not in program.stdout
        assert SITE not in program.stderr
        assert collector.unread == []
