"""A blocked system call is described in words and classified as waiting, sleeping or idle."""

import pytest

from app.linux import syscalls
from app.linux.syscalls import Call

FUTEX_SHARED = b"202 0x7f 0x189 0x0 0x0 0x0 0xffffffff 0x7ffd 0x7f00\n".replace(b"0x189", b"0x109")
FUTEX_PRIVATE = b"202 0x7f 0x189 0x0 0x0 0x0 0xffffffff 0x7ffd 0x7f00\n"


def words(line: bytes, file: str = "", machine: str = "x86_64") -> tuple[str, str]:
    call = syscalls.parse(line, machine)
    assert call
    return tuple(syscalls.meaning(call, file))  # type: ignore[return-value]


@pytest.mark.parametrize("line", [b"", b"running\n", b"-1 0x7ffd 0x7f00\n"])
def test_thread_outside_a_system_call_has_none(line: bytes) -> None:
    """It is running, or blocked outside of any call."""
    assert syscalls.parse(line, "x86_64") is None


@pytest.mark.parametrize(
    ("line", "file", "expected"),
    [
        (FUTEX_SHARED, "", ("waiting", "blocked on a semaphore shared between processes (futex, no timeout)")),
        (FUTEX_PRIVATE, "", ("waiting", "blocked on a threading.Lock (futex, no timeout)")),
        (
            FUTEX_PRIVATE.replace(b"0x0 0x0 0x0", b"0x0 0x7ffe 0x0"),
            "",
            ("waiting", "blocked on a threading.Lock (futex, with a timeout)"),
        ),
        (b"230 0x1 0x1 0x7f 0x0 0x0 0x0 0x7 0x7", "", ("sleeping", "sleeping (clock_nanosleep)")),
        (b"7 0x7f 0x1 0xffffffff 0x0 0x0 0x0 0x7 0x7", "", ("idle", "waiting for events (poll, no timeout)")),
        (b"7 0x7f 0x1 0x64 0x0 0x0 0x0 0x7 0x7", "", ("idle", "waiting for events (poll, with a timeout)")),
        (b"7 0x0 0x0 0x64 0x0 0x0 0x0 0x7 0x7", "", ("sleeping", "sleeping (poll)")),
        (b"270 0x0 0x0 0x0 0x0 0x7f 0x0 0x7 0x7", "", ("sleeping", "sleeping (pselect6)")),
        (
            b"232 0x3 0x7f 0x1 0xffffffffffffffff 0x0 0x8 0x7 0x7",
            "",
            ("idle", "waiting for events (epoll_wait, no timeout)"),
        ),
        (b"288 0x3 0x0 0x0 0x80000 0x0 0x0 0x7 0x7", "", ("idle", "waiting for a connection (accept4)")),
        (b"0 0x5 0x7f 0x400 0x0 0x0 0x0 0x7 0x7", "a pipe", ("waiting", "reading from a pipe (read)")),
        (b"61 0xffffffff 0x7f 0x0 0x0 0x0 0x0 0x7 0x7", "", ("waiting", "waiting for a child to exit (wait4)")),
        (b"61 0x11 0x7f 0x0 0x0 0x0 0x0 0x7 0x7", "", ("waiting", "waiting for child 17 to exit (wait4)")),
        (b"73 0x5 0x2 0x0 0x0 0x0 0x0 0x7 0x7", "/a", ("waiting", "blocked on a file lock of /a (flock)")),
        (b"72 0x5 0x7 0x0 0x0 0x0 0x0 0x7 0x7", "/a", ("waiting", "blocked on a file lock of /a (fcntl)")),
        (b"999 0x0 0x0 0x0 0x0 0x0 0x0 0x7 0x7", "", ("unknown", "in a system call (system call 999)")),
    ],
)
def test_system_call_has_kind_and_words(line: bytes, file: str, expected: tuple[str, str]) -> None:
    assert words(line, file) == expected


def test_arm_call_numbers_give_the_same_words() -> None:
    line = FUTEX_SHARED.replace(b"202 ", b"98 ")
    assert words(line, machine="aarch64") == words(FUTEX_SHARED)


def test_unknown_machine_shows_the_call_number() -> None:
    assert words(FUTEX_SHARED, machine="riscv64") == ("unknown", "in a system call (system call 202)")


@pytest.mark.parametrize("machine", syscalls.NUMBERS)
def test_every_known_call_has_a_meaning(machine: str) -> None:
    """No call of the table falls through to "in a system call"; only calls with a descriptor name its file."""
    for name in syscalls.NUMBERS[machine]:
        call = Call(name, (5, 0, 0, 0, 0, 0))
        wait = syscalls.meaning(call, "FILE")
        assert wait.kind != "unknown", name
        assert ("FILE" in wait.words) == (call.fd == 5), name


@pytest.mark.parametrize(
    ("wchan", "kind"),
    [
        ("futex_do_wait", "waiting"),
        ("hrtimer_nanosleep", "sleeping"),
        ("anon_pipe_read", "waiting"),
        ("do_epoll_wait", "idle"),
        ("inet_csk_accept", "idle"),
        ("unix_stream_read_generic", "waiting"),
        ("locks_lock_inode_wait", "waiting"),
        ("0", "unknown"),
        ("something_new", "unknown"),
    ],
)
def test_kernel_function_is_used_where_the_call_cannot_be_read(wchan: str, kind: str) -> None:
    """The name of the function that the thread sleeps in (wchan) gives the kind."""
    assert syscalls.meaning_of_wchan(wchan).kind == kind


def test_descriptor_links_are_described_in_words() -> None:
    links = ("pipe:[1]", "socket:[1]", "anon_inode:[eventfd]", "/srv/a", "")
    assert [syscalls.file_words(one) for one in links] == ["a pipe", "a socket", "[eventfd]", "/srv/a", "a file"]
