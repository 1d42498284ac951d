"""What is damaged in HOME never keeps `procession serve` from starting: it is set aside, or refused in one line.

Each case is a real home: of an instance that was killed while two processes with a restart policy ran.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import Struct

from app.records.process import LaunchSpec, RestartPolicy, State
from app.supervisor.journal.file import VERSION
from tests.instance import Instance, kill_at_once
from tests.waiting import wait_until

JOURNAL = "journal.sqlite3"
#: The ids in the home, in the order of their launch: the second is the one that some cases damage.
KEPT, OTHER = "p1", "p2"
NEXT = "p3"


class Damaged(Struct, frozen=True):
    """``told``: in an event or on standard error.  ``kept``: the processes that come back by their restart policy."""

    damage: Callable[[Path], object]
    told: str
    kept: tuple[str, ...] = (KEPT, OTHER)
    aside: str = ""


def sql(*statements: str) -> Callable[[Path], None]:
    """Return a damage that changes the journal."""

    def damage(home: Path) -> None:
        with closing(sqlite3.connect(home / JOURNAL, isolation_level=None)) as db:
            for statement in statements:
                db.execute(statement)

    return damage


def row(statement: str) -> Damaged:
    """Return a case in which one row of a process is damaged: only that process is lost."""
    return Damaged(sql(statement), "removed the damaged row of", kept=(KEPT,))


def moved(*statements: str, told: str = "the journal was damaged", kept: tuple[str, ...] = (KEPT, OTHER)) -> Damaged:
    """Return a case in which the journal is set aside, and what it knew of processes is copied."""
    return Damaged(sql(*statements), told, kept, aside=JOURNAL)


def replaced(name: str, by: Callable[[Path], object], told: str, kept: tuple[str, ...] = (KEPT, OTHER)) -> Damaged:
    """Return a case in which something else is in the place of a file or folder, which is set aside."""

    def damage(home: Path) -> None:
        path = home / name
        # A write-ahead log that is left would bring the old journal back.
        for old in (path, *(home.glob(f"{JOURNAL}-*") if name == JOURNAL else ())):
            if old.is_dir():
                shutil.rmtree(old)
            old.unlink(missing_ok=True)
        by(path)

    return Damaged(damage, told, kept, aside=name)


def folder(path: Path) -> None:
    (path / "with" / "content").mkdir(parents=True)


def link(path: Path) -> None:
    """Lead into a project, and to a file that only its owner may read."""
    project = next(parent for parent in path.parents if parent.name == "home").with_name("project")
    project.mkdir(exist_ok=True)
    (project / "p1.log").write_text("precious")
    (project / "access.log").write_text("precious")
    path.symlink_to(project if path.name in ("logs", "stacks") else project / "access.log")


def content(written: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(written)


def tear(home: Path) -> None:
    """Write zeros over pages in the middle, as a crash of the machine may."""
    with closing(sqlite3.connect(home / JOURNAL)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (home / JOURNAL).open("r+b") as file:
        file.seek(4096)
        file.write(bytes(5 * 4096))


def empty(home: Path) -> None:
    """Truncate the file itself; its write-ahead log is still there."""
    os.truncate(home / JOURNAL, 0)


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE accounts (id INTEGER)")


def without_rights(name: str) -> Callable[[Path], object]:
    return lambda home: (home / name).chmod(0)


def newer(path: Path) -> None:
    """As a later version may write it: another number, another column, another table."""
    sql(
        f"PRAGMA user_version = {VERSION + 7}",
        "ALTER TABLE processes ADD COLUMN priority INTEGER NOT NULL DEFAULT 3",
        "ALTER TABLE runs DROP COLUMN started_at",
        "CREATE TABLE plans (id TEXT)",
    )(path)


HUGE = 2**63 - 1
OF_OTHER = f"WHERE id = '{OTHER}'"
MANY = "INSERT INTO descendants VALUES"
STARTS = {
    # The journal as a file
    "journal-garbage": replaced(JOURNAL, content(b"not a database " * 1000), "the journal was damaged", kept=()),
    "journal-torn": Damaged(tear, "the journal was damaged", kept=(), aside=JOURNAL),
    "journal-empty": Damaged(empty, "the journal was damaged (it is empty)", kept=(), aside=JOURNAL),
    "journal-folder": replaced(JOURNAL, folder, f"{JOURNAL} is a folder", kept=()),
    "journal-fifo": replaced(JOURNAL, os.mkfifo, f"{JOURNAL} is a FIFO", kept=()),
    "journal-link": replaced(JOURNAL, link, f"{JOURNAL} is a symbolic link", kept=()),
    "journal-of-another-program": replaced(JOURNAL, of_another_program, "it has version 0", kept=()),
    "journal-without-rights": Damaged(without_rights(JOURNAL), ""),
    "wal-folder": replaced(f"{JOURNAL}-wal", folder, "-wal is a folder", kept=()),
    "shm-fifo": replaced(f"{JOURNAL}-shm", os.mkfifo, "-shm is a FIFO"),
    "rollback-fifo": replaced(f"{JOURNAL}-journal", os.mkfifo, "-journal is a FIFO"),
    # Its schema
    "schema-newer": Damaged(newer, f"it has version {VERSION + 7}", aside=JOURNAL),
    "schema-of-nothing": moved("PRAGMA user_version = 0", told="it has version 0"),
    "events-without-a-column": moved("ALTER TABLE events DROP COLUMN by", told="table events has the columns seq"),
    "processes-without-a-name": moved("ALTER TABLE processes DROP COLUMN name", told="table processes has"),
    "processes-without-a-state": moved("ALTER TABLE processes DROP COLUMN state", told="table processes has"),
    "runs-without-a-pid": moved("ALTER TABLE runs DROP COLUMN pid", told="table runs has"),
    "specs-missing": moved("DROP TABLE specs", told="cannot be restored: its plan cannot be read", kept=()),
    "handover-of-another-kind": moved("ALTER TABLE legacy ADD COLUMN more", told="table legacy has"),
    "a-trigger": moved(
        "CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END", told="no is a trigger"
    ),
    # Its numbers
    "process-number-huge": moved(f"UPDATE numbers SET value = {HUGE}", told=f"the number of a process is {HUGE}"),
    "process-number-text": moved("UPDATE numbers SET value = 'many'", told="the number of a process is many"),
    "process-number-missing": Damaged(sql("DELETE FROM numbers"), ""),
    "event-number-huge": moved(f"UPDATE events SET seq = {HUGE} WHERE seq = 2", told="the number of an event is"),
    "event-number-negative": moved("UPDATE events SET seq = -7 WHERE seq = 1", told="the number of an event is -7"),
    "run-number-huge": moved(f"UPDATE runs SET number = {HUGE}", told=f"the number of a run is {HUGE}"),
    # Its rows
    "state-unknown": row(f"UPDATE processes SET state = 'dreaming' {OF_OTHER}"),
    "pid-text": row(f"UPDATE processes SET pid = 'one' {OF_OTHER}"),
    "pid-huge": row(f"UPDATE processes SET pid = {HUGE} {OF_OTHER}"),
    "start-negative": row(f"UPDATE processes SET start_ticks = -1 {OF_OTHER}"),
    "created-in-a-far-future": row(f"UPDATE processes SET created_at = 1e300 {OF_OTHER}"),
    "created-at-infinity": row(f"UPDATE processes SET created_at = 9e999 {OF_OTHER}"),
    "id-a-path": Damaged(
        sql(f"UPDATE processes SET id = '../../project/p1' {OF_OTHER}"), "removed the damaged row", kept=(KEPT,)
    ),
    "name-binary": row(f"UPDATE processes SET name = x'ff00' {OF_OTHER}"),
    "spec-binary": row(f"UPDATE specs SET spec = x'ff00' WHERE process = '{OTHER}'"),
    "spec-no-json": Damaged(
        sql(f"UPDATE specs SET spec = '{{{{' WHERE process = '{OTHER}'"), "its plan cannot be read", kept=(KEPT,)
    ),
    "spec-of-another-shape": Damaged(
        sql(f"UPDATE specs SET spec = '{{\"process\": []}}' WHERE process = '{OTHER}'"),
        "its plan cannot be read",
        kept=(KEPT,),
    ),
    "spec-without-an-end": Damaged(
        sql(f"UPDATE specs SET spec = '{'[' * 100_000}' WHERE process = '{OTHER}'"),
        "its plan cannot be read",
        kept=(KEPT,),
    ),
    "descendant-no-key": Damaged(
        sql(f"{MANY} ('me', 'p1', 'sh', '')"), "removed the damaged row of me from the journal"
    ),
    "event-odd": Damaged(
        sql("UPDATE events SET at = 'yesterday', text = x'fffe', pid = 'none', name = 7, by = x'00'"),
        "this line of the journal is damaged",
    ),
    "event-not-utf8": Damaged(sql("UPDATE events SET text = CAST(x'fffe41' AS TEXT)"), "\ufffd\ufffdA"),
    "run-odd": Damaged(sql("UPDATE runs SET pid = 'none', ended_at = 'never', started_at = x'00'"), ""),
    # Folders
    "logs-link": replaced("logs", link, "logs is a symbolic link"),
    "logs-file": replaced("logs", Path.touch, "logs is a file"),
    "stacks-fifo": replaced("stacks", os.mkfifo, "stacks is a FIFO"),
    "logs-without-rights": Damaged(without_rights("logs"), ""),
    "log-folder": replaced(f"logs/{KEPT}.log", folder, f"{KEPT}.log is a folder"),
    "log-fifo": replaced(f"logs/{KEPT}.log", os.mkfifo, f"{KEPT}.log is a FIFO"),
    "log-link": replaced(f"logs/{KEPT}.log", link, f"{KEPT}.log is a symbolic link"),
    "stack-fifo": Damaged(lambda home: _replace(home / "stacks" / f"{KEPT}.txt", os.mkfifo), ""),
    "stack-link": Damaged(lambda home: _replace(home / "stacks" / f"{KEPT}.txt", link), ""),
    # Sockets, token, address, lock
    "control-folder": replaced("control.sock", folder, "control.sock is a folder"),
    "control-link": replaced("control.sock", link, "control.sock is a symbolic link"),
    "observer-file": replaced("observer.sock", Path.touch, "observer.sock is a file"),
    "address-folder": replaced("address", folder, "address is a folder"),
    "address-fifo": replaced("address", os.mkfifo, "address is a FIFO"),
    "address-link": replaced("address", link, "address is a symbolic link"),
    "token-binary": replaced("token", content(b"\xff\xfe\x00"), "token holds no token"),
    "token-blank": replaced("token", content(b" \n"), "token holds no token"),
    "token-fifo": replaced("token", os.mkfifo, "token holds no token"),
    "token-folder": replaced("token", folder, "token holds no token"),
    "token-link": replaced("token", link, "token holds no token"),
    "lock-folder": replaced("lock", folder, "lock is a folder"),
    "lock-fifo": replaced("lock", os.mkfifo, "lock is a FIFO"),
    "lock-link": replaced("lock", link, "lock is a symbolic link"),
    "lock-binary": Damaged(lambda home: (home / "lock").write_bytes(os.urandom(100_000)), ""),
    "lock-huge-numbers": Damaged(lambda home: (home / "lock").write_bytes(b"9" * 20_000 + b" 1 " * 9), ""),
}
#: One of each kind in `make test`.
SHORT = {"schema-newer", "logs-link", "log-fifo"}


def told_by(instance: Instance, text: str) -> bool:
    """Return whether an event or standard error has the text."""
    return any(text in each for each in (*(event.text for event in instance.snapshot().events), instance.stderr()))


def set_aside(home: Path) -> dict[str, Path]:
    """Return what was set aside, by the name that it had; not the files beside a journal, which go with it."""
    found = [path for path in home.rglob("*.damaged-*") if not path.name.endswith(("-wal", "-shm", "-journal"))]
    return {str(path.relative_to(home)).partition(".damaged-")[0]: path for path in found}


def _replace(path: Path, by: Callable[[Path], object]) -> None:
    path.unlink()
    by(path)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of an instance that was killed while it ran two processes with a restart policy."""
    with Instance(tmp_path_factory.mktemp("killed") / "home") as instance:
        policy = RestartPolicy(policy="on-failure")
        for _ in (KEPT, OTHER):
            instance.launch(LaunchSpec(workload="sleep", params={"seconds": 600}, restart=policy))
        kill_at_once(instance.supervisor_pid, instance.web_pid, instance.serve.pid)
        instance.wait_ended()
        instance.wait_nothing_alive()
    return instance.home


