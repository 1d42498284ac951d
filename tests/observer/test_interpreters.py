"""Every Python since 3.8 that is found here is observed alike, whether older or newer than ours."""

import sys
from pathlib import Path

import pytest

from app.protocol.observer import Hello, Made
from tests import interpreters
from tests.observer.collector import collecting, run

PROGRAM = Path(__file__).with_name("programs") / "everything.py"
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
