"""Descriptors that others passed to us are closed, by a thread if that might wait."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from app.linux.descriptors import Closer
from tests.waiting import wait_until


def test_descriptors_are_closed_though_no_thread_could_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next one for which a thread can be started."""
    closer, pipe = Closer(), os.pipe()

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        closer.put(pipe[0])
    here = os.open("/", os.O_RDONLY)
    closer.put(here)
    wait_until(lambda: not any(Path(f"/proc/self/fd/{fd}").exists() for fd in (pipe[0], here)))
    os.close(pipe[1])