@pytest.fixture
def home(killed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(killed, tmp_path / "home", ignore=shutil.ignore_patterns("*.sock")))


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=name, marks=() if name in SHORT else pytest.mark.long) for name, case in STARTS.items()],
)
def test_serve_starts_from_a_damaged_home(home: Path, case: Damaged) -> None:
    """It says what was damaged and where it is now; all else goes on, and what it leads to is not touched."""
    case.damage(home)
    with Instance(home) as instance:
        for process_id in case.kept:
            assert instance.wait_state(process_id, "running").restarts == 1
        new = instance.launch("sleep", seconds=600)
        assert new.id == NEXT or not case.kept
        running = {each.id for each in instance.snapshot().processes if each.state is State.RUNNING}
        assert running == {*case.kept, new.id}
        wait_until(lambda: told_by(instance, case.told), 10, f"{case.told!r} is told")
        asides = set_aside(home)
        assert asides.keys() == {case.aside} - {""} | ({f"logs/{KEPT}.log"} if new.id == KEPT else set())
        for aside in asides.values():
            wait_until(lambda name=aside.name: told_by(instance, name), 10, f"{aside.name} is told")
        assert instance.get(f"/api/v1/processes/{new.id}/log") == 200
        assert instance.get("/api/v1/events") == 200
        assert instance.cli("events").returncode == 0
        assert instance.cli("logs", new.id).returncode == 0
        assert "Traceback" not in instance.stderr()
        assert instance.stop() == 0
        assert not instance.alive()
    project = home.parent / "project"
    assert not project.exists() or {each.read_text() for each in project.iterdir()} == {"precious"}


