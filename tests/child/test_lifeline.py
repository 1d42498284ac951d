"""No child outlives the supervisor, however that dies; but children outlive the forkserver."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.child.bare_supervisor import METHODS
from tests.waiting import wait_until

# What the supervisor does, as short as can be: the write end of the lifeline must not be in fork children.
PARENT = """
import json, multiprocessing, multiprocessing.forkserver, os, signal, socket, sys
from procession.child import main as child

method, folder, target = sys.argv[1:]
multiprocessing.set_forkserver_preload(["procession.child.preload"])
context = multiprocessing.get_context(method)
lifeline, held = multiprocessing.Pipe(duplex=False)
os.register_at_fork(after_in_child=held.close)
reports, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
job = {"id": "p1", "module": "mine", "qualname": target, "path": folder, "root": None, "args": [], "kwargs": {},
       "log": folder + "/log", "stack": folder + "/stack", "nofile": 1024}
process = context.Process(target=child.main, args=(job, theirs, lifeline))
process.start()
theirs.close()
assert json.loads(reports.recv(4096))["kind"] == "booted"
print(process.pid, multiprocessing.forkserver._forkserver._forkserver_pid or 0, flush=True)
signal.pause()
"""
MINE = """
import os, signal, time

def sleep(): time.sleep(600)
def stopped(): os.kill(os.getpid(), signal.SIGSTOP)
def deaf():
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    time.sleep(600)
def with_fork():
    if os.fork() == 0:
        time.sleep(600)
    time.sleep(600)
def in_c(): sum(iter(int, 1))
"""


@contextmanager
def parent_of(folder: Path, method: str, target: str) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A little supervisor with one child: its Popen, a pidfd of the child, and the forkserver's pid."""
    (folder / "mine.py").write_text(MINE)
    command = [sys.executable, "-c", PARENT, method, str(folder), target]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid, forkserver = map(int, parent.stdout.readline().split())
        pidfd = os.pidfd_open(pid)
        try:
            yield parent, pidfd, forkserver
        finally:
            parent.kill()
            os.close(pidfd)


def is_over(pidfd: int) -> bool:
    return bool(select.select([pidfd], [], [], 0)[0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", ["sleep", "stopped", "deaf", "in_c"])
def test_a_child_dies_with_the_supervisor(tmp_path: Path, method: str, target: str) -> None:
    """SIGKILL of the supervisor ends the child too: idle, stopped, ignoring signals, or inside a C call."""
    with parent_of(tmp_path, method, target) as (parent, pidfd, _):
        assert not is_over(pidfd)
        parent.kill()
        wait_until(lambda: is_over(pidfd), message="the child's end")


def test_the_forkserver_dies_with_the_supervisor(tmp_path: Path) -> None:
    """By the preload module; otherwise it would live as long as any child that holds its pipe."""
    with parent_of(tmp_path, "forkserver", "sleep") as (parent, _, forkserver):
        pidfd = os.pidfd_open(forkserver)
        assert os.getsid(forkserver) == forkserver
        parent.kill()
        wait_until(lambda: is_over(pidfd), message="the forkserver's end")
        os.close(pidfd)


def test_a_child_outlives_the_forkserver(tmp_path: Path) -> None:
    """Children do not inherit its death signal."""
    with parent_of(tmp_path, "forkserver", "sleep") as (_, pidfd, forkserver):
        gone = os.pidfd_open(forkserver)
        os.kill(forkserver, signal.SIGKILL)
        wait_until(lambda: is_over(gone), message="the forkserver's end")
        os.close(gone)
        assert not is_over(pidfd)


def test_a_lifeline_that_is_already_closed_kills_at_once(tmp_path: Path) -> None:
    """No signal would come later."""
    code = "import os, sys; from procession import lifeline; lifeline.hold(int(sys.argv[1])); print('alive')"
    reading, writing = os.pipe()
    os.close(writing)
    command = [sys.executable, "-c", code, str(reading)]
    done = subprocess.run(command, pass_fds=[reading], capture_output=True, text=True, check=False)
    os.close(reading)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "")
