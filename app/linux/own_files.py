"""Open, make and set aside the files of a folder of our own.

Whatever runs with our uid, supervised processes among it, can put anything in the place of a file: a FIFO, on which
open() waits for ever, or a link to a file that we may read and a viewer of the page may not.  So nothing here follows
a link below the folder, nothing blocks, and only regular files and folders of our own user are used.
"""

import errno
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: How open(2) says that it found something else: a link, a folder, a FIFO or a socket.
_SOMETHING_ELSE = (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENOTDIR)
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFREG: "a file",
}


class NotOurs(OSError):
    """What is at the path is not the file or folder that we keep there; the text says what it is."""


def opened(path: Path, flags: int = os.O_RDONLY) -> int:
    """Return an fd of a regular file of ours; with `os.O_CREAT` it is made (0600).  Raises `NotOurs`, or OSError."""
    folder = _folder(path.parent)
    try:
        try:
            fd = os.open(path.name, flags | _FLAGS, _FILE_MODE, dir_fd=folder)
        except PermissionError:  # somebody has taken our rights away
            _give_rights(path, folder)
            fd = os.open(path.name, flags | _FLAGS, _FILE_MODE, dir_fd=folder)
    except OSError as error:
        _refuse(path, error)
        raise
    finally:
        os.close(folder)
    return _checked(path, fd, stat.S_IFREG)


def read(path: Path, limit: int) -> bytes:
    """Return at most ``limit`` bytes of a file of ours, which becomes private (0600) if it was not."""
    fd = opened(path)
    try:
        _make_private(fd, _FILE_MODE)
        return os.read(fd, limit)
    finally:
        os.close(fd)


def write(path: Path, content: bytes) -> None:
    """Replace a file of ours (0600) at once: a reader sees the old content or the new one."""
    new = path.with_name(f".{path.name}.new")
    fd = opened(new, os.O_WRONLY | os.O_CREAT)
    try:
        os.ftruncate(fd, 0)
        _write_all(fd, content)
    finally:
        os.close(fd)
    new.replace(path)


def make(path: Path, content: bytes) -> None:
    """Make a file (0600) with all of its content at once; leave one that is there already."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    fd = opened(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        _write_all(fd, content)
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        os.close(fd)
        new.unlink()


def make_folder(path: Path) -> None:
    """Make a folder of ours, or make it private (0700); raises `NotOurs` if something else is there."""
    with suppress(FileExistsError):
        path.mkdir(_FOLDER_MODE)
    fd = _folder(path)
    try:
        _make_private(fd, _FOLDER_MODE)
    finally:
        os.close(fd)


def found(path: Path) -> str | None:
    """Return in words what is at the path; None if nothing is.  Follows no link."""
    try:
        return _KINDS.get(stat.S_IFMT(path.lstat().st_mode), "a device")
    except (FileNotFoundError, NotADirectoryError):
        return None


def size(path: Path) -> int:
    """Return the size of a regular file; 0 if there is none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def set_aside(path: Path) -> Path:
    """Rename what is at the path, whatever it is, to ``NAME.damaged-TIME``; return the new path."""
    stem = f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}"
    aside, number = path.with_name(stem), 1
    while found(aside):
        number += 1
        aside = path.with_name(f"{stem}-{number}")
    return path.rename(aside)


def make_way(path: Path, kind: str = "a file") -> str | None:
    """Set aside what is at the path unless it is of this kind; return a sentence about it, None if all is well."""
    what = found(path)
    return None if what in (None, kind) else f"{path} is {what}; moved it to {set_aside(path).name}"


def _write_all(fd: int, content: bytes) -> None:
    """Write everything: a disk that is nearly full takes a part of it first."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _folder(path: Path) -> int:
    """Return an fd (O_PATH) of a folder of ours, which must not be a link."""
    try:
        fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        _refuse(path, error)
        raise
    return _checked(path, fd, stat.S_IFDIR)


def _checked(path: Path, fd: int, kind: int) -> int:
    """Return the fd, of a file of this kind and ours; else close it and raise `NotOurs`."""
    status, fault = os.fstat(fd), ""
    if stat.S_IFMT(status.st_mode) != kind:
        fault = f"{path} is {_KINDS.get(stat.S_IFMT(status.st_mode), 'a device')}"
    elif status.st_uid != os.geteuid():
        fault = f"{path} belongs to uid {status.st_uid}"
    if fault:
        os.close(fd)
        raise NotOurs(fault)
    return fd


def _make_private(fd: int, mode: int) -> None:
    if stat.S_IMODE(os.fstat(fd).st_mode) != mode:
        # fchmod() does not take an O_PATH fd; this is the file itself, whatever is at its path by now.
        Path(f"/proc/self/fd/{fd}").chmod(mode)


def _give_rights(path: Path, folder: int) -> None:
    fd = _checked(path, os.open(path.name, os.O_PATH | _FLAGS, dir_fd=folder), stat.S_IFREG)
    try:
        _make_private(fd, _FILE_MODE)
    finally:
        os.close(fd)


def _refuse(path: Path, error: OSError) -> None:
    """Raise `NotOurs` if that is what the error means."""
    if not isinstance(error, NotOurs) and error.errno in _SOMETHING_ELSE and (what := found(path)):
        raise NotOurs(f"{path} is {what}") from error
