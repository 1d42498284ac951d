"""Every Python since 3.8 that is found here is observed alike, whether older or newer than ours."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.protocol.observer import Hello, Made
from tests.observer.collector import collecting, run

PROGRAM = Path(__file__).with_name("programs") / "everything.py"
OTHERS = [f"python3.{minor}" for minor in range(8, 15) if minor != sys.version_info.minor]


def usable(name: str) -> str:
    """The interpreter of that name; skips where there is none, also where a shim of it leads nowhere."""
    path = shutil.which(name)
    if path is None or subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip(f"there is no {name} here")
    return path


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("name", OTHERS)
def test_everything_is_reported(tmp_path: Path, name: str, method: str) -> None:
    """All kinds of resources, nothing dropped, no invalid message."""
    python = usable(name)
    with collecting(tmp_path) as collector:
        run(collector, PROGRAM, method, python=python)
        kinds = {word.resource for word in collector.words(Made) if word.here}
        assert len(kinds) == 17
        pids = {said.pid for said in collector.said if isinstance(said.word, Hello)}
        assert [collector.header(pid)[2] for pid in pids] == [0] * len(pids)
        assert collector.unread == []
