"""The journal's file: opened with mode 0600, checked, moved aside if it is damaged.

What can still be read of a damaged file, or of one that a newer version wrote, is copied into the new one (`_rescue`):
without it no process would be restarted by its policy.  Its events stay where they are.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from app.linux import own_files
from app.linux.own_files import NotOurs
from app.records.errors import JournalError

#: So that others need not import sqlite3.
Connection = sqlite3.Connection

VERSION = 1
#: Of all numbers in the file: JavaScript knows no greater ones exactly.
MAX_NUMBER = 2**53 - 1
_SUFFIXES = ("", "-wal", "-shm", "-journal")
_DAMAGED_KEPT = 3
_OPENING_TIMEOUT_S = 2.0
_DAMAGE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
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
#: The columns of each table, in order, and what stands for one that a damaged file does not have; "" if nothing can.
_COLUMNS = {
    "events": dict.fromkeys(("seq", "at", "kind", "process", "pid", "name", "text", "by"), ""),
    "processes": {
        "id": "",
        "name": "id",
        "state": "'running'",
        "pid": "NULL",
        "start_ticks": "NULL",
        "created_at": "0",
        "boot_id": "''",
    },
    "specs": {"process": "", "spec": ""},
    "descendants": {"id": "", "root": "NULL", "name": "''", "boot_id": "''"},
    "runs": {"number": "1", "pid": "1", "boot_id": "''", "started_at": "0", "ended_at": "NULL"},
    "numbers": {"name": "", "value": ""},
    "legacy": {"id": "", "boot_id": "", "fact": ""},
}
#: What could refuse a line: our own indexes are not unique.
_REFUSING = "SELECT name FROM sqlite_schema WHERE type = 'trigger' OR sql LIKE 'CREATE UNIQUE%'"
_NUMBERS = {
    "the number of an event": "SELECT min(seq), max(seq) FROM events",
    "the number of a run": "SELECT min(number), max(number) FROM runs",
    "the number of a process": "SELECT min(value), max(value) FROM numbers",
}


class _DamagedError(Exception):
    """The file exists but is not a readable journal."""


def open_file(path: Path) -> tuple[sqlite3.Connection, str | None]:
    """Return the connection and a notice, or None: a damaged file is moved aside and a new one created."""
    # What has the name of one of SQLite's own files, but is none.
    notices = list(filter(None, (own_files.make_way(Path(f"{path}{suffix}")) for suffix in _SUFFIXES[1:])))
    try:
        db = _open(path)
    except (_DamagedError, NotOurs) as damage:
        aside = _move_aside(path)
        db = _open(path)
        rescued = _rescue(aside, db)
        processes = "1 process" if rescued == 1 else f"{rescued:,} processes"
        kept = f", with {processes} from it" if rescued else ""
        notices.append(f"the journal was damaged ({damage}); moved it to {aside.name} and started a new one{kept}")
    return db, "; ".join(notices) or None


def open_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; raise `NotOurs` if the path is not a file of ours."""
    os.close(own_files.opened(path))
    db = _connected(path, "ro")
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
    if own_files.found(path) == "a file" and not own_files.size(path) and own_files.size(Path(f"{path}-wal")):
        raise _DamagedError("it is empty")  # SQLite would delete the write-ahead log, and say nothing
    # SQLite gives -wal and -shm the mode of the file itself.
    fd = own_files.opened(path, os.O_RDWR | os.O_CREAT)
    try:
        os.fchmod(fd, 0o600)
    finally:
        os.close(fd)
    db = _connected(path)
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


def _connected(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Return a connection to this very file; raise `NotOurs` if a link has taken its place after it was checked.

    SQLite follows links before it opens what they lead to (O_NOFOLLOW), and says what it has opened.
    """
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"
    db = sqlite3.connect(uri, uri=True, timeout=_OPENING_TIMEOUT_S, isolation_level=None)
    db.text_factory = bytes
    (_, _, opened) = db.execute("PRAGMA database_list").fetchone()
    if os.fsdecode(opened) != str(path.parent.resolve() / path.name):
        db.close()
        raise NotOurs(f"{path} is a symbolic link")
    db.text_factory = lambda text: text.decode(errors="replace")
    return db


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (objects,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version == 0 and not objects:
        db.executescript(_SCHEMA)
    elif version != VERSION:
        raise _DamagedError(f"it has version {version}, this program writes version {VERSION}")
    for table in _HANDOVER_TABLES:
        db.execute(table)
    (answer,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise _DamagedError(answer)
    _check(db)
    # From now on the loop writes: it must not wait for a lock that another program's reader holds.
    db.execute("PRAGMA busy_timeout = 0")
    db.row_factory = sqlite3.Row


def _check(db: sqlite3.Connection) -> None:
    """Raise `_DamagedError` if a line could not be written or read: SQLite itself is content with any table."""
    for table, columns in _COLUMNS.items():
        if (found := _columns_of(db, table)) != list(columns):
            what = f"has the columns {', '.join(found)}" if found else "is missing"
            raise _DamagedError(f"table {table} {what}")
    if refusing := db.execute(_REFUSING).fetchone():
        raise _DamagedError(f"{refusing[0]} is a trigger or an index that may refuse lines")
    for what, sql in _NUMBERS.items():
        for number in db.execute(sql).fetchone():
            if number is not None and not (isinstance(number, int) and 0 <= number <= MAX_NUMBER):
                raise _DamagedError(f"{what} is {str(number)[:40]}")


def _columns_of(db: sqlite3.Connection, table: str) -> list[str]:
    return [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]


def _move_aside(path: Path) -> Path:
    aside = own_files.set_aside(path)
    for suffix in _SUFFIXES[1:]:
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    kept = sorted(p for p in path.parent.glob(f"{path.name}.damaged-*") if not p.name.endswith(_SUFFIXES[1:]))
    for old in kept[:-_DAMAGED_KEPT]:
        for suffix in _SUFFIXES:
            with suppress(OSError):  # missing, or a folder
                Path(f"{old}{suffix}").unlink()
    return aside


def _rescue(aside: Path, db: sqlite3.Connection) -> int:
    """Copy all readable rows except events; return the number of processes.  Their values are checked later."""
    if not own_files.size(aside):
        return 0
    with suppress(sqlite3.Error, NotOurs), closing(_connected(aside)) as old, transaction(db):
        for table in _COLUMNS.keys() - {"events"}:
            with suppress(sqlite3.Error):
                _copy(old, db, table, _COLUMNS[table])
        db.execute("DELETE FROM runs WHERE number NOT BETWEEN 1 AND ?", (MAX_NUMBER,))
        db.execute("DELETE FROM numbers WHERE typeof(value) != 'integer' OR value NOT BETWEEN 0 AND ?", (MAX_NUMBER,))
    (rescued,) = db.execute("SELECT count(*) FROM processes").fetchone()
    return int(rescued)


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str, columns: dict[str, str]) -> None:
    there = _columns_of(old, table)
    values = [name if name in there else instead for name, instead in columns.items()]
    if not there or "" in values:
        return
    places = ", ".join("?" * len(columns))
    for row in old.execute(f"SELECT {', '.join(values)} FROM {table}"):  # noqa: S608  all ours
        with suppress(sqlite3.Error):
            new.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", row)  # noqa: S608  all ours
