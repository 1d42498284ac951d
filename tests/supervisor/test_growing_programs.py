"""Real programs that use more and more of something, until nothing is left: exited children, open files."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from app.records.waits import Finding
from tests.supervisor.supervised import Supervised, in_terminal
from tests.waiting import wait_until

FOUND_WITHIN_S = 30


def findings(supervisor: Supervised, program: str, kind: str) -> list[Finding]:
    return [one for one in supervisor.snapshot().snapshot.waits.findings if (one.program, one.kind) == (program, kind)]


def found(supervisor: Supervised, folder: Path, code: str, kind: str, pattern: str, where: str = "text") -> Finding:
    """Run a script until a finding of that kind has a text, or a cure, like this."""
    (folder / "script.py").write_text(code)
    with in_terminal(supervisor, folder, sys.executable, "script.py") as (program, _):

        def look() -> Finding | None:
            told = findings(supervisor, program, kind)
            return next((one for one in told if re.search(pattern, getattr(one, where))), None)

        try:
            return wait_until(look, FOUND_WITHIN_S, f"{kind}: {pattern}")
        except AssertionError as error:
            told = [f"{one.kind}: {one.text} {one.cure}" for one in supervisor.snapshot().snapshot.waits.findings]
            raise AssertionError("\n".join([str(error), *told])) from None


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


def test_descriptors_of_queues_that_are_made_again_and_again(supervisor: Supervised, tmp_path: Path) -> None:
    """A queue to which this process has put nothing keeps its write end; the finding comes before the limit."""
    code = """
import multiprocessing, resource, time

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
    kept = []
    while len(kept) < 100:
        errors = multiprocessing.get_context("fork").Queue()
        errors.close()
        errors.join_thread()
        kept.append(errors)
        time.sleep(0.2)
    time.sleep(600)
"""
    pattern = (
        r"^script\.py \(pid \d+\) has \d+ of 128 descriptors open, .* more every .*; "
        r"most are pipes of queues made at script.py:8\.$"
    )
    one = found(supervisor, tmp_path, code, "file-limit", pattern)
    assert "Make the queue once" in one.cure


def test_files_that_are_never_closed(supervisor: Supervised, tmp_path: Path) -> None:
    """They stay as many as they are, near the limit."""
    code = """
import multiprocessing, os, resource, time

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
    os.mkdir("parts")
    kept = [open(f"parts/{number}", "w") for number in range(64)]
    time.sleep(600)
"""
    one = found(
        supervisor, tmp_path, code, "file-limit", r"has \d+ of 80 descriptors open; most are files in .*/parts/\.$"
    )
    assert "with statement" in one.cure