def a_project(path: Path) -> None:
    path.mkdir()
    (path / "token").write_text("known")


def locked(home: Path) -> subprocess.Popen[bytes]:
    """Hold the journal as another program may."""
    code = (
        "import sqlite3, sys, time; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "db.execute('PRAGMA locking_mode = EXCLUSIVE'); db.execute('BEGIN EXCLUSIVE'); print('held', flush=True);"
        "time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, home / JOURNAL], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    return process


@pytest.mark.parametrize(
    ("name", "make", "told"),
    [
        ("home", a_project, "is not empty, and Procession did not make it"),
        ("home", Path.touch, "it is a file"),
        ("home", os.mkfifo, "it is a FIFO"),
        ("x" * 1000, lambda path: None, "is longer than 450 bytes"),
        ("/".join(["x" * 99] * 10), lambda path: None, "is longer than 450 bytes"),
        ("home", lambda path: path.symlink_to("nowhere"), "it is a symbolic link"),
        ("home", lambda path: (path.mkdir(), path.chmod(0o777)), "is writable by every user"),
    ],
    ids=["project", "file", "fifo", "long-name", "long-path", "dangling-link", "writable"],
)
def test_serve_refuses_a_home_that_is_not_its_own(
    tmp_path: Path, name: str, make: Callable[[Path], object], told: str
) -> None:
    """One line, exit code 1, and nothing is started; every other command says the same."""
    make(tmp_path / name)
    instance = Instance(tmp_path / name)
    for command in ("serve", "ps"):
        done = subprocess.run(
            [sys.executable, "-m", "app", command],
            env=instance.environ,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert told in done.stderr


def test_serve_ends_at_once_where_its_supervisor_cannot_start(home: Path) -> None:
    """A journal that another program holds is not damaged: one line and exit code 1, instead of six attempts."""
    holder = locked(home)
    instance = Instance(home)
    try:
        began = time.monotonic()
        instance.start()
        assert instance.wait_ended() == 1
        assert time.monotonic() - began < 15
        assert instance.line == ""
        (line,) = instance.stderr().splitlines()
        assert line.startswith("procession: the supervisor cannot start: the journal cannot be opened: database is")
    finally:
        holder.kill()
        holder.communicate()
        instance.kill_all()


def test_a_home_that_is_removed_is_told(tmp_path: Path) -> None:
    """In an event, and where the page shows what is wrong with the journal; processes go on, and it stops in order."""
    with Instance(tmp_path / "home") as instance:
        process = instance.launch("sleep", seconds=600)
        away = Instance(instance.home.rename(tmp_path / "away"))  # its socket is there now
        told = f"{tmp_path}/home was removed or replaced: what happens from now on is lost at the next start"
        wait_until(lambda: away.snapshot().supervisor.journal_error == told, 10)
        wait_until(lambda: told in [event.text for event in away.snapshot().events], 10)
        assert away.process(process.id).alive
        assert instance.get("/readyz") == 200
        assert instance.stop() == 0
