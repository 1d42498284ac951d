"""The journal's file: opened with mode 0600, checked, moved aside if it is damaged."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from app.records.errors import JournalError

#: So that others need not import sqlite3.
Connection = sqlite3.Connection

VERSION = 1
_SUFFIXES = ("", "-wal", "-shm")
_DAMAGED_KEPT = 3
_OPENING_TIMEOUT_S = 2.0
_DAMAGE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SCHEMA = """
BEGIN;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, process TEXT, pid INTEGER, name TEXT,
    text TEXT NOT NULL, by TEXT NOT NULL
);
CREATE INDEX events_of_process ON events (process, seq) WHERE process IS NOT NULL;
CREATE INDEX events_of_kind ON events (kind, seq);
CREATE TABLE processes (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, pid INTEGER, start_ticks INTEGER,
    created_at REAL NOT NULL, boot_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE specs (process TEXT PRIMARY KEY, spec TEXT NOT NULL);
CREATE TABLE descendants (id TEXT PRIMARY KEY, root TEXT, name TEXT NOT NULL, boot_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, pid INTEGER NOT NULL, boot_id TEXT NOT NULL, started_at REAL NOT NULL, ended_at REAL
);
CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
COMMIT;
"""
#: What a supervisor hands over to the next, and what of it the next could not read; added later, and ignored by older
#: supervisors.
_HANDOVER_TABLES = (
    "CREATE TABLE IF NOT EXISTS legacy (id TEXT PRIMARY KEY, boot_id TEXT NOT NULL, fact BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS set_aside (number INTEGER PRIMARY KEY, id TEXT NOT NULL, fact BLOB NOT NULL)",
)


class _DamagedError(Exception):
    """The file exists but is not a readable journal."""


def open_file(path: Path) -> tuple[sqlite3.Connection, str | None]:
    """Return the connection and a notice, or None: a damaged file is moved aside and a new one created."""
    try:
        return _open(path), None
    except _DamagedError as damage:
        aside = _move_aside(path)
        return _open(path), f"the journal was damaged ({damage}); moved it to {aside.name} and started a new one"


def open_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write."""
    db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_OPENING_TIMEOUT_S)
    db.row_factory = sqlite3.Row
    return db


@contextmanager
def journal_errors(what: str) -> Iterator[None]:
    """Raise errors of the file as a `JournalError` that says what could not be done."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"the journal cannot be {what}: {error}") from error


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Run the body in one transaction; roll back if it raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite has rolled back already if the disk is full
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        raise


def _open(path: Path) -> sqlite3.Connection:
    # SQLite gives -wal and -shm the mode of the file itself.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    db = sqlite3.connect(path, timeout=_OPENING_TIMEOUT_S, isolation_level=None)
    try:
        _prepare(db)
    except sqlite3.Error as error:
        db.close()
        if error.sqlite_errorcode & 0xFF in _DAMAGE:
            raise _DamagedError(error) from error
        raise
    except _DamagedError:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        db.executescript(_SCHEMA)
    elif version != VERSION:
        raise _DamagedError(f"it has version {version}, this program writes version {VERSION}")
    for table in _HANDOVER_TABLES:
        db.execute(table)
    (answer,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise _DamagedError(answer)
    # From now on the loop writes: it must not wait for a lock that another program's reader holds.
    db.execute("PRAGMA busy_timeout = 0")
    db.row_factory = sqlite3.Row


def _move_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
    for suffix in _SUFFIXES:
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    kept = sorted(p for p in path.parent.glob(f"{path.name}.damaged-*") if not p.name.endswith(_SUFFIXES[1:]))
    for old in kept[:-_DAMAGED_KEPT]:
        for suffix in _SUFFIXES:
            Path(f"{old}{suffix}").unlink(missing_ok=True)
    return aside
