"""What starts children, without the rest of the supervisor: what happens where the kernel refuses."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from app.supervisor.children import Children
from app.supervisor.model import Process
from app.supervisor.poller import Poller

JOB = {"id": "p1", "module": "time", "qualname": "sleep", "path": None, "root": None, "kwargs": {}, "nofile": 1024}


def test_child_without_a_pidfd_does_not_live_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no fd is left to watch it by, the start fails and the process is killed."""
    poller = Poller()
    children = Children(poller)
    seen: list[int] = []

    def refuse(pid: int, _flags: int = 0) -> int:
        seen.append(pid)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pidfd_open", refuse)
    record = Process(id="p1", name="sleep", workload=None, target="time:sleep", params={}, start_method="fork")
    job = JOB | {"args": [600], "log": str(tmp_path / "log"), "stack": str(tmp_path / "stack")}
    with pytest.raises(OSError, match="Too many open files"):
        children.start(record, job)
    (pid,) = seen
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9
    assert not children.by_id
    poller.close()
