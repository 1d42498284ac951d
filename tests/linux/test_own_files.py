"""Files of our own folder: what is in their place is never followed, waited for or destroyed."""

from __future__ import annotations

import os
import resource
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from app.linux import own_files
from app.linux.own_files import NotOurs


def a_link(path: Path) -> None:
    path.with_name("precious").write_text("precious")
    path.symlink_to("precious")


def a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def a_strangers_file(path: Path) -> None:
    path.write_text("of a stranger")
    os.chown(path, 65534, 65534)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a file of another user")
SOMETHING_ELSE = [
    (a_link, "a symbolic link"),
    (a_dangling_link, "a symbolic link"),
    (a_fifo, "a FIFO"),
    (a_folder, "a folder"),
    (a_socket, "a socket"),
    pytest.param(a_strangers_file, "belongs to uid 65534", marks=needs_root),
]
FLAGS = (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_RDWR | os.O_CREAT | os.O_APPEND)


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize(("put_there", "told"), SOMETHING_ELSE)
def test_what_is_not_our_file_is_refused_at_once(
    tmp_path: Path, put_there: Callable[[Path], None], told: str, flags: int
) -> None:
    """For reading and for writing; what a link leads to is not touched."""
    put_there(tmp_path / "log")
    before = {path.name: path.lstat() for path in tmp_path.iterdir()}
    with pytest.raises(NotOurs, match=told):
        own_files.opened(tmp_path / "log", flags)
    assert {path.name: path.lstat() for path in tmp_path.iterdir()} == before


def test_a_folder_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """Nor is what would be made in it."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "p1.log").write_text("precious")
    (tmp_path / "logs").symlink_to("project")
    for flags in FLAGS:
        with pytest.raises(NotOurs, match="logs is a symbolic link"):
            own_files.opened(tmp_path / "logs" / "p1.log", flags)
    with pytest.raises(NotOurs, match="logs is a symbolic link"):
        own_files.make_folder(tmp_path / "logs")


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    """That is no `NotOurs`."""
    for path in (tmp_path / "log", tmp_path / "logs" / "log"):
        with pytest.raises(FileNotFoundError):
            own_files.opened(path)
        assert own_files.found(path) is None
        assert own_files.size(path) == 0


def test_a_file_that_is_made_is_private_whole_and_made_once(tmp_path: Path) -> None:
    own_files.make(tmp_path / "token", b"first")
    own_files.make(tmp_path / "token", b"second")
    assert own_files.read(tmp_path / "token", 100) == b"first"
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


@pytest.mark.parametrize("put_there", [a_link, a_dangling_link, a_fifo, a_socket, Path.touch])
def test_a_file_is_replaced_and_not_written_through(tmp_path: Path, put_there: Callable[[Path], None]) -> None:
    put_there(tmp_path / "address")
    own_files.write(tmp_path / "address", b"127.0.0.1:8700\n")
    own_files.write(tmp_path / "address", b"::1:1\n")
    assert own_files.read(tmp_path / "address", 100) == b"::1:1\n"
    if put_there is a_link:
        assert (tmp_path / "precious").read_text() == "precious"


def test_what_is_set_aside_takes_the_place_of_nothing(tmp_path: Path) -> None:
    """Two in one second get different names; a link is renamed, not what it leads to."""
    a_link(tmp_path / "log")
    first = own_files.set_aside(tmp_path / "log")
    (tmp_path / "log").write_text("second")
    second = own_files.set_aside(tmp_path / "log")
    assert (first.is_symlink(), second.read_text()) == (True, "second")
    assert {path.name for path in tmp_path.iterdir()} == {"precious", first.name, second.name}
    assert first.name.startswith("log.damaged-")


def test_a_file_that_cannot_be_written_whole_is_not_replaced(tmp_path: Path) -> None:
    """As on a disk that is nearly full: the kernel writes a part, and says so only in the count."""
    path = tmp_path / "file"
    own_files.write(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            own_files.write(path, b"x" * 200)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
