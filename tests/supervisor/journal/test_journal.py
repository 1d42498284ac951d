"""The journal on real files: durable, bounded, and working after a full disk or a damaged file."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.linux.own_files import NotOurs
from app.protocol.control import Events
from app.records.errors import JournalError
from app.records.event import EventDraft
from app.records.limits import MAX_EVENTS
from app.records.process import State
from app.supervisor.journal import file
from app.supervisor.journal.facts import Batch, DescendantFact, ProcessFact
from app.supervisor.journal.journal import TEXT_LENGTH, Journal, search


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path)
    yield journal
    journal.close()


def draft(text: str, process: str | None = "1", kind: str = "started", name: str | None = "one") -> EventDraft:
    """Return an event with that text."""
    return EventDraft(at=12.5, kind=kind, text=text, by="operator", process=process, pid=7, name=name)


def commit(journal: Journal, *drafts: EventDraft) -> list[int]:
    """Commit these events and return their numbers."""
    return [event.seq for event in journal.commit(Batch(drafts=list(drafts)))]


def texts(journal: Journal, query: Events) -> list[str]:
    """Return the texts of the events that the query finds."""
    return [event.text for event in journal.events(query)[0]]


def test_events_are_read_as_they_were_written(journal: Journal) -> None:
    """They are numbered from 1 without gaps, oldest first."""
    assert commit(journal, draft("a"), draft("b")) == [1, 2]
    assert commit(journal, draft("c", process=None, name=None)) == [3]
    events, after = journal.events(Events(request=1))
    assert [(e.seq, e.text, e.process, e.name, e.at, e.by) for e in events] == [
        (1, "a", "1", "one", 12.5, "operator"),
        (2, "b", "1", "one", 12.5, "operator"),
        (3, "c", None, None, 12.5, "operator"),
    ]
    assert after == 3
    assert journal.events(Events(request=1, after=3)) == ([], 3)


def test_empty_batch_writes_nothing(journal: Journal) -> None:
    """An idle loop does not touch the disk."""
    before = (size := journal.path.with_name("journal.sqlite3-wal")).stat()
    assert journal.commit(Batch()) == []
    assert size.stat() == before


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Events(request=1, process="1"), ["50% done", "a_b"]),
        (Events(request=1, kind="exited"), ["a_b", "axb"]),
        (Events(request=1, kind="exited", process="2"), ["axb"]),
        (Events(request=1, q="%"), ["50% done"]),
        (Events(request=1, q="a_"), ["a_b"]),
        (Events(request=1, q="\\"), ["back\\slash"]),
        (Events(request=1, q="A_B"), ["a_b"]),
        (Events(request=1, q="'; DROP TABLE events; --"), []),
        (Events(request=1, q="two"), ["axb", "back\\slash"]),
        (Events(request=1, after=2, limit=1), ["axb"]),
        (Events(request=1, latest=True, limit=2), ["axb", "back\\slash"]),
        (Events(request=1, latest=True, limit=1, kind="exited"), ["axb"]),
        (Events(request=1, latest=True, limit=1, before=4), ["axb"]),
        (Events(request=1, latest=True, before=2), ["50% done"]),
        (Events(request=1, q="exi"), ["a_b", "axb"]),
        (Events(request=1, limit=0), []),
        (Events(request=1, limit=-5), []),
    ],
)
def test_events_are_filtered_by_the_query(journal: Journal, query: Events, found: list[str]) -> None:
    """The search text is taken literally, wildcards of LIKE included."""
    commit(
        journal,
        draft("50% done"),
        draft("a_b", kind="exited"),
        draft("axb", process="2", kind="exited", name="two"),
        draft("back\\slash", process="2", name="two"),
    )
    assert texts(journal, query) == found


def test_paging_through_events_finds_each_once(journal: Journal) -> None:
    """`next` is passed as the following `after`; a page has at most 1,000 events."""
    commit(journal, *(draft(str(n)) for n in range(2500)))
    seen: list[str] = []
    after = 0
    while batch := journal.events(Events(request=1, after=after, limit=5000))[0]:
        assert len(batch) <= MAX_EVENTS
        seen += [event.text for event in batch]
        after = batch[-1].seq
    assert seen == [str(n) for n in range(2500)]


def test_long_text_is_cut_and_invalid_text_is_repaired(journal: Journal) -> None:
    """A lone surrogate is replaced, a NUL character is kept."""
    commit(journal, draft("x" * (TEXT_LENGTH + 5)), draft("a\udc80b\x00c"))
    long, broken = texts(journal, Events(request=1))
    assert long == "x" * TEXT_LENGTH + " … (5 more characters)"
    assert broken == "a?b\x00c"


def test_oldest_events_over_the_limit_are_deleted_and_counted(path: Path) -> None:
    """Numbering continues, also after a restart."""
    journal = Journal(path, events_kept=1000)
    for start in range(0, 5000, 100):
        commit(journal, *(draft(str(n)) for n in range(start, start + 100)))
        kept = journal.events(Events(request=1, limit=1))[0][0].seq
        assert start + 100 - kept + 1 <= 1000 + 256 + 100
        assert journal.dropped == kept - 1
    assert commit(journal, *(draft("many") for _ in range(3000))) == list(range(5001, 8001))
    assert journal.dropped == 7000
    journal.close()
    again = Journal(path, events_kept=1000)
    assert (again.dropped, commit(again, draft("next"))) == (7000, [8001])
    again.close()


def test_unfinished_processes_are_known_after_a_crash(path: Path) -> None:
    """Spec, identity and descendants are kept; processes that had ended or were forgotten are not returned."""
    journal = Journal(path)
    batch = Batch(
        processes={
            key: ProcessFact(id=key, name="n" + key, state=state, spec="{}", pid=10, start_ticks=99, created_at=1.0)
            for key, state in {"1": "running", "2": "joined", "3": "running", "4": "backoff"}.items()
        },
        descendants={key: DescendantFact(id=key, root="1", name="sh") for key in ("8-1", "9-1")},
    )
    journal.commit(batch)
    journal.commit(
        Batch(
            processes={"1": ProcessFact(id="1", name="n1", state="stopping", pid=10, start_ticks=99)},
            forgotten={"3"},
            gone={"8-1"},
        )
    )
    # No close: as after a kill -9.
    found = Journal(path)
    unfinished = found.unfinished()
    assert [(p.id, p.state, p.spec, p.pid, p.start_ticks) for p in unfinished.processes] == [
        ("1", "stopping", "{}", 10, 99),
        ("4", "backoff", "{}", 10, 99),
    ]
    assert [(d.id, d.root, d.name) for d in unfinished.descendants] == [("9-1", "1", "sh")]
    assert {process.boot_id for process in unfinished.processes} == {found.boot_id}
    assert {descendant.boot_id for descendant in unfinished.descendants} == {found.boot_id}
    found.close()
    journal.close()


def test_new_run_returns_how_the_previous_one_ended(path: Path) -> None:
    """The first run has no predecessor; a run without an end time crashed."""
    journal = Journal(path)
    assert journal.begin_run(pid=11, at=1.0) is None
    journal.close()
    journal = Journal(path)
    crashed = journal.begin_run(pid=12, at=2.0)
    journal.end_run(3.0)
    ended = journal.begin_run(pid=13, at=4.0)
    journal.close()
    assert crashed is not None
    assert ended is not None
    assert (crashed.pid, crashed.ended_at, ended.pid, ended.ended_at) == (11, None, 12, 3.0)


def test_new_run_deletes_processes_that_had_ended(path: Path) -> None:
    """The file does not grow with every process ever started."""
    journal = Journal(path)
    facts = [
        ProcessFact(id=str(n), name="n", state=state, spec="{}")
        for n, state in enumerate(("running", "joined", "closed", "fatal", "lost"))
    ]
    journal.commit(
        Batch(
            processes={fact.id: fact for fact in facts},
            descendants={key: DescendantFact(id=key, root="1", name="sh") for key in ("8-1", "9-1")},
        )
    )
    journal._db.execute("UPDATE descendants SET boot_id = 'another' WHERE id = '8-1'")
    journal.begin_run(pid=1, at=1.0)
    unfinished = journal.unfinished()
    assert [process.id for process in unfinished.processes] == ["0"]
    assert [descendant.id for descendant in unfinished.descendants] == ["9-1"]
    for table in ("processes", "specs"):
        assert journal._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 1
    journal.close()


def test_process_numbers_are_never_reused(path: Path) -> None:
    """This holds after all processes were forgotten and the supervisor was restarted."""
    journal = Journal(path)
    assert [journal.next_process_number() for _ in range(3)] == [1, 2, 3]
    journal.commit(Batch())
    journal.close()
    journal = Journal(path)
    assert journal.next_process_number() == 4
    journal.close()


def test_files_are_private(path: Path) -> None:
    """The file, -wal and -shm have mode 0600 whatever the umask, also where the file existed with another mode."""
    before = os.umask(0)
    try:
        path.touch(0o644)
        journal = Journal(path)
        commit(journal, draft("a"))
        assert {file.name for file in path.parent.iterdir()} == {path.name + s for s in ("", "-wal", "-shm")}
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
        journal.close()
    finally:
        os.umask(before)


WRITER = """
import sys
from pathlib import Path
from app.supervisor.journal import file
from app.supervisor.journal.facts import Batch
from app.supervisor.journal.journal import Journal
from app.records.event import EventDraft
journal = Journal(Path(sys.argv[1]))
while True:
    drafts = [EventDraft(at=0.0, kind="started", text="x" * 300, by="test") for _ in range(3)]
    print(journal.commit(Batch(drafts=drafts))[-1].seq, flush=True)
