"""CPython's own pool tests: procession.Pool has the outcome of the stdlib's Pool in each."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pool.cpython_pool_tests import NO_TESTS
from tests.pool.tasks import METHODS

ROOT = Path(__file__).parents[2]
WITHIN_S = 240
# What 3.11 has; later ones may have more, and the control says how many.
PLAIN, BEHIND_A_MANAGER, SKIPPED_BY_DESIGN = 33, 25, 5

pytestmark = [pytest.mark.long, pytest.mark.timeout(WITHIN_S + 30)]
Told = dict[str, dict[str, str]]


def run(pool: str, method: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.pool.cpython_pool_tests", pool, method]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@contextlib.contextmanager
def running(pool: str, method: str) -> "Iterator[subprocess.Popen[str]]":
    """One run in a session of its own, of which nothing is left."""
    with run(pool, method) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def told(process: "subprocess.Popen[str]") -> Told:
    out, err = process.communicate(timeout=WITHIN_S)
    if process.returncode == NO_TESTS:
        pytest.skip(f"this interpreter comes without its own tests: {err.strip()}")
    assert process.returncode == 0, err
    answer: Told = json.loads(out)
    return answer


@pytest.mark.parametrize("method", METHODS)
def test_each_has_the_outcome_of_the_stdlib(method: str) -> None:
    """None fails, none is missing, and the same ones are skipped."""
    with running("stdlib", method) as control, running("procession", method) as ours:
        expected, got = told(control), told(ours)
    assert got["failed"] == {}
    # One that fails in the control only (some measure time, and this machine may be busy) says nothing of ours.
    same = {name: word for name, word in got["outcomes"].items() if name not in expected["failed"]}
    assert same == expected["outcomes"]
    assert got["outcomes"].keys() == expected["outcomes"].keys() | expected["failed"].keys()
    assert_none_is_left_out(got["outcomes"])


def assert_none_is_left_out(outcomes: dict[str, str]) -> None:
    counts = Counter((name.startswith("WithManager"), word) for name, word in outcomes.items())
    assert counts[False, "ok"] >= PLAIN
    assert counts[True, "ok"] + counts[True, "skipped"] >= BEHIND_A_MANAGER
    if sys.version_info < (3, 12):
        assert counts[True, "skipped"] == SKIPPED_BY_DESIGN
