"""Real programs that use more and more of something, until nothing is left: exited children, open files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.records.waits import Finding
from tests.supervisor.supervised import Supervised, in_terminal
from tests.waiting import wait_until

FOUND_WITHIN_S = 30


@pytest.fixture(scope="module")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    with Supervised(tmp_path_factory.mktemp("home")) as one:
        yield one


def findings(supervisor: Supervised, program: str, kind: str) -> list[Finding]:
    return [one for one in supervisor.snapshot().snapshot.waits.findings if (one.program, one.kind) == (program, kind)]


def found(supervisor: Supervised, folder: Path, code: str, kind: str, pattern: str) -> Finding:
    """Run a script until a finding of that kind has a text like this."""
    (folder / "script.py").write_text(code)
    with in_terminal(supervisor, folder, sys.executable, "script.py") as (program, _):
        return wait_until(
            lambda: next((one for one in findings(supervisor, program, kind) if re.search(pattern, one.text)), None),
            FOUND_WITHIN_S,
            f"{kind}: {pattern}",
        )


@pytest.mark.parametrize(
    "start", ["subprocess.Popen(['true'])", "os.fork() or os._exit(0)"], ids=["subprocess", "os.fork"]
)
def test_children_that_nobody_waits_for(supervisor: Supervised, tmp_path: Path, start: str) -> None:
    """Those of a child of the program, which are not observed, or forked without multiprocessing."""
    code = f"""
import multiprocessing, os, subprocess, time

def work():
    kept = []
    while True:
        kept.append({start})
        time.sleep(0.2)

if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=work, name="worker-1")
    child.start()
    child.join()
"""
    pattern = r"^worker-1 \(pid \d+\) has not waited for \d+ exited children \(.* ×\d+\), (\d|one) more every "
    one = found(supervisor, tmp_path, code, "zombie", pattern)
    assert "wait" in one.cure