"""


def test_committed_events_survive_sigkill(path: Path) -> None:
    """After each of five kills in the middle of writing, no reported event is missing and the file is intact."""
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            for _ in range(20):
                told = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            told = max(map(int, writer.stdout.read().splitlines()), default=told)
        journal = Journal(path)
        assert journal.replaced is None
        (newest,), _ = journal.events(Events(request=1, latest=True, limit=1))
        assert newest.seq >= told
        assert newest.seq % 3 == 0
        journal.close()


def fill_by_page_limit(journal: Journal) -> Callable[[], object]:
    """Forbid the file to grow by a page; return what undoes it."""
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    return lambda: journal._db.execute("PRAGMA max_page_count = 1000000")


def fill_by_size_limit(journal: Journal) -> Callable[[], object]:
    """Forbid this process to grow any file (Python ignores SIGXFSZ); return what undoes it."""
    size = journal.path.with_name(journal.path.name + "-wal").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("fill", [fill_by_page_limit, fill_by_size_limit])
def test_commit_on_a_full_disk_changes_nothing_and_can_be_retried(
    journal: Journal, fill: Callable[[Journal], Callable[[], object]]
) -> None:
    """The events stay readable; the same batch is written once when there is space."""
    commit(journal, draft("before"))
    make_room = fill(journal)
    batch = Batch(drafts=[draft("x" * 3000) for _ in range(500)])
    try:
        for _ in range(3):
            with pytest.raises(JournalError, match="cannot be written"):
                journal.commit(batch)
        assert texts(journal, Events(request=1)) == ["before"]
    finally:
        make_room()
    assert [event.seq for event in journal.commit(batch)] == list(range(2, 502))
    assert len(texts(journal, Events(request=1, limit=1000))) == 501


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, b"size=1m") != 0:
        pytest.skip("may not mount")
    yield folder
    assert libc.umount2(bytes(folder), 2) == 0


def fill_up(ballast: Path) -> None:
    """Write until there is no space left."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_commit_fails_on_a_full_file_system_until_there_is_space(small_disk: Path) -> None:
    """The space is freed by deleting another file."""
    journal = Journal(small_disk / "journal.sqlite3")
    commit(journal, draft("before"))
    ballast = small_disk / "ballast"
    fill_up(ballast)
    batch = Batch(drafts=[draft("y" * 1000) for _ in range(100)])
    with pytest.raises(JournalError, match="cannot be written"):
        journal.commit(batch)
    ballast.unlink()
    assert [event.seq for event in journal.commit(batch)] == list(range(2, 102))
    journal.close()


