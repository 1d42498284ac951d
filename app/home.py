"""HOME, the folder of one Procession: made by us, marked, and ours alone.

``PROCESSION_HOME`` may name any folder, by mistake a project.  In one that we did not make nothing is changed, deleted
or believed: we refuse to start.  A folder is ours if it was new or empty, from then on by the file `MARK`; one that an
earlier version made is known by its journal.  What is damaged inside is set aside (`app.linux.own_files`) and reported.
"""

import os
import pwd
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from app.linux import own_files
from app.linux.own_files import NotOurs

MARK = ".procession"
_MARK_TEXT = b"Procession keeps its state in this folder (PROCESSION_HOME).\n"
#: SQLite opens no path of more than 512 bytes.
MAX_PATH_BYTES = 450
_FOLDERS = ("logs", "stacks")
_SOCKETS = ("control.sock", "observer.sock")
_JOURNAL = "journal.sqlite3"
#: The journal's first page has its schema; before the first checkpoint the write-ahead log has.
_JOURNAL_PARTS = (_JOURNAL, f"{_JOURNAL}-wal")
_JOURNAL_HEAD_BYTES = 256 * 1024
_JOURNAL_SIGNS = (b"SQLite format 3\0", b"CREATE TABLE events (", b"CREATE TABLE processes (", b"CREATE TABLE runs (")
_TOKEN_BYTES = 4096
#: A new volume has it from mkfs: it counts as empty.
_NO_CONTENT = {"lost+found"}


class Unusable(Exception):
    """The folder cannot be HOME; the text is a sentence that says why, and what to do."""


def claim(home: Path) -> Path:
    """Make HOME and its folders, or check that it is ours; return its path without a link at its end."""
    if len(os.fsencode(home)) > MAX_PATH_BYTES:
        raise Unusable(f"PROCESSION_HOME is longer than {MAX_PATH_BYTES} bytes: {str(home)[:60]}…")
    if not str(home).isprintable():  # undecodable bytes are not: neither JSON nor a terminal takes them
        raise Unusable(f"PROCESSION_HOME={str(home)!r} has characters that cannot be printed")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home = home.resolve() if home.is_symlink() else home
        _check(home)
        for name in _FOLDERS:
            with suppress(NotOurs):  # `mend` sets it aside
                own_files.make_folder(home / name)
    except OSError as error:
        what = own_files.found(home) if isinstance(error, (FileExistsError, NotADirectoryError)) else None
        reason = f"it is {what}" if what else error.strerror or str(error)
        raise Unusable(f"PROCESSION_HOME={home} cannot be used: {reason}") from error
    return home


def token(home: Path) -> str:
    """Return the token that is kept in HOME, made if there is none; empty if its file is damaged."""
    path = home / "token"
    if not own_files.found(path):
        own_files.make(path, f"{secrets.token_urlsafe(24)}\n".encode())
    try:
        kept = own_files.read(path, _TOKEN_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return kept if kept.isprintable() and len(kept.split()) == 1 and len(kept) < _TOKEN_BYTES else ""


def hold(home: Path) -> None:
    """Keep HOME/lock open until we end: it shows the next launcher that this process is of this HOME."""
    with suppress(OSError):
        own_files.opened(home / "lock")


def mend(home: Path) -> list[str]:
    """Set aside what is in the place of our folders and sockets; return a sentence for each."""
    notices = []
    for name in _FOLDERS:
        path = home / name
        try:
            own_files.make_folder(path)
        except NotOurs as error:
            notices.append(f"{error}; moved it to {own_files.set_aside(path).name} and made a new folder")
            own_files.make_folder(path)
    notices += filter(None, (own_files.make_way(home / name, "a socket") for name in _SOCKETS))
    return notices


class Presence:
    """Notices when HOME, or its journal, is removed or replaced while we use it."""

    def __init__(self, home: Path) -> None:
        self.trouble: str | None = None
        self._home = home
        self._seen = {path: _identity(path) for path in (home, home / _JOURNAL)}

    def look(self) -> str | None:
        """Note in ``trouble`` what is wrong now; return it, or that nothing is any more, if that is new."""
        before = self.trouble
        gone = next((path for path, seen in self._seen.items() if _identity(path) != seen), None)
        self.trouble = (
            f"{gone} was removed or replaced: what happens from now on is lost at the next start" if gone else None
        )
        if self.trouble == before:
            return None
        return self.trouble or f"{self._home} is complete again"


def _check(home: Path) -> None:
    """Raise `Unusable` unless HOME is ours; mark it, and make it private."""
    status = home.stat()
    us, owner = os.geteuid(), status.st_uid
    if owner != us:
        users = f"belongs to {_user(owner)}, but Procession runs as {_user(us)}"
        raise Unusable(f"PROCESSION_HOME={home} {users}: use a folder of your own")
    if status.st_mode & stat.S_IWOTH:
        raise Unusable(f"PROCESSION_HOME={home} is writable by every user: run `chmod 700 {home}`, or use another")
    if not _is_file_of_ours(home / MARK):
        _mark(home)
    own_files.make_folder(home)


def _mark(home: Path) -> None:
    if _names(home) <= _NO_CONTENT:
        own_files.make(home / MARK, _MARK_TEXT)
    elif _made_by_an_earlier_version(home):
        with suppress(OSError):  # its disk may be full: it is known all the same
            own_files.make(home / MARK, _MARK_TEXT)
    else:
        raise Unusable(
            f"PROCESSION_HOME={home} is not empty, and Procession did not make it: use a new or an empty folder"
        )


def _made_by_an_earlier_version(home: Path) -> bool:
    return _has_our_journal(home) or _is_bare(home)


def _has_our_journal(home: Path) -> bool:
    head = b""
    for name in _JOURNAL_PARTS:
        with suppress(FileNotFoundError, NotOurs):
            fd = own_files.opened(home / name)
            try:
                head += os.read(fd, _JOURNAL_HEAD_BYTES)
            finally:
                os.close(fd)
    return head.startswith(_JOURNAL_SIGNS[0]) and all(sign in head for sign in _JOURNAL_SIGNS)


def _is_bare(home: Path) -> bool:
    """Return whether it has only what a command of an earlier version made where nothing had been served."""
    names = _names(home)
    return set(_FOLDERS) <= names <= {*_FOLDERS, "token"} and all(
        (home / name).lstat().st_mode == stat.S_IFDIR | 0o700 for name in _FOLDERS
    )


def _names(home: Path) -> set[str]:
    return {path.name for path in home.iterdir()}


def _is_file_of_ours(path: Path) -> bool:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _user(uid: int) -> str:
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"uid {uid}"
