"""app.linux.activity reads from /proc what a process is doing, for every kind of wait."""

import os
import signal

import pytest

from app.linux.activity import Blocked, blocked_on
from tests.sleepers import running
from tests.waiting import wait_until

MP = "import multiprocessing\nlock = multiprocessing.Lock()\nlock.acquire()\n"
SOCKET = "import socket\n"
FILE_LOCK = (
    "import fcntl\none, two = (open(sys.argv[1], 'a') for _ in range(2))\n"
    "fcntl.flock(one, fcntl.LOCK_EX)\nfcntl.flock(two, fcntl.LOCK_EX)"
)
START_THREAD = "threading.Thread(target={work}).start()\n"


def wait_for_activity(pid: int, kind: str, words: str) -> Blocked:
    """Return what the process is doing once it matches; on failure, say what it was doing instead."""
    last: list[Blocked | None] = []

    def matches() -> Blocked | None:
        last[:] = [blocked_on(pid)]
        found = last[0]
        return found if found and found.kind == kind and words in found.in_words else None

    try:
        found = wait_until(matches)
    except AssertionError:
        pytest.fail(f"the process is {last[0]}, not {kind}: {words}")
    assert found
    return found


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        pytest.param("while True: pass", "running", "running", id="busy"),
        pytest.param("time.sleep(600)", "sleeping", "sleeping (clock_nanosleep)", id="sleep"),
        pytest.param("import select; select.select([], [], [], 600)", "sleeping", "sleeping", id="select-without-fds"),
        pytest.param(
            "lock = threading.Lock(); lock.acquire(); lock.acquire()", "waiting", "on a threading.Lock", id="lock"
        ),
        pytest.param(MP + "lock.acquire()", "waiting", "shared between processes (futex, no timeout)", id="mp-lock"),
        pytest.param(MP + "lock.acquire(timeout=600)", "waiting", "(futex, with a timeout)", id="mp-lock-timed"),
        pytest.param("sys.stdin.read()", "waiting", "reading from a pipe (read)", id="pipe-read"),
        pytest.param("r, w = os.pipe(); os.write(w, bytes(10**6))", "waiting", "writing to a pipe", id="pipe-write"),
        pytest.param(SOCKET + "a, b = socket.socketpair(); a.recv(1)", "waiting", "reading from a socket", id="socket"),
        pytest.param(SOCKET + "socket.create_server(('127.0.0.1', 0)).accept()", "idle", "a connection", id="accept"),
        pytest.param("import select; select.epoll().poll()", "idle", "waiting for events", id="epoll"),
        pytest.param("signal.pause()", "idle", "waiting for a signal", id="pause"),
        pytest.param("os.kill(os.getpid(), signal.SIGSTOP)", "stopped", "stopped by a signal", id="stopped"),
        pytest.param(FILE_LOCK, "waiting", "/locked (flock)", id="flock"),
    ],
)
def test_activity_is_named_by_kind_and_words(code: str, kind: str, words: str, tmp_path: object) -> None:
    """Each way to run or block is reported with the expected kind and description."""
    with running(code, arguments=(f"{tmp_path}/locked",)) as program:
        found = wait_for_activity(program.pid, kind, words)
        assert found.pid == program.pid
        assert found.main.tid == program.pid


def test_wait_for_a_child_names_its_pid() -> None:
    with running("pid = os.fork()\nif pid == 0: time.sleep(600)\ntell(pid)\nos.waitpid(pid, 0)") as program:
        child = int(program.told()[0])
        wait_for_activity(program.pid, "waiting", f"waiting for child {child} to exit")
        os.kill(child, signal.SIGKILL)


def test_exited_process_that_was_not_joined_is_a_zombie() -> None:
    with running("pass") as program:
        wait_for_activity(program.pid, "zombie", "exited, not yet joined")


def test_process_that_no_longer_exists_has_no_activity() -> None:
    with running("pass") as program:
        program.process.wait()
        assert blocked_on(program.pid) is None


@pytest.mark.parametrize(
    ("work", "kind"),
    [
        pytest.param("lambda: time.sleep(600)", "sleeping", id="sleeps"),
        pytest.param("lambda: sys.stdin.read()", "waiting", id="may-be-stuck-too"),
        pytest.param("lambda: exec('while True: pass')", "running", id="runs"),
    ],
)
def test_main_thread_joining_its_threads_takes_their_activity(work: str, kind: str) -> None:
    """Python joins its threads at exit, so a blocked main thread alone is no sign of trouble."""
    with running(START_THREAD.format(work=work)) as program:
        found = wait_for_activity(
            program.pid, kind, "main thread blocked on a threading.Lock (futex, no timeout); 1 other thread: "
        )
        assert len(found.threads) == 2


def test_threads_over_the_limit_are_counted_but_not_read() -> None:
    """At most 32 threads are inspected, so that the read stays short."""
    code = "[threading.Thread(target=time.sleep, args=(600,), daemon=True).start() for _ in range(50)]\ntime.sleep(600)"
    with running(code) as program:
        found = wait_until(lambda: (seen := blocked_on(program.pid)) and seen.threads_not_shown == 51 - 32 and seen)
        assert len(found.threads) == 32
        assert "50 other threads" in found.in_words
