"""Packages that are copies of multiprocessing: multiprocess (of pathos) and billiard (of Celery)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.protocol.observer import Exiting, Hello, Joined, Leaving, Made, Started
from procession.observer import SITE
from tests.observer.collector import collecting, observed

PROGRAM = Path(__file__).with_name("programs") / "copies.py"


@pytest.mark.parametrize("package", ["multiprocess", "billiard"])
def test_a_copy_is_observed_like_the_original(tmp_path: Path, package: str) -> None:
    """Processes, why one ended, resources by name, pools with their workers; nothing dropped, nothing printed."""
    pytest.importorskip(package)
    with collecting(tmp_path) as collector:
        program = subprocess.run(
            [sys.executable, PROGRAM, package], env=observed(collector), stderr=subprocess.PIPE, text=True, check=True
        )
        named = {word.name.partition(" (")[0]: word.resource for word in collector.words(Made) if word.here}
        assert {name: kind for name, kind in named.items() if name} == {
            "queue": "queue",
            "lock": "lock",
            "event": "event",
            "slots": "semaphore",
            "lines": "simple_queue",
            "jobs": "joinable_queue",
            "ends": "pipe",
            "pool": "pool",
        }
        started = {word.name: word for word in collector.words(Started)}
        names = {word.child: name for name, word in started.items()}
        assert [started[name].target for name in ("worker", "failing")] == ["__main__.work", "__main__.fail"]
        pool = collector.made("pool", "pool").word
        assert [word.role for name, word in started.items() if "PoolWorker" in name] == [f"pool:{pool.key}"] * 2
        assert [word.reaches for name, word in started.items() if "PoolWorker" in name] == [None] * 2
        failed = [
            (said.pid, said.word) for said in collector.said if isinstance(said.word, Leaving) and said.word.error
        ]
        assert [(names[pid], word.error, word.place) for pid, word in failed] == [
            ("failing", "KeyError: 3", "copies.py:14 in fail()")
        ]
        assert {names[said.pid] for said in collector.said if isinstance(said.word, Exiting)} >= {"worker", "failing"}
        assert {names[word.child] for word in collector.words(Joined)} == set(started)
        pids = {said.pid for said in collector.said if isinstance(said.word, Hello)}
        assert [collector.header(pid)[2] for pid in pids] == [0] * len(pids)
        assert collector.unread == []
    assert SITE not in program.stderr
    plain = subprocess.run(
        [sys.executable, PROGRAM, package], env=dict(os.environ), stderr=subprocess.PIPE, text=True, check=True
    )
    assert program.stderr == plain.stderr
