"""Starting children without the rest of the supervisor: refusals of the kernel, and the order of messages and exits."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from app.linux.poller import Poller
from app.protocol.pool_host import HostNote
from app.records.process import Process
from app.supervisor.children.channels import HostMessage
from app.supervisor.children.children import ChildExited, Children

JOB = {"id": "p1", "module": "time", "qualname": "sleep", "path": None, "root": None, "kwargs": {}, "nofile": 1024}


def test_child_is_killed_if_its_pidfd_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a free descriptor the start fails, and the process is not left running unwatched."""
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


CHATTY_HOST = """
import os
from procession import pool_host

def talk(count):
    for number in range(count):
        pool_host._wire.send("note", event="job", text=str(number), pid=None)
    os._exit(3)
"""


def test_exit_of_a_pool_host_is_reported_after_its_last_messages(tmp_path: Path) -> None:
    """All messages arrive, in order."""
    (tmp_path / "talker.py").write_text(CHATTY_HOST)
    poller = Poller()
    children = Children(poller)
    record = Process(id="p1", name="host", workload=None, target="t", params={}, start_method="spawn", pool=True)
    job = JOB | {"module": "talker", "qualname": "talk", "path": str(tmp_path), "args": [500]}
    child = children.start(record, job | {"log": str(tmp_path / "log"), "stack": str(tmp_path / "stack")})
    said: list[object] = []
    while not isinstance(said[-1] if said else None, ChildExited):
        poller.wait(10)
        while children.inbox:
            said.append(children.inbox.popleft())
            if isinstance(said[-1], HostMessage) and child.channel:
                child.channel.taken()
    children.close("p1")
    poller.close()
    words = [one.word.text for one in said if isinstance(one, HostMessage) and isinstance(one.word, HostNote)]
    assert words == [str(number) for number in range(500)]
    assert said[-1] == ChildExited("p1", 3)