def test_commit_to_a_locked_journal_fails_at_once(journal: Journal) -> None:
    """Another program has the file open for writing; a later commit succeeds."""
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="locked"):
        commit(journal, draft("a"))
    other.execute("ROLLBACK")
    other.close()
    assert commit(journal, draft("a")) == [1]


def overwrite(path: Path) -> None:
    path.write_bytes(b"not a database, by far" * 1000)


def tear(path: Path) -> None:
    """Write zeros into the middle, as after a crash of the machine."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(8 * 4096))


def of_another_version(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()


@pytest.mark.parametrize("damage", [overwrite, tear, of_another_version])
def test_damaged_file_is_moved_aside_and_reported(path: Path, damage: Callable[[Path], None]) -> None:
    """A new journal is started; the damaged file is kept."""
    journal = Journal(path)
    commit(journal, *(draft("x" * 500) for _ in range(200)))
    journal.close()
    damage(path)
    journal = Journal(path)
    assert journal.replaced is not None
    assert "was damaged" in journal.replaced
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.name in journal.replaced
    assert commit(journal, draft("new")) == [1]
    journal.close()


def unfinished_journal(path: Path) -> None:
    """Leave a journal with two processes, as a supervisor that was killed."""
    journal = Journal(path)
    journal.next_process_number()
    journal.next_process_number()
    facts = [ProcessFact(id=key, name="n", state=State.RUNNING, spec="{}", created_at=1.0) for key in ("p1", "p2")]
    journal.commit(Batch(drafts=[draft("a"), draft("b")], processes={fact.id: fact for fact in facts}))
    journal.begin_run(7, 1.0)
    journal.close()


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)


def left(journal: Journal) -> list[str]:
    """Begin a run; return the ids of the processes that the previous one left."""
    journal.begin_run(8, 2.0)
    return [fact.id for fact in journal.unfinished().processes]


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version = 99",
        "ALTER TABLE processes DROP COLUMN name",
        "ALTER TABLE processes ADD COLUMN more",
        "ALTER TABLE events DROP COLUMN by",
        "DROP TABLE runs",
        "CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE UNIQUE INDEX no ON events (text)",
        "UPDATE numbers SET value = 9223372036854775807",
        "UPDATE numbers SET value = 'many'",
        "UPDATE events SET seq = 9223372036854775807 WHERE seq = 2",
        "UPDATE runs SET number = 9223372036854775807",
    ],
)
def test_processes_are_taken_out_of_a_journal_that_cannot_be_used(path: Path, statement: str) -> None:
    """With their specs; the numbers of processes go on."""
    unfinished_journal(path)
    change(path, statement)
    journal = Journal(path)
    assert journal.replaced is not None
    assert "with 2 processes from it" in journal.replaced
    assert (left(journal), journal.unfinished().processes[0].spec) == (["p1", "p2"], "{}")
    assert journal.next_process_number() == 3
    journal.close()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE processes SET state = 'dreaming' WHERE id = 'p2'", "Invalid enum value 'dreaming'"),
        ("UPDATE processes SET pid = 'one' WHERE id = 'p2'", "`$.pid`"),
        ("UPDATE processes SET pid = 4611686018427387904 WHERE id = 'p2'", "`$.pid`"),
        ("UPDATE processes SET created_at = 9e999 WHERE id = 'p2'", "`$.created_at`"),
        ("UPDATE processes SET name = x'ff' WHERE id = 'p2'", "`$.name`"),
        ("UPDATE specs SET spec = x'ff' WHERE process = 'p2'", "`$.spec`"),
        ("UPDATE processes SET id = '../p2' WHERE id = 'p2'", "`$.id`"),
    ],
)
def test_a_damaged_row_is_removed_and_reported_once(path: Path, statement: str, told: str) -> None:
    """The others are left."""
    unfinished_journal(path)
    change(path, statement)
    for removed in (1, 0):
        journal = Journal(path)
        assert (journal.replaced, left(journal)) == (None, ["p1"])
        assert len(journal.removed) == removed
        assert all(told in text for text in journal.removed)
        journal.close()


def test_a_damaged_event_is_shown_as_damaged(path: Path) -> None:
    """What is no text, no time or no UTF-8 must not end what reads it."""
    unfinished_journal(path)
    change(path, "UPDATE events SET at = 'yesterday', text = x'fffe' WHERE seq = 1")
    change(path, "UPDATE events SET text = CAST(x'ff41' AS TEXT) WHERE seq = 2")
    journal = Journal(path)
    assert texts(journal, Events(request=1)) == ["this line of the journal is damaged", "\ufffdA"]
    journal.close()


def test_numbers_go_on_without_their_row(path: Path) -> None:
    """No two processes have one log."""
    unfinished_journal(path)
    change(path, "DELETE FROM numbers")
    journal = Journal(path)
    known = [process for process in ("p0", "p1", "p2", "p3", "p01", "access", "p1.1") if journal.has_numbered(process)]
    assert (journal.next_process_number(), known) == (3, ["p1", "p2"])
    journal.close()


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("put_there", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("precious")])
def test_what_is_no_file_is_set_aside(path: Path, suffix: str, put_there: Callable[[Path], None]) -> None:
    """Under each name that SQLite opens; what a link leads to is not touched."""
    (path.parent / "precious").write_text("precious")
    put_there(Path(f"{path}{suffix}"))
    journal = Journal(path)
    (aside,) = path.parent.glob("*.damaged-*")
    assert journal.replaced is not None
    assert aside.name in journal.replaced
    assert commit(journal, draft("new")) == [1]
    journal.close()
    assert (path.parent / "precious").read_text() == "precious"


@pytest.mark.parametrize("put_there", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("another.sqlite3")])
def test_a_search_reads_nothing_but_the_journal(path: Path, put_there: Callable[[Path], None]) -> None:
    """Neither what a link leads to, nor anything else in the place of the file; nor does it wait for that."""
    another = Journal(path.with_name("another.sqlite3"))
    commit(another, draft("secret"))
    put_there(path)
    with pytest.raises(JournalError, match=f"cannot be read: {path} is a"):
        search(path, Events(request=0))
    # As if the link had taken the place of the file after it was checked.
    if path.is_symlink():
        for mode in ("ro", "rw"):
            with pytest.raises(NotOurs):
                file._connected(path, mode)
    another.close()


def test_a_journal_in_a_folder_with_an_odd_name_is_found(tmp_path: Path) -> None:
    """A URI has a special meaning for some characters, and a path need not be text; above it there may be links."""
    folder = tmp_path / os.fsdecode(b"a?b=c%20#d &\xff")
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    for one in (folder, tmp_path / "link" / ".." / folder.name):
        journal = Journal(one / "journal.sqlite3")
        commit(journal, draft("here"))
        journal.close()
        assert search(one / "journal.sqlite3", Events(request=0))[0][0].text == "here"


def test_only_the_newest_damaged_files_are_kept(path: Path) -> None:
    """They must not fill the disk."""
    for second in range(5):
        path.with_name(f"{path.name}.damaged-2020010{second}T000000").touch()
    overwrite(path)
    Journal(path).close()
    assert len(list(path.parent.glob("*.damaged-*"))) == 3


def test_unusable_directory_raises_journal_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "missing" / "journal.sqlite3")


def test_handed_over_facts_are_read_by_the_next_supervisor(journal: Journal, path: Path) -> None:
    """The newest value of each key counts; deleted keys and those from before a reboot are not returned."""
    journal.hand_over({"r1": b"one", "r2": b"two", "r3": b"three"})
    journal.hand_over({"r1": b"other", "r2": None, "r4": None})
    again = Journal(path)
    assert again.handed_over() == {"r1": b"other", "r3": b"three"}
    again.boot_id = "another"
    again.begin_run(1, 1.0)
    assert again.handed_over() == {}
    again.close()


def test_journal_without_the_handover_table_is_upgraded(path: Path) -> None:
    Journal(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE legacy")
    journal = Journal(path)
    assert (journal.replaced, journal.handed_over()) == (None, {})
    journal.close()
