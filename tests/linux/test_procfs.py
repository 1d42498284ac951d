"""The files of /proc are parsed as proc(5) describes them, odd names and pid wraparound included."""

import pytest

from app.linux import procfs

LINE = (
    b"15008 (python) S 15007 15002 11171 0 -1 4194368 190 0 0 0 30 12 0 0 20 0 3 0 258862 14606336 1995 "
    b"18446744073709551615 94893422055424 94893422055765 140724422757312 0 0 0 0 16781312 2 1 0 0 17 0 0 0 0 0 0 "
    b"94893422067120 94893422067736 94893871300608 140724422760941 140724422760974 140724422760974 140724422762460 0\n"
)


def test_stat_line_is_parsed_into_its_fields() -> None:
    stat = procfs.parse_stat(LINE)
    assert stat == procfs.Stat(
        pid=15008,
        name="python",
        state="S",
        ppid=15007,
        session=11171,
        cpu_ticks=42,
        threads=3,
        start_ticks=258862,
        rss_pages=1995,
        exit_signal=17,
        image=b"140724422760941",
    )


@pytest.mark.parametrize("name", [b"a b", b") S 1 1 1 (", b"((", b"", b"\xff\xfe", b"new\nline"])
def test_stat_line_is_parsed_with_any_process_name(name: bytes) -> None:
    """The last parenthesis ends the name, whatever the name contains."""
    stat = procfs.parse_stat(LINE.replace(b"(python)", b"(" + name + b")"))
    assert stat.name == name.decode(errors="replace")
    assert (stat.state, stat.ppid, stat.start_ticks) == ("S", 15007, 258862)


@pytest.mark.parametrize("garbage", [b"", b"15008", b"no line at all\n"])
def test_invalid_stat_line_raises_value_error(garbage: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        procfs.parse_stat(garbage)


def test_process_is_alive_while_any_thread_runs() -> None:
    """A process whose main thread has exited before the others shows state Z and is not dead."""
    alone = procfs.parse_stat(LINE)._replace(state="Z", threads=1)
    assert alone.dead
    assert not alone._replace(threads=2).dead


def test_thread_is_recognised_by_its_exit_signal() -> None:
    """/proc/<tid> exists for a thread as well; only the exit signal of -1 distinguishes it from a process."""
    assert not procfs.parse_stat(LINE).is_thread
    assert procfs.parse_stat(LINE)._replace(exit_signal=-1).is_thread


@pytest.mark.parametrize(
    ("pid", "after", "newest", "inside"),
    [
        (10, 5, 10, True),
        (5, 5, 10, False),
        (11, 5, 10, False),
        (7, 7, 7, False),
        (32767, 32760, 310, True),
        (300, 32760, 310, True),
        (311, 32760, 310, False),
        (20000, 32760, 310, False),
    ],
)
def test_window_of_new_pids_wraps_around(pid: int, after: int, newest: int, inside: bool) -> None:  # noqa: FBT001
    """The window holds the pids given out after one pid and up to another, also across the wraparound."""
    assert procfs.in_window(pid, after, newest) is inside


def test_newest_pid_is_the_last_field_of_loadavg() -> None:
    assert procfs.newest_pid(b"0.00 0.05 0.05 1/94 14511\n") == 14511


def test_command_text_is_cut_and_falls_back_to_the_name() -> None:
    """The text has at most 200 characters; a process without a command line shows its name in brackets."""
    assert procfs.command_text(b"sleep\x0099\x00", "sleep") == "sleep 99"
    assert len(procfs.command_text(b"x" * 1000, "x")) == procfs.COMMAND_LENGTH
    assert procfs.command_text(b"", "python") == "[python]"


def test_command_text_has_no_secrets() -> None:
    """An argument that was not read to its end is left out: `://bob:pass` could be the beginning of anything."""
    assert procfs.command_text(b"sh\0-c\0psql hunter2\0", "sh") == "sh -c ***"
    assert procfs.command_text(b"x\0--token\0hunter2\0", "x") == "x --token ***"
    assert procfs.command_text(b"x\0" + b"y" * procfs.COMMAND_BYTES, "x") == "x"


def test_environment_variable_is_matched_by_its_whole_name() -> None:
    """Neither a longer name nor a value that looks like an assignment matches."""
    environ = b"NOT_PROCESSION_PROCESS=p1\0OTHER=PROCESSION_PROCESS=p2\0PROCESSION_PROCESS=p3\0"
    assert procfs.environment_value(environ, "PROCESSION_PROCESS") == "p3"
    assert procfs.environment_value(environ, "MISSING") is None
    assert procfs.environment_value(b"", "MISSING") is None


def test_caught_signals_are_read_from_the_mask() -> None:
    """Signal n is bit n − 1 of the mask."""
    status = b"Name:\tx\nSigIgn:\tffffffffffffffff\nSigCgt:\t2000000000000200\n"
    assert procfs.catches(status, 62)
    assert procfs.catches(status, 10)
    assert not procfs.catches(status, 61)
    assert not procfs.catches(b"", 62)


@pytest.mark.parametrize(("flags", "writes"), [(b"0100000", False), (b"0100001", True), (b"02", True), (b"", False)])
def test_write_access_is_read_from_the_flags_of_a_descriptor(flags: bytes, writes: bool) -> None:  # noqa: FBT001
    assert procfs.may_write(b"pos:\t0\nflags:\t" + flags + b"\nmnt_id:\t13\n") is writes


def test_host_cpu_and_memory_are_parsed() -> None:
    """Idle and I/O wait are not busy, guest time is not counted twice, and available memory is not used."""
    text = b"cpu  100 10 50 800 20 5 15 0 7 0\ncpu0 1 2 3\nintr 1\nprocesses 1\n"
    assert procfs.cpu_times(text) == (180, 1000)
    assert procfs.memory(b"MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable: 60 kB\n") == (40 * 1024, 100 * 1024)
